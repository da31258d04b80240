#include "autograd/fused/fused.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/gate.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_rewrite.h"

void pattern_gated_conv2d(tape *t, node *last) {
    gate_inputs gate;
    if (last->op != &op_conv2d || !conv2d_is_same_with_bias(last, 3))
        return;
    node *x = gate_take(t, last->input[0], last, &gate);
    if (!x)
        return;
    norm_inputs norm = {0};
    bool has_norm = norm_take(t, &x, 2, last, &norm);
    node *inputs[] = {x, gate.w1, gate.b1, gate.w2, gate.b2, last->input[1], last->input[2], norm.weight, norm.bias};
    gated_options options = {norm.options};
    rewrite_as(t, last, &op_gated_conv2d, &options, sizeof options, has_norm ? 9 : 7, inputs);
}
