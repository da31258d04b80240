/* The oracles of the operations that pool. */
#include "autograd/ops.h"
#include "tests/autograd/op_reference.h"

#include <math.h>
#include <string.h>

/* Maximum of the rows y0 .. y1 - 1 and columns x0 .. x1 - 1 of one map, as far as they exist. */
static double largest_within(const array4 *a, int map, int y0, int y1, int x0, int x1) {
    double largest = -INFINITY;
    for (int y = y0; y < y1 && y < a->h; y++)
        for (int x = x0; x < x1 && x < a->w; x++)
            largest = fmax(largest, a->data[((size_t)map * a->h + y) * a->w + x]);
    return largest;
}

static void forward_max_pool(const max_pool_options *o, const array4 *in, array4 *out) {
    double *to = out->data;
    for (int map = 0; map < out->n * out->c; map++)
        for (int y = 0; y < out->h; y++)
            for (int x = 0; x < out->w; x++)
                *to++ = largest_within(in, map, y * o->stride, y * o->stride + o->kernel, x * o->stride,
                                       x * o->stride + o->kernel);
}

static void forward_adaptive_max_pool(const array4 *in, array4 *out) {
    double *to = out->data;
    double h = in->h, w = in->w;
    for (int map = 0; map < out->n * out->c; map++)
        for (int y = 0; y < out->h; y++)
            for (int x = 0; x < out->w; x++)
                *to++ = largest_within(in, map, (int)floor(y * h / out->h), (int)ceil((y + 1) * h / out->h),
                                       (int)floor(x * w / out->w), (int)ceil((x + 1) * w / out->w));
}

static void forward_channel_mean_max(const array4 *in, array4 *out) {
    int pixels = in->h * in->w;
    for (int image = 0; image < in->n; image++)
        for (int i = 0; i < pixels; i++) {
            double *to = out->data + (size_t)image * 2 * pixels + i, largest = -INFINITY, sum = 0;
            for (int c = 0; c < in->c; c++) {
                double value = in->data[((size_t)image * in->c + c) * pixels + i];
                largest = fmax(largest, value);
                sum += value;
            }
            to[0] = sum / in->c;
            to[pixels] = largest;
        }
}

static void forward_channel_mean(const array4 *in, array4 *out) {
    int pixels = in->h * in->w;
    for (int i = 0; i < in->n * pixels; i++) {
        const double *first = in->data + (size_t)(i / pixels) * in->c * pixels + i % pixels;
        out->data[i] = 0;
        for (int c = 0; c < in->c; c++)
            out->data[i] += first[c * pixels] / in->c;
    }
}

static void forward_kernel_sums(const array4 *in, array4 *out) {
    int taps = in->h * in->w;
    for (int i = 0; i < in->n * in->c; i++) {
        out->data[i] = 0;
        for (int k = 0; k < taps; k++)
            out->data[i] += in->data[i * taps + k];
    }
}

int pool_reference_forward(const node *n, const array4 *in, array4 *out) {
    const char *name = n->op->name;
    if (!strcmp(name, "max_pool"))
        forward_max_pool(n->options, in, out);
    else if (!strcmp(name, "adaptive_max_pool"))
        forward_adaptive_max_pool(in, out);
    else if (!strcmp(name, "channel_mean_max"))
        forward_channel_mean_max(in, out);
    else if (!strcmp(name, "channel_mean"))
        forward_channel_mean(in, out);
    else if (!strcmp(name, "kernel_sums"))
        forward_kernel_sums(in, out);
    else
        return 0;
    return 1;
}
