#include "autograd/fused/fused.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_rewrite.h"

/* Maps of one pixel gain nothing. */
void pattern_norm_conv2d(tape *t, node *last) {
    if (last->op != &op_conv2d)
        return;
    node *x = last->input[0];
    norm_inputs norm;
    if (tensor_is_dense(&x->value) || !norm_take(t, &x, 1, last, &norm))
        return;
    node *inputs[] = {x, norm.weight, norm.bias, last->input[1], last->input_count == 3 ? last->input[2] : NULL};
    norm_conv2d_options options = {norm.options, *(const conv2d_options *)last->options};
    rewrite_as(t, last, &op_norm_conv2d, &options, sizeof options, last->input_count + 2, inputs);
}
