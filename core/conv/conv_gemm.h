/* Convolution as matrix products (im2col + OpenBLAS): the general way, see conv.h. Same contracts.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_GEMM_H
#define IRST_CORE_CONV_CONV_GEMM_H

#include "core/conv/conv.h"

/* Floats of scratch of the forward direction, which grow with the number of threads, not with the map; and of the two
 * gradients, which hold a few channels' columns for a whole map in each thread. */
size_t conv_gemm_forward_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o);
size_t conv_gemm_gradient_scratch(const engine *e, const tensor *y, const conv_options *o);

void conv_gemm_forward(engine *e, const tensor *x, const float *weight, const float *bias, const conv_options *o,
                       bool relu, const tensor *y, float *scratch);
void conv_gemm_input_gradient(engine *e, const tensor *dy, const float *weight, const conv_options *o, bool accumulate,
                              const tensor *dx, float *scratch);
void conv_gemm_weight_gradient(engine *e, const tensor *x, const tensor *dy, const conv_options *o, float *dweight,
                               float *dbias, float *scratch);

#endif
