/* Options of the fused operations that have options of their own.
 *
 * Thread rule: options are constant once recorded. */
#ifndef IRST_AUTOGRAD_FUSED_FUSED_H
#define IRST_AUTOGRAD_FUSED_FUSED_H

#include "autograd/ops.h"
#include "core/conv/conv_bytes.h"

typedef struct norm_conv2d_options {
    batch_norm_options norm;
    conv2d_options conv;
} norm_conv2d_options;

/* Of gated_conv2d and gated_conv_pair; not looked at without the inputs of a norm. */
typedef struct gated_options {
    batch_norm_options norm;
} gated_options;

/* A layer of inference: convolution, then a batch norm with fixed statistics and a ReLU, if there are any. Its weights
 * are neighbouring inputs: weight, [bias], [the norm's weight and bias]. */
typedef struct conv_layer {
    conv2d_options conv;
    batch_norm_options norm;
    bool has_bias, has_norm, has_relu;
} conv_layer;

typedef struct weighted_sum_options {
    float weights[NODE_INPUTS];
} weighted_sum_options;

typedef struct streamed_options {
    conv_layer layers[2];
} streamed_options;

/* Ranges of all layers but the last, each followed by its means. */
typedef struct byte_convs_options {
    int count;
    conv_layer layers[BYTES_MOST_LAYERS];
    const float *ranges[BYTES_MOST_LAYERS];
} byte_convs_options;

#endif
