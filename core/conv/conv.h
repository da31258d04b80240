/* 2-D convolution of planar tensors (cross-correlation, as in every deep-learning framework), forward and backward.
 *
 * Three ways: the direct kernel on rows (kernels.h) for stride 1 with padding inside the halo, where few channels
 * meet; Winograd's F(4x4, 3x3) (conv_winograd.h) for 3x3 kernels between 8 channels and more; and OpenBLAS
 * (conv_gemm.c) for all else: large 1x1 kernels, strides, wide paddings, small maps with many channels. The choice
 * depends on shapes only.
 *
 * Thread rule: the caller's of its engine (engine.h); it runs on all threads of the engine. */
#ifndef IRST_CORE_CONV_CONV_H
#define IRST_CORE_CONV_CONV_H

#include "core/base/parallel.h"
#include "core/tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>

/* Normalises the input while it is read: max(0, scale[c] * x + shift[c]), ic numbers each. Padding stays zero. */
typedef struct conv_norm {
    const float *scale, *shift;
} conv_norm;

/* Called for bands of rows y0 .. y1 - 1 of an image once all their channels are written and still in the cache; by any
 * thread, in any order. y0 is a multiple of CONV_BAND, and no row belongs to two bands. */
#define CONV_BAND 4
typedef struct conv_hook {
    void (*rows_done)(const worker *w, void *context, int image, int y0, int y1);
    void *context;
} conv_hook;

typedef struct conv_options {
    int kh, kw;            /* kernel rows and columns */
    int stride;            /* both directions */
    int padding;           /* zeros on every side */
    int dilation;          /* distance of taps */
    bool exact;            /* forward: sum directly, without Winograd's larger rounding errors */
    const conv_norm *norm; /* of x, forward and for the gradient of the weights; NULL: none */
    const conv_hook *hook; /* on y forward, on dx for the gradient of the input; NULL: none */
} conv_options;

/* Height or width of the output; <= 0 if the kernel does not fit. */
int conv_output_size(int input, int kernel, const conv_options *o);

/* Floats of scratch that the three functions below may use, for an input of n x ic x h x w. Grows with the
 * engine's number of threads. */
size_t conv_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o);
size_t conv_forward_scratch(const engine *e, const tensor *x, const tensor *y,
                            const conv_options *o); /* the first one alone */

/* y = conv(norm(x), weight) + bias, then max(0, .) if relu. weight[oc][ic][kh][kw]; bias[oc] or NULL. */
void conv_forward(engine *e, const tensor *x, const float *weight, const float *bias, const conv_options *o, bool relu,
                  const tensor *y, float *scratch);

/* dx = (or +=) the gradient with respect to the input as the convolution sees it, normalised. */
void conv_input_gradient(engine *e, const tensor *dy, const float *weight, const conv_options *o, bool accumulate,
                         const tensor *dx, float *scratch);

/* dweight += and dbias += (dbias may be NULL). Sums in a fixed order, whatever the number of threads. */
void conv_weight_gradient(engine *e, const tensor *x, const tensor *dy, const conv_options *o, float *dweight,
                          float *dbias, float *scratch);

#endif
