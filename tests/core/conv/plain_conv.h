/* What tests of convolutions need: tensors whose surroundings are watched, and plain sums in double as the oracle. */
#ifndef IRST_TESTS_CORE_CONV_PLAIN_CONV_H
#define IRST_TESTS_CORE_CONV_PLAIN_CONV_H

#include "core/base/rng.h"
#include "core/conv/conv.h"

/* A stretch of floats between two of WATCHED floats whose change is noticed. Behind a tensor lies the vector more that
 * kernels may read; it holds large finite numbers, as a neighbour's map may. */
enum { WATCHED = 64 };
typedef struct watched {
    float *memory, *data;
    size_t count;
} watched;

watched watched_new(size_t count, float fill);
void watched_free(watched *w);
void expect_watched(const watched *w, const char *what); /* nothing was written outside */

/* Normal numbers. */
void fill_normal(rng *r, float *data, size_t count);

typedef struct watched_tensor {
    watched room;
    tensor t;
} watched_tensor;

/* Memory for t's shape and layout: its pixels normal numbers, its halo zero. */
watched_tensor watched_tensor_new(const tensor *shape, rng *r);
void watched_tensor_copy(const watched_tensor *from, watched_tensor *to); /* the pixels, of the same shape */
/* Nothing was written outside, and the halo is zero. */
void expect_watched_tensor(const watched_tensor *w, const char *what);

/* Dense N x C x H x W numbers of a result and, for each, the sum of the magnitudes of its terms. */
typedef struct plain_result {
    size_t count;
    double *value, *size;
} plain_result;

void plain_free(plain_result *p);
double plain_largest(const plain_result *p); /* of `size` */

/* As in conv.h; `before` is what the result is added to, or NULL. */
plain_result plain_forward(const tensor *x, const float *weight, const float *bias, const conv_options *o, bool relu,
                           const tensor *y);
plain_result plain_input_gradient(const tensor *dy, const float *weight, const conv_options *o, const tensor *before,
                                  const tensor *dx);
plain_result plain_weight_gradient(const tensor *x, const tensor *dy, const conv_options *o, const float *before);
plain_result plain_bias_gradient(const tensor *dy, const float *before);

#endif
