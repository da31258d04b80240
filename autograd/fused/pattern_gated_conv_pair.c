#include "autograd/fused/fused.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/gate.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_rewrite.h"
#include "core/conv/conv_pair.h"

void pattern_gated_conv_pair(tape *t, node *last) {
    gate_inputs gate;
    if (last->op != &op_conv2d || !conv2d_is_same_with_bias(last, 3) || last->value.c != 1)
        return;
    const node *wide = gate_take(t, last->input[0], last, &gate);
    if (!wide || !rewrite_is_inner(t, wide, &op_conv2d, 2, last) || !conv2d_is_same_with_bias(wide, 3) ||
        !conv_pair_fits(&wide->value))
        return;
    node *x = wide->input[0];
    norm_inputs norm = {0};
    bool has_norm = norm_take(t, &x, 1, last, &norm);
    node *inputs[] = {x,
                      gate.w1,
                      gate.b1,
                      gate.w2,
                      gate.b2,
                      wide->input[1],
                      wide->input[2],
                      last->input[1],
                      last->input[2],
                      norm.weight,
                      norm.bias};
    gated_options options = {norm.options};
    rewrite_as(t, last, &op_gated_conv_pair, &options, sizeof options, has_norm ? 11 : 9, inputs);
}
