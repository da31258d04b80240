/* Convolutions as plain sums in double: the oracle of every way of computing them. */
#ifndef IRST_TESTS_CORE_CONV_PLAIN_CONV_H
#define IRST_TESTS_CORE_CONV_PLAIN_CONV_H

#include "core/conv/conv.h"

/* Dense N x C x H x W numbers of a result and, for each, the sum of the magnitudes of its terms. */
typedef struct plain_result {
    size_t count;
    double *value, *size;
} plain_result;

void plain_free(plain_result *p);
double plain_largest(const plain_result *p); /* of `size` */

/* As in conv.h; norm may be NULL. `before` is what the result is added to, or NULL. */
plain_result plain_forward(const tensor *x, const conv_norm *norm, const float *weight, const float *bias,
                           const conv_options *o, bool relu, const tensor *y);
plain_result plain_input_gradient(const tensor *dy, const float *weight, const conv_options *o, const tensor *before,
                                  const tensor *dx);
plain_result plain_weight_gradient(const tensor *x, const conv_norm *norm, const tensor *dy, const conv_options *o,
                                   const float *before);
plain_result plain_bias_gradient(const tensor *dy, const float *before);

#endif
