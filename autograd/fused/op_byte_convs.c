/* A chain of 3x3 convolutions, each with a folded batch norm or a ReLU or neither, whose maps between are of 8 bits:
 * for inference (core/conv/conv_bytes.h).
 *
 * Forward    Y = last(... round(second(round(first(X))))), layers as in fused.h; round to the nearest of 256 numbers
 *            from 0 to its channel's range. All but the first have weights rounded to 255 numbers for each channel of
 *            their output. */
#include "autograd/fused/conv_layer.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/norm.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

enum { X, FIRST };

/* Which input the weights of the layer after `layer` begin with. */
static int next_weight(const byte_convs_options *o, int layer, int weight) {
    return weight + conv_layer_inputs(&o->layers[layer]);
}

static status infer_shape(node *n) {
    const byte_convs_options *o = n->options;
    const tensor *x = &n->input[X]->value;
    int channels = x->c;
    n->saved_count = 0;
    for (int i = 0, at = FIRST; i < o->count; at = next_weight(o, i++, at)) {
        const tensor *weight = &n->input[at]->value;
        if (weight->c != channels || weight->h != 3 || weight->w != 3)
            return status_fail(STATUS_USAGE, "%dx%d kernels of %d -> %d do not fit %d channels", weight->h, weight->w,
                               weight->c, weight->n, channels);
        channels = weight->n;
        n->saved_count += conv_layer_room(&o->layers[i], n->input[at]);
    }
    n->value = tensor_planar(x->n, channels, x->h, x->w);
    return STATUS_OK;
}

static status prepare(tape *t, node *n) {
    const byte_convs_options *o = n->options;
    int channels[BYTES_MOST_LAYERS];
    conv_bytes_plan *plan = n->prepared = tape_alloc(t, sizeof *plan);
    if (!plan)
        return STATUS_MEMORY;
    for (int i = 0, at = FIRST; i < o->count; at = next_weight(o, i++, at))
        channels[i] = n->input[at]->value.n;
    *plan = conv_bytes_plan_new(t->engine, &n->input[X]->value, channels, o->count, &n->value);
    return STATUS_OK;
}

static void forward(node *n, const op_run *run) {
    const byte_convs_options *o = n->options;
    byte_layer layers[BYTES_MOST_LAYERS];
    float *room = n->saved;
    for (int i = 0, at = FIRST; i < o->count; at = next_weight(o, i++, at)) {
        layers[i] =
            (byte_layer){.conv = conv_layer_weights(run->engine, &o->layers[i], n, at, room), .ranges = o->ranges[i]};
        layers[i].means = o->ranges[i] ? o->ranges[i] + n->input[at]->value.n : NULL;
        room = room ? room + conv_layer_room(&o->layers[i], n->input[at]) : NULL;
    }
    conv_bytes(n->prepared, run->engine, &n->input[X]->value, layers, &n->value, run->scratch);
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    const conv_bytes_plan *plan = n->prepared;
    return plan->scratch;
}

static double flops(const node *n) {
    const byte_convs_options *o = n->options;
    double sum = 0;
    for (int i = 0, at = FIRST; i < o->count; at = next_weight(o, i++, at))
        sum += conv2d_flops(n, n->input[at]);
    return sum;
}

/* Only the first layer, which rounds no weights, has a norm; ranges cut most values off: so the reference, which rounds
 * otherwise, hardly ever rounds to another number of 8 bits. */
static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, channels[3], h, w;
    } cases[] = {{1, 1, {16, 32, 16}, 3, 4}, {2, 3, {20, 17, 33}, 2, 3}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    /* Of 16, 20, 17 or 32 channels and their means. */
    static const float ranges[64] = {0.5f, 0.3f, 0.4f, 0.2f, 0.5f, 0.3f, 0.4f, 0.2f, 0.5f, 0.3f, 0.4f, 0.2f, 0.5f,
                                     0.3f, 0.4f, 0.2f, 0.1f, 0.3f, 0.2f, 0.2f, 0.1f, 0.3f, 0.4f, 0.2f, 0.1f, 0.3f,
                                     0.4f, 0.2f, 0.1f, 0.3f, 0.4f, 0.2f, 0.1f, 0.2f, 0.3f, 0.1f, 0.2f, 0.3f};
    const conv2d_options same = {1, 1, 1};
    byte_convs_options options = {3,
                                  {{.conv = same, .has_bias = index, .has_norm = true, .has_relu = true},
                                   {.conv = same, .has_bias = true, .has_relu = true},
                                   {.conv = same, .has_bias = index, .has_relu = index}},
                                  {ranges, ranges}};
    options.layers[0].norm = norm_sample(t, cases[index].channels[0], SAMPLE_RUNNING).options;
    node *inputs[NODE_INPUTS] = {tape_input(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w)};
    int count = 1, channels = cases[index].ic;
    for (int i = 0; i < options.count; i++) {
        count += conv_layer_sample(t, &options.layers[i], channels, cases[index].channels[i], 3, inputs + count);
        channels = cases[index].channels[i];
    }
    return tape_record(t, &op_byte_convs, &options, sizeof options, count, inputs);
}

const op op_byte_convs = {.name = "byte_convs",
                          .infer_shape = infer_shape,
                          .prepare = prepare,
                          .forward = forward,
                          .scratch = scratch,
                          .flops = flops,
                          .sample = sample};
