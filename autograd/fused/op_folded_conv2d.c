/* Convolution and batch norm with fixed statistics, maybe a ReLU, as one convolution with other weights: for inference.
 *
 * Forward    Y = bn(conv2d(X, weight) + bias), or max(0, .) of it    (op_conv2d.c, op_batch_norm.c) */
#include "autograd/fused/conv_layer.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_rewrite.h"

enum { X, WEIGHT, BIAS };

static status infer_shape(node *n) {
    const conv_layer *layer = n->options;
    TRY(conv2d_infer_shape(n, &layer->conv, n->input[WEIGHT], layer->has_bias ? n->input[BIAS] : NULL));
    int norm = WEIGHT + 1 + layer->has_bias;
    n->saved_count = conv_layer_room(layer, n->input[WEIGHT]);
    return norm_check(&n->value, n->input[norm], n->input[norm + 1]);
}

static status prepare(tape *t, node *n) {
    const conv_layer *layer = n->options;
    return conv2d_prepare(t, n, &layer->conv, n->input[WEIGHT], false);
}

static void forward(node *n, const op_run *run) {
    streamed_conv layer = conv_layer_weights(run->engine, n->options, n, WEIGHT, n->saved);
    const conv_run here = {.engine = run->engine, .scratch = run->scratch, .fingerprint = layer.fingerprint};
    conv_forward(n->prepared, &here, &n->input[X]->value, layer.weight, layer.bias, layer.relu, &n->value);
}

static double flops(const node *n) {
    return conv2d_flops(n, n->input[WEIGHT]);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, oc, h, w, kernel, padding;
    } cases[] = {{2, 4, 6, 9, 21, 3, 1}, {1, 8, 16, 12, 33, 3, 1}, {2, 5, 3, 7, 11, 1, 0},
                 {2, 6, 4, 1, 1, 1, 0},  {2, 3, 5, 3, 3, 3, 0},    {2, 3, 5, 1, 1, 3, 2}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int oc = cases[index].oc, kernel = cases[index].kernel;
    conv_layer layer = {.conv = {1, cases[index].padding, 1},
                        .norm = norm_sample(t, oc, SAMPLE_RUNNING).options,
                        .has_bias = index % 2,
                        .has_norm = true,
                        .has_relu = index < 2};
    node *inputs[NODE_INPUTS] = {tape_input(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w)};
    int count = 1 + conv_layer_sample(t, &layer, cases[index].ic, oc, kernel, inputs + 1);
    return tape_record(t, &op_folded_conv2d, &layer, sizeof layer, count, inputs);
}

const op op_folded_conv2d = {.name = "folded_conv2d",
                             .infer_shape = infer_shape,
                             .prepare = prepare,
                             .forward = forward,
                             .scratch = conv2d_scratch,
                             .flops = flops,
                             .sample = sample};
