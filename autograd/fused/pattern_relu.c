#include "autograd/fused/fused.h"
#include "autograd/tape_rewrite.h"

/* Every operation that can rectify its result itself, and what it then is. */
void pattern_relu(tape *t, node *last) {
    if (last->op != &op_relu)
        return;
    const node *x = last->input[0];
    if (rewrite_is_inner(t, x, &op_conv2d, 1, last))
        rewrite_as(t, last, &op_conv2d_relu, x->options, sizeof(conv2d_options), x->input_count, x->input);
    else if (rewrite_is_inner(t, x, &op_batch_norm, 1, last))
        rewrite_as(t, last, &op_batch_norm_relu, x->options, sizeof(batch_norm_options), x->input_count, x->input);
    else if (rewrite_is_inner(t, x, &op_folded_conv2d, 1, last)) {
        conv_layer layer = *(const conv_layer *)x->options;
        layer.has_relu = true;
        rewrite_as(t, last, &op_folded_conv2d, &layer, sizeof layer, x->input_count, x->input);
    }
}
