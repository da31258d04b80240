/* Two 3x3 convolutions in one pass over the image, each with a folded batch norm or a ReLU or neither: for inference.
 * The map between them never reaches memory (core/conv/conv_stream.h).
 *
 * Forward    Y = second(first(X)), layers as in fused.h */
#include "autograd/fused/conv_layer.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

enum { X, FIRST };

static int second_of(const node *n) {
    const streamed_options *o = n->options;
    return FIRST + conv_layer_inputs(&o->layers[0]);
}

static const tensor *weight_of(const node *n, int layer) {
    return &n->input[layer == 0 ? FIRST : second_of(n)]->value;
}

static status infer_shape(node *n) {
    const streamed_options *o = n->options;
    const tensor *x = &n->input[X]->value, *first = weight_of(n, 0), *second = weight_of(n, 1);
    if (first->c != x->c || second->c != first->n || first->h != 3 || first->w != 3 || second->h != 3 || second->w != 3)
        return status_fail(STATUS_USAGE, "3x3 kernels %d -> %d, %d -> %d on %d channels do not fit", first->c, first->n,
                           second->c, second->n, x->c);
    n->saved_count =
        conv_layer_room(&o->layers[0], n->input[FIRST]) + conv_layer_room(&o->layers[1], n->input[second_of(n)]);
    n->value = tensor_planar(x->n, second->n, x->h, x->w);
    return STATUS_OK;
}

static status prepare(tape *t, node *n) {
    conv_stream_plan *plan = n->prepared = tape_alloc(t, sizeof *plan);
    if (!plan)
        return STATUS_MEMORY;
    *plan = conv_stream_plan_new(t->engine, &n->input[X]->value, weight_of(n, 0)->n, &n->value);
    conv_stream_plan_keep(plan, tape_alloc_packed(t, conv_stream_plan_keeps(plan)));
    return STATUS_OK;
}

static void forward(node *n, const op_run *run) {
    const streamed_options *o = n->options;
    float *room = n->saved, *second_room = room ? room + conv_layer_room(&o->layers[0], n->input[FIRST]) : NULL;
    streamed_conv first = conv_layer_weights(run->engine, &o->layers[0], n, FIRST, room);
    streamed_conv second = conv_layer_weights(run->engine, &o->layers[1], n, second_of(n), second_room);
    conv_stream(n->prepared, run->engine, &n->input[X]->value, &first, &second, &n->value, run->scratch);
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    const conv_stream_plan *plan = n->prepared;
    return plan->scratch;
}

static double flops(const node *n) {
    return conv2d_flops(n, n->input[FIRST]) + conv2d_flops(n, n->input[second_of(n)]);
}

static node *sample(tape *t, int index) {
    static const struct { int n, ic, between, oc, h, w; } cases[] = {{1, 1, 16, 16, 33, 80}, {2, 8, 12, 16, 21, 70}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    const conv2d_options same = {1, 1, 1};
    int between = cases[index].between;
    streamed_options options = {{{.conv = same, .has_bias = index, .has_norm = true, .has_relu = true},
                                 {.conv = same, .has_bias = true, .has_norm = index, .has_relu = index}}};
    node *inputs[NODE_INPUTS] = {tape_input(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w)};
    for (int k = 0; k < 2; k++)
        options.layers[k].norm = norm_sample(t, k ? cases[index].oc : between, SAMPLE_RUNNING).options;
    int count = 1 + conv_layer_sample(t, &options.layers[0], cases[index].ic, between, 3, inputs + 1);
    count += conv_layer_sample(t, &options.layers[1], between, cases[index].oc, 3, inputs + count);
    return tape_record(t, &op_streamed_convs, &options, sizeof options, count, inputs);
}

const op op_streamed_convs = {.name = "streamed_convs",
                              .infer_shape = infer_shape,
                              .prepare = prepare,
                              .forward = forward,
                              .scratch = scratch,
                              .works_in_place = true,
                              .flops = flops,
                              .sample = sample};
