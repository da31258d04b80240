/* Structure tensor J of the smoothed image u, its eigenvalues lambda_1 >= lambda_2, and
 *
 *     prior = corner strength * lambda_1,   corner strength = lambda_1 lambda_2 / (lambda_1 + lambda_2),
 *
 * scaled to [0, 1]. Where J is 0, so is the corner strength. */
#include "modules/classic/pstnn/corner_prior.h"

#include "core/base/whole_numbers.h"

#include <math.h>

#define SIGMA_IMAGE 2.0  /* of the Gaussian in front of the gradient */
#define SIGMA_TENSOR 9.0 /* of the one that smooths J; both have 3 x 3 taps */

enum { MAPS = 5 }; /* u, J_11, J_12, J_22, scratch */

typedef struct extent {
    int width, height;
    size_t pixels;
} extent;

/* In place. The border is mirrored at the pixels' edges, which for three taps repeats it. */
static void smooth(extent e, double sigma, double *map, double *scratch) {
    double side = exp(-1 / (2 * sigma * sigma)), middle = 1 / (1 + 2 * side);
    side *= middle;
    for (int y = 0; y < e.height; y++) {
        const double *above = map + (ptrdiff_t)int_clamp(y - 1, 0, e.height - 1) * e.width;
        const double *row = map + (ptrdiff_t)y * e.width;
        const double *below = map + (ptrdiff_t)int_clamp(y + 1, 0, e.height - 1) * e.width;
        for (int x = 0; x < e.width; x++)
            scratch[(ptrdiff_t)y * e.width + x] = middle * row[x] + side * (above[x] + below[x]);
    }
    for (int y = 0; y < e.height; y++) {
        const double *row = scratch + (ptrdiff_t)y * e.width;
        double *out = map + (ptrdiff_t)y * e.width;
        for (int x = 0; x < e.width; x++)
            out[x] = middle * row[x] +
                     side * (row[int_clamp(x - 1, 0, e.width - 1)] + row[int_clamp(x + 1, 0, e.width - 1)]);
    }
}

/* Half the difference of the neighbours; at the border the difference to the only one. */
static double slope(const double *u, int index, int count, ptrdiff_t stride) {
    int before = int_clamp(index - 1, 0, count - 1), after = int_clamp(index + 1, 0, count - 1);
    return after > before ? (u[(after - index) * stride] - u[(before - index) * stride]) / (after - before) : 0;
}

static void gradient_products(extent e, const double *u, double *J11, double *J12, double *J22) {
    for (int y = 0; y < e.height; y++)
        for (int x = 0; x < e.width; x++) {
            ptrdiff_t i = (ptrdiff_t)y * e.width + x;
            double gx = slope(u + i, x, e.width, 1), gy = slope(u + i, y, e.height, e.width);
            J11[i] = gx * gx;
            J12[i] = gx * gy;
            J22[i] = gy * gy;
        }
}

static double weight(double J11, double J12, double J22) {
    double sum = J11 + J22, root = sqrt((J11 - J22) * (J11 - J22) + 4 * J12 * J12);
    double lambda_1 = (sum + root) / 2, lambda_2 = (sum - root) / 2;
    return sum > 0 ? lambda_1 * lambda_2 / sum * lambda_1 : 0;
}

static void scale_to_unit(extent e, double *map) {
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < e.pixels; i++) {
        least = fmin(least, map[i]);
        most = fmax(most, map[i]);
    }
    for (size_t i = 0; i < e.pixels; i++)
        map[i] = most > least ? (map[i] - least) / (most - least) : 0;
}

status corner_prior(const double *grey, int width, int height, workspace *work, double *prior) {
    extent e = {width, height, (size_t)width * (size_t)height};
    double *maps[MAPS];
    for (int i = 0; i < MAPS; i++)
        maps[i] = workspace_take(work, e.pixels, sizeof(double));
    TRY(workspace_check(work));
    double *u = maps[0], *J11 = maps[1], *J12 = maps[2], *J22 = maps[3], *scratch = maps[4];
    for (size_t i = 0; i < e.pixels; i++)
        u[i] = grey[i];
    smooth(e, SIGMA_IMAGE, u, scratch);
    gradient_products(e, u, J11, J12, J22);
    smooth(e, SIGMA_TENSOR, J11, scratch);
    smooth(e, SIGMA_TENSOR, J12, scratch);
    smooth(e, SIGMA_TENSOR, J22, scratch);
    for (size_t i = 0; i < e.pixels; i++)
        prior[i] = weight(J11[i], J12[i], J22[i]);
    scale_to_unit(e, prior);
    return STATUS_OK;
}
