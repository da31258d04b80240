#include "autograd/fused/conv_layer.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

/* Pairs are made from the front of every chain, since nodes are tried in order. */
void pattern_stream(tape *t, node *last) {
    streamed_options options;
    if (tape_runs_backward(t, last) || !conv_layer_of(last, &options.layers[1]))
        return;
    const node *first = last->input[0];
    if (!first->op || !conv_layer_of(first, &options.layers[0]) || !rewrite_is_inner(t, first, first->op, 1, last) ||
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
