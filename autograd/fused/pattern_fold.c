/* gamma (conv(x) - mean) / sqrt(var + eps) + beta = conv'(x), a convolution with other weights and bias. */
#include "autograd/fused/fused.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

void pattern_fold(tape *t, node *last) {
    if (last->op != &op_batch_norm || tape_runs_backward(t, last))
        return;
    const batch_norm_options *norm = last->options;
    const node *conv = last->input[0];
    if (norm->statistics != NORM_RUNNING || !rewrite_is_inner(t, conv, &op_conv2d, 1, last))
        return;
    conv_layer layer = {.conv = *(const conv2d_options *)conv->options,
                        .norm = *norm,
                        .has_bias = conv->input_count == 3,
                        .has_norm = true};
    node *inputs[NODE_INPUTS];
    int count = conv->input_count;
    for (int i = 0; i < count; i++)
        inputs[i] = conv->input[i];
    inputs[count++] = last->input[1];
    inputs[count++] = last->input[2];
    rewrite_as(t, last, &op_folded_conv2d, &layer, sizeof layer, count, inputs);
}
