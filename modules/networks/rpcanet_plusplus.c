/* RPCANet++ (Wu et al., 2025): the image D is split into background B and target T as by RPCANet, from D^0 = image, T^0
 * = 0, for k = 1 .. K; what is new is a memory of the background and a prior of contrast:
 *
 *     BAM  B^k = x + W^k(x, h^{k-1}, c^{k-1}),    x = D^{k-1} - T^{k-1}
 *     OEM  T^k = x - epsilon^k H^k(x + C^k(x)),   x = T^{k-1} + D^{k-1} - B^k
 *     IRM  D^k = M^k(B^k + T^k)
 *
 * Inside W lies the memory-augmented module (MAM), a convolutional LSTM whose state h, c goes from stage to stage, as
 * through time; C is the deep contrast prior module (DCPM). The paper calls the target the object O. T^K is the logit
 * map, D^K the reconstructed image. */
#include "modules/detector_type.h"
#include "modules/networks/unrolled.h"
#include "modules/networks/unrolled_tensors.h"

static const config_key options_table[] = {
    {"model.stages", CONFIG_INT, "3", 1, NETWORK_STAGES, NULL, "",
     "K, number of unrolled stages (published: 3, 6 and 9)"},
    {"model.total_channels", CONFIG_INT, "32", 1, 512, NULL, "", "C, channels of every layer"},
    {"model.target_layers", CONFIG_INT, "6", 0, 32, NULL, "", "C -> C convolutions in the target module"},
    {"model.reconstruction_layers", CONFIG_INT, "3", 0, 32, NULL, "", "C -> C convolutions in the reconstruction"},
    {"model.contrast_radius", CONFIG_INT, "8", 1, 15, NULL, "pixels",
     "of the windows whose contrast is taken: 2 * this + 1 pixels wide"},
};

enum { CONTRAST_REDUCTION = 4 };
#define CONTRAST_SLOPE 0.1f

/* The options, read once. */
typedef struct settings {
    int K, C, target_layers, reconstruction_layers, contrast_radius;
} settings;

/* --- background --- */

/* What the stages hand on; NULL in front of the first. */
typedef struct memory {
    node *h, *c;
} memory;

/* relu(norm(conv(x))), layers 0 and 1 of a sequence. */
static node *first_features(network *net, node *x, int C, const char *name) {
    return relu(net->t, layer_conv_norm(net, x, C, (layer_options){.kernel = 3}, layer_named("%s.0", name).text,
                                        layer_named("%s.1", name).text));
}

/* x + conv(relu(conv(x))) */
static node *residual_block(network *net, node *x, int C, const char *name) {
    node *y = relu(net->t, layer_conv(net, x, C, 3, layer_named("%s.conv1", name).text));
    return add(net->t, layer_conv(net, y, C, 3, layer_named("%s.conv2", name).text), x);
}

/* conv(x) + conv(h), without the latter where there is no h yet. */
static node *gate_input(network *net, node *x, node *h, char gate, const char *name) {
    node *of_x = layer_conv(net, x, x ? x->value.c : 0, 3, layer_named("%s.conv_x%c", name, gate).text);
    if (!h)
        return of_x;
    return add(net->t, of_x, layer_conv(net, h, h->value.c, 3, layer_named("%s.conv_h%c", name, gate).text));
}

/* MAM: c = f c + i j, h = o tanh(c) with gates f, i, o and news j; at first, as published, c = i j, h = o c. */
static memory remember(network *net, node *x, memory before, const char *name) {
    tape *t = net->t;
    node *i = sigmoid(t, gate_input(net, x, before.h, 'i', name));
    node *j = hyperbolic_tangent(t, gate_input(net, x, before.h, 'j', name));
    node *c = multiply(t, i, j);
    if (before.c) {
        node *f = sigmoid(t, gate_input(net, x, before.h, 'f', name));
        c = add(t, multiply(t, f, before.c), c);
    }
    node *o = sigmoid(t, gate_input(net, x, before.h, 'o', name));
    return (memory){multiply(t, o, before.c ? hyperbolic_tangent(t, c) : c), c};
}

/* BAM: B = x + W(x), x = D - T. */
static node *background(network *net, const settings *s, int k, node *D, node *T, memory *state, layer_name *last) {
    node *x = subtract(net->t, D, T);
    node *W = first_features(net, x, s->C, unrolled_name(k, "lowrank", "conv1_C").text);
    W = residual_block(net, W, s->C, unrolled_name(k, "lowrank", "RB_1").text);
    tape_end_segment(net->t);
    *state = remember(net, W, *state, unrolled_name(k, "lowrank", "ConvLSTM").text);
    tape_end_segment(net->t);
    W = residual_block(net, state->h, s->C, unrolled_name(k, "lowrank", "RB_2").text);
    *last = unrolled_name(k, "lowrank", "convC_1");
    return add(net->t, x, layer_conv(net, W, 1, 3, last->text));
}

/* --- target --- */

/* theta = sigmoid(norm(conv(relu(norm(conv(mean x)))))), a gate for each channel; layers numbered from 1. */
static node *contrast_gates(network *net, node *x, int C, const char *name) {
    int hidden = C / CONTRAST_REDUCTION > 0 ? C / CONTRAST_REDUCTION : 1;
    layer_options pointwise = {.kernel = 1};
    node *y = layer_conv_norm(net, global_average_pool(net->t, x), hidden, pointwise, layer_named("%s.1", name).text,
                              layer_named("%s.2", name).text);
    y = layer_conv_norm(net, relu(net->t, y), C, pointwise, layer_named("%s.4", name).text,
                        layer_named("%s.5", name).text);
    return sigmoid(net->t, y);
}

