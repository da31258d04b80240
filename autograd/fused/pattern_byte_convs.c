#include "autograd/fused/conv_layer.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

/* The layers that end with the node: a chain as it is so far, or the convolution that may begin one. Returns which of
 * its inputs the last layer's weights begin with; 0 for neither. */
static int chain_of(const node *n, byte_convs_options *chain) {
    if (n->op == &op_byte_convs) {
        *chain = *(const byte_convs_options *)n->options;
        return n->input_count - conv_layer_inputs(&chain->layers[chain->count - 1]);
    }
    chain->count = 1;
    bool begins = n->op && conv_layer_of(n, &chain->layers[0]) && conv_bytes_begins(&n->input[0]->value);
    return begins ? 1 /* the weight */ : 0;
}

/* A chain grows by a layer at a time, since nodes are tried in order. */
void pattern_byte_convs(tape *t, node *last) {
    byte_convs_options chain = {0};
    conv_layer layer;
    if (tape_runs_backward(t, last) || !conv_layer_of(last, &layer))
        return;
    const node *before = last->input[0];
    int weight = chain_of(before, &chain), count = before->input_count, end = chain.count - 1;
    if (weight == 0 || !chain.layers[end].has_relu || !rewrite_is_inner(t, before, before->op, 1, last) ||
        chain.count == BYTES_MOST_LAYERS || count + conv_layer_inputs(&layer) > NODE_INPUTS)
        return;
    const float *ranges = before->input[weight]->plan->ranges;
    if (!ranges || !conv_bytes_pays(before->value.c, last->value.c))
        return;
    node *inputs[NODE_INPUTS];
    for (int i = 0; i < count; i++)
        inputs[i] = before->input[i];
    for (int i = 1; i < last->input_count; i++)
        inputs[count++] = last->input[i];
    before->input[weight]->plan->is_rounded = true;
    chain.ranges[end] = ranges;
    chain.layers[chain.count++] = layer;
    rewrite_as(t, last, &op_byte_convs, &chain, sizeof chain, count, inputs);
}
