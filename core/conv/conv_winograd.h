/* Convolution 3x3 with padding 1 by Winograd's F(4x4, 3x3), see conv.h. Same contracts; a third of the direct kernel's
 * time at 32 channels, with rounding errors a few times as large (below 1e-6 of the largest output).
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_WINOGRAD_H
#define IRST_CORE_CONV_CONV_WINOGRAD_H

#include "core/conv/conv.h"

/* Whether it is faster than the direct kernel for a convolution from x to y. */
bool conv_winograd_pays(const tensor *x, const tensor *y, const conv_options *o);

/* The same for the gradient of its weights, which pads the output channels to two vectors. */
bool conv_winograd_weight_pays(const tensor *x, const tensor *dy, const conv_options *o);

/* Floats of scratch for either direction between ic and oc channels. Grows with the number of threads. */
size_t conv_winograd_scratch(const engine *e, int ic, int oc);

/* y = (or +=) conv(norm(x), weight) + bias, with ReLU if asked for. With `transposed`, weight[x.c][y.c][3][3] is that
 * of the convolution whose gradient this is: channels are swapped and taps turned by 180 degrees. */
typedef struct conv_winograd_options {
    const conv_norm *norm; /* NULL: x as it is */
    bool transposed, relu, accumulate;
    const conv_hook *hook;
} conv_winograd_options;
void conv_winograd(engine *e, const tensor *x, const float *weight, const float *bias,
                   const conv_winograd_options *options, const tensor *y, float *scratch);

/* The gradient of the weights, as conv_weight_gradient; of the bias if dbias is not NULL. */
void conv_winograd_weight_gradient(engine *e, const tensor *x, const conv_norm *norm, const tensor *dy, float *dweight,
                                   float *dbias, float *scratch);
size_t conv_winograd_weight_scratch(const engine *e, const tensor *x, const tensor *dy);

/* Transforms weight[oc][ic][3][3] for kernel_table.winograd_rows: [point][oc / WINOGRAD_BLOCK][ic][WINOGRAD_BLOCK],
 * missing channels zero; [ic][oc] and turned with `transposed`. */
void conv_winograd_pack(engine *e, const float *weight, int oc, int ic, bool transposed, float *packed);
size_t conv_winograd_packed_count(int oc, int ic); /* floats */

#endif
