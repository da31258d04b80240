/* Builders of the operations. Each records one node and returns it; NULL inputs give NULL (see tape.h). Formulas and
 * gradients stand at the head of op_NAME.c.
 *
 * Thread rule: a tape is recorded by one thread at a time. */
#ifndef IRST_AUTOGRAD_OPS_H
#define IRST_AUTOGRAD_OPS_H

#include "autograd/losses/mask_loss.h" /* losses against a mask */
#include "autograd/tape.h"
#include "core/conv/conv.h"

/* Convolution with bias. x: N x IC x H x W; weight: OC x IC x KH x KW, dense; bias: 1 x OC x 1 x 1 or NULL for
 * none. */
typedef struct conv2d_options {
    int stride, padding, dilation;
} conv2d_options;
node *conv2d(tape *t, node *x, node *weight, node *bias, conv2d_options options);

/* Batch normalisation over N, H, W of each channel. */
typedef enum norm_statistics {
    NORM_BATCH,  /* of this batch; updates the running statistics (training) */
    NORM_RUNNING /* the running ones (evaluation, frozen training) */
} norm_statistics;
typedef struct batch_norm_options {
    norm_statistics statistics;
    float *running_mean, *running_var; /* C each, owned by the caller */
    float *batches;                    /* one number, counts the batches seen */
} batch_norm_options;
#define BATCH_NORM_EPSILON 1e-5 /* as PyTorch */
#define BATCH_NORM_MOMENTUM 0.1
node *batch_norm(tape *t, node *x, node *weight, node *bias, batch_norm_options options);

node *relu(tape *t, node *x);
node *leaky_relu(tape *t, node *x, float slope); /* slope: of what is below 0; above 0 itself */
node *sigmoid(tape *t, node *x);
node *hyperbolic_tangent(tape *t, node *x);
node *global_average_pool(tape *t, node *x);                                   /* N x C x H x W -> N x C x 1 x 1 */
node *channel_scale(tape *t, node *x, node *gate);                             /* gate: N x C x 1 x 1 */
node *add(tape *t, node *a, node *b);                                          /* a + b */
node *subtract(tape *t, node *a, node *b);                                     /* a - b */
node *add_weighted(tape *t, node *a, float weight_a, node *b, float weight_b); /* weight_a a + weight_b b */
node *scale(tape *t, node *x, node *factor);                                   /* factor: one learnable number */
node *multiply(tape *t, node *a, node *b);                                     /* element by element */
/* softmax over q of <query_p, key_q>, times value_q, summed over q: p and q pixels of the same of parts x parts
 * patches, see patches.h. */
node *attention(tape *t, node *query, node *key, node *value, int parts);
/* x times factor[n,c,i,j] in its patch (i, j), see patches.h; factor: N x C x parts x parts. */
node *patch_scale(tape *t, node *x, node *factor);
/* Values are dropped with probability `rate`, the others times 1 / (1 - rate): a function of seed, *step and index. x
 * itself if the rate is 0. */
node *dropout(tape *t, node *x, double rate, uint64_t seed, const int64_t *step);
node *resize_bilinear(tape *t, node *x, int h, int w, bool align_corners); /* as PyTorch's interpolate */
node *mse(tape *t, node *x, node *target); /* mean of (x - target)^2 over all elements: a scalar */

/* Maxima of windows without padding; in ceil mode windows that begin inside the image are cut at its border, else those
 * that do not fit are left out. Equal pixels: the first in row-major order counts. */
node *max_pool(tape *t, node *x, int kernel, int stride, bool ceil_mode);
/* Maxima of rows x columns bins; bin i of k covers the pixels from floor(i h / k) to ceil((i + 1) h / k) - 1. */
node *adaptive_max_pool(tape *t, node *x, int rows, int columns);
/* The channels of all parts, 1 to NODE_INPUTS of them, in order. */
node *concat(tape *t, int count, node *const *parts);
/* Mean and maximum across the channels: N x C x H x W -> N x 2 x H x W. */
node *channel_mean_max(tape *t, node *x);
node *channel_mean(tape *t, node *x);             /* N x C x H x W -> N x 1 x H x W */
node *spatial_scale(tape *t, node *x, node *map); /* map: N x 1 x H x W, for every channel */
/* Each map with the 3x3 kernel of its image; x: N x 1 x H x W; kernels: N x 9 x 1 x 1, rows one after the other. */
node *dynamic_conv2d(tape *t, node *x, node *kernels);
/* The sum of each kernel, as the weights of a 1x1 convolution: OC x IC x KH x KW -> OC x IC x 1 x 1. */
node *kernel_sums(tape *t, node *weight);

/* Options of operations whose builders take them apart, for whoever reads a tape. */
typedef struct add_options {
    float weight_a, weight_b;
} add_options;
typedef struct leaky_relu_options {
    float slope;
} leaky_relu_options;
typedef struct attention_options {
    int parts;
} attention_options;
typedef struct dropout_options {
    double rate;
    uint64_t seed;
    const int64_t *step;
} dropout_options;
typedef struct resize_options {
    int h, w;
    bool align_corners;
} resize_options;
typedef struct max_pool_options {
    int kernel, stride;
    bool ceil_mode;
} max_pool_options;

extern const op *const all_ops[]; /* NULL-terminated, in the order of ops.def */

#endif
