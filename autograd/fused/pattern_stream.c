#include "autograd/fused/conv_layer.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/conv/conv_stream.h"

/* What the node does as a layer, if it is a 3x3 convolution as conv_stream.h wants it. */
static bool is_layer(const node *n, conv_layer *layer) {
    if (n->op == &op_conv2d || n->op == &op_conv2d_relu)
        *layer = (conv_layer){.conv = *(const conv2d_options *)n->options,
                              .has_bias = n->input_count == 3,
                              .has_relu = n->op == &op_conv2d_relu};
    else if (n->op == &op_folded_conv2d)
        *layer = *(const conv_layer *)n->options;
    else
        return false;
    const conv2d_options *o = &layer->conv;
    const tensor *weight = &n->input[1]->value;
    return weight->h == 3 && weight->w == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1;
}

/* Pairs are made from the front of every chain, since nodes are tried in order. */
void pattern_stream(tape *t, node *last) {
    streamed_options options;
    if (tape_runs_backward(t, last) || !is_layer(last, &options.layers[1]))
        return;
    const node *first = last->input[0];
    if (!first->op || !is_layer(first, &options.layers[0]) || !rewrite_is_inner(t, first, first->op, 1, last) ||
        !conv_stream_pays(&first->input[0]->value, first->value.c, &last->value))
        return;
    node *inputs[NODE_INPUTS];
    int count = first->input_count;
    for (int i = 0; i < count; i++)
        inputs[i] = first->input[i];
    for (int i = 1; i < last->input_count; i++)
        inputs[count++] = last->input[i];
    rewrite_as(t, last, &op_streamed_convs, &options, sizeof options, count, inputs);
}
