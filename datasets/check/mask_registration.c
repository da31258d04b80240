#include "datasets/check/mask_registration.h"

#include "datasets/check/components.h"

#include <math.h>

enum { LEAST_AREA = 4, MOST_SIDE = 64, LIGHT = 2, MARGIN = 5, LEAST_RING = 4 };
enum { LEAST_TARGETS = 20, LEAST_SHARE = 10, LEAST_RATIO = 4 };
#define NOISE 1.5 /* standard deviations of the surroundings, which do not count as light */

/* A target's bounding box with what surrounds it, cut off at the image's edges: rows y0 .. y1, columns x0 .. x1. */
typedef struct window {
    const grey_image *image;
    const int32_t *labels;
    int32_t label; /* the target's; pixels of other targets are neither light nor surroundings */
    int x0, y0, x1, y1;
} window;

static window window_of(const grey_image *image, const component_list *targets, int index) {
    const component *c = &targets->items[index];
    return (window){
        .image = image,
        .labels = targets->labels,
        .label = index + 1,
        .x0 = c->x0 > MARGIN ? c->x0 - MARGIN : 0,
        .y0 = c->y0 > MARGIN ? c->y0 - MARGIN : 0,
        .x1 = c->x1 + MARGIN < image->width ? c->x1 + MARGIN : image->width - 1,
        .y1 = c->y1 + MARGIN < image->height ? c->y1 + MARGIN : image->height - 1,
    };
}

static int32_t label_at(const window *w, int x, int y) {
    return w->labels[(size_t)y * (size_t)w->image->width + (size_t)x];
}

static double grey_at(const window *w, int x, int y) {
    return w->image->pixels[(size_t)y * (size_t)w->image->width + (size_t)x];
}

/* Whether a pixel of the label lies within LIGHT rows and columns. */
static bool is_near(const window *w, int x, int y) {
    for (int v = y - LIGHT; v <= y + LIGHT; v++)
        for (int u = x - LIGHT; u <= x + LIGHT; u++)
            if (v >= w->y0 && v <= w->y1 && u >= w->x0 && u <= w->x1 && label_at(w, u, v) == w->label)
                return true;
    return false;
}

/* Mean and standard deviation of the surroundings; false if there are too few. */
static bool measure_ring(const window *w, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    int count = 0;
    for (int y = w->y0; y <= w->y1; y++)
        for (int x = w->x0; x <= w->x1; x++) {
            if (label_at(w, x, y) != 0 || is_near(w, x, y))
                continue;
            sum += grey_at(w, x, y);
            squares += grey_at(w, x, y) * grey_at(w, x, y);
            count++;
        }
    if (count < LEAST_RING)
        return false;
    *mean = sum / count;
    *deviation = sqrt(fmax(squares / count - *mean * *mean, 0));
    return true;
}

/* The centroid of what is brighter or darker than the surroundings; false if nothing is. */
static bool find_light(const window *w, double *x, double *y) {
    double mean, deviation, sum = 0;
    if (!measure_ring(w, &mean, &deviation))
        return false;
    *x = *y = 0;
    for (int v = w->y0; v <= w->y1; v++)
        for (int u = w->x0; u <= w->x1; u++) {
            int32_t label = label_at(w, u, v);
            double light = fabs(grey_at(w, u, v) - mean) - NOISE * deviation;
            if (light <= 0 || (label != 0 && label != w->label) || !is_near(w, u, v))
                continue;
            sum += light;
            *x += light * u;
            *y += light * v;
        }
    if (sum <= 0)
        return false;
    *x /= sum;
    *y /= sum;
    return true;
}

static bool is_small_target(const component *c) {
    return c->area >= LEAST_AREA && c->x1 - c->x0 < MOST_SIDE && c->y1 - c->y0 < MOST_SIDE;
}

static int cell_of(double offset) {
    return (int)fmax(-REGISTRATION_REACH, fmin(rint(2 * offset), REGISTRATION_REACH)) + REGISTRATION_REACH;
}

status mask_registration_add(mask_registration *r, const grey_image *image, const grey_image *mask, int maximum,
                             mask_rule rule) {
    component_list targets;
    if (maximum == 0 || image->width != mask->width || image->height != mask->height)
        return STATUS_OK;
    TRY(components_of_mask(mask, maximum, rule, &targets));
    for (int i = 0; i < targets.count; i++) {
        const component *c = &targets.items[i];
        window w = window_of(image, &targets, i);
        double x, y;
        if (!is_small_target(c) || !find_light(&w, &x, &y))
            continue;
        r->targets++;
        r->cells[cell_of(y - c->centroid_y)][cell_of(x - c->centroid_x)]++;
    }
    component_list_free(&targets);
    return STATUS_OK;
}

/* The most targets that are off by as much as `row`, `column`, half pixels, to any other side. */
static int64_t most_elsewhere(const mask_registration *r, int row, int column) {
    int64_t most = 0;
    for (int k = 0; k < 8; k++) {
        int a = k & 4 ? column : row, b = k & 4 ? row : column;
        a = k & 1 ? -a : a;
        b = k & 2 ? -b : b;
        int64_t count = r->cells[a + REGISTRATION_REACH][b + REGISTRATION_REACH];
        if ((a != row || b != column) && count > most)
            most = count;
    }
    return most;
}

bool mask_registration_shift(const mask_registration *r, registration_shift *out) {
    *out = (registration_shift){0};
    for (int row = -REGISTRATION_REACH; row <= REGISTRATION_REACH; row++)
        for (int column = -REGISTRATION_REACH; column <= REGISTRATION_REACH; column++) {
            int64_t count = r->cells[row + REGISTRATION_REACH][column + REGISTRATION_REACH];
            if ((row != 0 || column != 0) && count > out->targets)
                *out = (registration_shift){row / 2.0, column / 2.0, count, most_elsewhere(r, row, column)};
        }
    return out->targets >= LEAST_TARGETS && out->targets * LEAST_SHARE >= r->targets &&
           out->targets >= LEAST_RATIO * out->others;
}
