#include "modules/classic/pstnn/patch_tensor.h"

#include "core/base/whole_numbers.h"

#include <stddef.h>

static int patches_along(int length, int P, int step) {
    return int_pieces(length - P, step) + 1;
}

patch_tensor patch_tensor_of(int width, int height, int P, int step) {
    patch_tensor t = {.width = width, .height = height, .P = P, .step = step};
    t.rows = patches_along(height, P, step);
    t.columns = patches_along(width, P, step);
    t.n3 = t.rows * t.columns;
    return t;
}

static int start(int index, int count, int length, const patch_tensor *t) {
    return index < count - 1 ? index * t->step : length - t->P;
}

/* Offset in the image of the upper left pixel of a patch. */
static ptrdiff_t corner(const patch_tensor *t, int patch) {
    int x = start(patch / t->rows, t->columns, t->width, t), y = start(patch % t->rows, t->rows, t->height, t);
    return (ptrdiff_t)y * t->width + x;
}

void patch_tensor_cut(const patch_tensor *t, const double *image, double *tensor) {
    for (int patch = 0; patch < t->n3; patch++) {
        const double *from = image + corner(t, patch);
        for (int x = 0; x < t->P; x++)
            for (int y = 0; y < t->P; y++)
                *tensor++ = from[(ptrdiff_t)y * t->width + x];
    }
}

void patch_tensor_paste(const patch_tensor *t, const double *tensor, double *image) {
    for (int patch = 0; patch < t->n3; patch++) {
        double *to = image + corner(t, patch);
        for (int x = 0; x < t->P; x++)
            for (int y = 0; y < t->P; y++)
                to[(ptrdiff_t)y * t->width + x] = *tensor++;
    }
}
