#include "core/tensor/tensor.h"

#include <string.h>

static ptrdiff_t round_up(ptrdiff_t value) {
    return (value + TENSOR_HALO - 1) / TENSOR_HALO * TENSOR_HALO;
}

tensor tensor_dense(int n, int c, int h, int w) {
    return (tensor){.n = n, .c = c, .h = h, .w = w, .row = w, .plane = (ptrdiff_t)h * w};
}

tensor tensor_planar(int n, int c, int h, int w) {
    if (h == 1 && w == 1)
        return tensor_dense(n, c, h, w);
    tensor t = {.n = n, .c = c, .h = h, .w = w, .row = round_up(w) + TENSOR_HALO};
    /* One row above, one below, and the left halo of the first row. */
    t.plane = (ptrdiff_t)(h + 2) * t.row + TENSOR_HALO;
    return t;
}

bool tensor_is_dense(const tensor *t) {
    return t->row == t->w;
}

size_t tensor_footprint(const tensor *t) {
    return (size_t)t->n * (size_t)t->c * (size_t)t->plane;
}

size_t tensor_origin(const tensor *t) {
    return tensor_is_dense(t) ? 0 : (size_t)t->row + TENSOR_HALO;
}

bool tensor_same_shape(const tensor *a, const tensor *b) {
    return a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w;
}

int64_t tensor_count(const tensor *t) {
    return (int64_t)t->n * t->c * t->h * t->w;
}

float *tensor_plane(const tensor *t, int n, int c) {
    return t->data ? t->data + ((ptrdiff_t)n * t->c + c) * t->plane : NULL;
}

void tensor_from_array(const tensor *t, const float *array) {
    for (int p = 0; p < t->n * t->c; p++)
        for (int y = 0; y < t->h; y++, array += t->w)
            memcpy(t->data + p * t->plane + y * t->row, array, (size_t)t->w * sizeof *array);
}

void tensor_to_array(const tensor *t, float *array) {
    for (int p = 0; p < t->n * t->c; p++)
        for (int y = 0; y < t->h; y++, array += t->w)
            memcpy(array, t->data + p * t->plane + y * t->row, (size_t)t->w * sizeof *array);
}