/* theta K_1 x - K x: a wide convolution K against what it would give if all its window were as the pixel in the middle.
 */
static node *contrast(network *net, node *x, const settings *s, const char *name) {
    layer_name K = layer_named("%s.conv", name);
    int kernel = 2 * s->contrast_radius + 1;
    node *around = layer_conv2d(net, x, s->C, (layer_options){.kernel = kernel, .no_bias = true}, K.text);
    node *theta = contrast_gates(net, x, s->C, layer_named("%s.attn.avg_channel", name).text);
    node *centre = channel_scale(net->t, layer_summed_conv(net, x, s->C, kernel, K.text), theta);
    return subtract(net->t, centre, around);
}

/* DCPM: conv(leaky(norm(contrast(relu(conv(x)))))). */
static node *contrast_prior(network *net, const settings *s, int k, node *x) {
    node *y = relu(net->t, layer_conv(net, x, s->C, 3, unrolled_name(k, "sparse", "contrast.0").text));
    y = contrast(net, y, s, unrolled_name(k, "sparse", "contrast.2").text);
    y = layer_batch_norm(net, y, unrolled_name(k, "sparse", "contrast.3").text);
    y = leaky_relu(net->t, y, CONTRAST_SLOPE);
    return layer_conv(net, y, 1, 3, unrolled_name(k, "sparse", "contrast.5").text);
}

/* OEM: T = x - epsilon H(x + C(x)), x = T + D - B. */
static node *target(network *net, const settings *s, int k, node *D, node *B, node *T, layer_name *last) {
    layer_sequence convs = {.stage = k, .module = "sparse", .sequence = "convs", .norm = WITHOUT_NORM};
    node *epsilon = layer_scalar(net, 0.01f, unrolled_name(k, "sparse", "epsilon").text);
    node *x = subtract(net->t, add(net->t, T, D), B);
    node *prior = contrast_prior(net, s, k, x);
    tape_end_segment(net->t);
    node *H = sequence_map(net, &convs, add(net->t, x, prior), s->C, s->target_layers);
    *last = sequence_last(&convs);
    return subtract(net->t, x, scale(net->t, H, epsilon));
}

/* --- the network --- */

/* IRM: D = M(B + T), without residual. */
static node *reconstruction(network *net, const settings *s, int k, node *B, node *T) {
    layer_sequence mapping = {.stage = k, .module = "merge", .sequence = "mapping", .norm = WITH_NORM};
    return sequence_map(net, &mapping, add(net->t, B, T), s->C, s->reconstruction_layers);
}

static settings read_options(const config *c) {
    return (settings){
        .K = (int)config_int(c, "model.stages"),
        .C = (int)config_int(c, "model.total_channels"),
        .target_layers = (int)config_int(c, "model.target_layers"),
        .reconstruction_layers = (int)config_int(c, "model.reconstruction_layers"),
        .contrast_radius = (int)config_int(c, "model.contrast_radius"),
    };
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    settings s = read_options(options);
    const tensor *shape = &image->value;
    node *D = image, *T = tape_input(net->t, shape->n, 1, shape->h, shape->w); /* never filled: T^0 = 0 */
    memory state = {NULL, NULL};
    layer_name W, H;
    for (int stage = 0; stage < s.K + net->more_stages; stage++) {
        int k = unrolled_weights(stage, s.K);
        node *B = background(net, &s, k, D, T, &state, &W);
        tape_end_segment(net->t); /* each module holds some layers of C maps */
        T = target(net, &s, k, D, B, T, &H);
        tape_end_segment(net->t);
        D = reconstruction(net, &s, k, B, T);
        tape_end_segment(net->t);
        network_add_stage(out, stage + 1, B, T, NULL, D);
        unrolled_mark_terms(net, stage + 1, s.K, W.text, H.text);
    }
    out->logit = T;
    out->reconstruction = D;
    network_add_unrolled_prior(out, H.text, unrolled_name(s.K - 1, "sparse", "epsilon").text);
}

/* --- published checkpoints --- */

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, "decos.0.lowrank.ConvLSTM.conv_xi.weight") &&
           named_shape_find(tensors, count, "decos.0.sparse.contrast.2.conv.weight");
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    int C = 0;
    TRY(unrolled_channels_of(tensors, count, "lowrank.conv1_C.0", &C));
    TRY(unrolled_stages_from_tensors(tensors, count, options));
    TRY(unrolled_set(options, "model.total_channels", C));
    TRY(unrolled_layers_from_tensors(tensors, count, "sparse.convs", 2, "model.target_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "merge.mapping", 2, "model.reconstruction_layers", options));
    const named_shape *wide = named_shape_find(tensors, count, "decos.0.sparse.contrast.2.conv.weight");
    return unrolled_set(options, "model.contrast_radius", wide->shape[2] / 2);
}

/* Prefixes of what the first stage owns as every other does and never uses: it remembers nothing. The authors count the
 * parameters without them. */
static const char *const unused[] = {"decos.0.lowrank.ConvLSTM.conv_xf.", "decos.0.lowrank.ConvLSTM.conv_h", NULL};

const detector_type rpcanet_plusplus = {
    .name = "rpcanet_plusplus",
    .title = "RPCANet++ (Wu et al., 2025)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .build = build,
    .loss = loss_soft_iou_fidelity,
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
    .unused_tensors = unused,
};
