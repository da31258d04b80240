/* DRPCA-Net (Xiong et al., 2025): the image D is split into background B and target T as by RPCANet, from D^0 = image,
 * T^0 = 0, for k = 1 .. K, by steps that are made for each image:
 *
 *     LBEM   B^k = x + W^k(x),            x = D^{k-1} - T^{k-1}
 *     DTEM   T^k = x - epsilon H^k(x),    x = gamma T^{k-1} + (1 - gamma) (D^{k-1} - B^k)
 *            gamma = g^k(T^{k-1}), epsilon = e^k(x)
 *     DIRM   D^k = M^k(B^k + T^k)
 *
 * g and e are hypernetworks that make one number in (0, 1) of the mean of their map. M is a dynamic residual group
 * (DRG): blocks whose channels are weighted by attention, and whose pixels by attention with a kernel that is made for
 * each image, too. T^K is the logit map, D^K the reconstructed image. */
#include "modules/detector_type.h"
#include "modules/networks/unrolled.h"
#include "modules/networks/unrolled_tensors.h"

static const config_key options_table[] = {
    {"model.stages", CONFIG_INT, "6", 1, NETWORK_STAGES, NULL, "", "K, number of unrolled stages"},
    {"model.total_channels", CONFIG_INT, "32", 1, 512, NULL, "", "C, channels of every layer"},
    {"model.background_layers", CONFIG_INT, "3", 0, 32, NULL, "", "C -> C convolutions in the background module"},
    {"model.target_layers", CONFIG_INT, "6", 0, 32, NULL, "", "C -> C convolutions in the target module"},
    {"model.reconstruction_blocks", CONFIG_INT, "5", 0, 32, NULL, "", "residual blocks in the reconstruction"},
};

enum { GENERATOR_CHANNELS = 3, REDUCTION = 16, KERNEL_TAPS = 9 };
#define SLOPE 0.2f
static const layer_options pointwise = {.kernel = 1}, same_3x3 = {.kernel = 3};

/* The options, read once. */
typedef struct settings {
    int K, C, background_layers, target_layers, reconstruction_blocks;
} settings;

/* conv(relu(conv(x))) of maps of one pixel, layers NAME.first and NAME.(first + 2). */
static node *perceptron(network *net, node *x, int hidden, int channels, const char *name, int first) {
    x = relu(net->t, layer_conv(net, x, hidden, 1, layer_named("%s.%d", name, first).text));
    return layer_conv(net, x, channels, 1, layer_named("%s.%d", name, first + 2).text);
}

/* LBEM: B = x + W(x), x = D - T. */
static node *background(network *net, const settings *s, int k, node *D, node *T) {
    layer_sequence convs = {.stage = k, .module = "lowrank", .sequence = "convs", .norm = WITH_NORM};
    node *x = subtract(net->t, D, T);
    return add(net->t, x, sequence_map(net, &convs, x, s->C, s->background_layers));
}

/* --- target --- */

/* g and e: sigmoid(conv(relu(conv(mean x)))). */
static node *generate(network *net, node *x, const char *name) {
    return sigmoid(net->t, perceptron(net, global_average_pool(net->t, x), GENERATOR_CHANNELS, 1, name, 1));
}

static layer_name generator_of(int k, const char *symbol) {
    return layer_named("decos.%d.sparse.%s_generator.generator", k, symbol);
}

/* DTEM: T = x - epsilon H(x), x = gamma T + (1 - gamma) (D - B) = D - B + gamma (T - (D - B)). */
static node *target(network *net, const settings *s, int k, node *D, node *B, node *T, layer_name *last) {
    layer_sequence convs = {.stage = k, .module = "sparse", .sequence = "convs", .norm = WITHOUT_NORM};
    node *gamma = generate(net, T, generator_of(k, "gamma").text);
    node *rest = subtract(net->t, D, B);
    node *x = add(net->t, rest, channel_scale(net->t, subtract(net->t, T, rest), gamma));
    node *epsilon = generate(net, x, generator_of(k, "epsilon").text);
    node *H = sequence_map(net, &convs, x, s->C, s->target_layers);
    *last = sequence_last(&convs);
    return subtract(net->t, x, channel_scale(net->t, H, epsilon));
}

/* --- reconstruction --- */

static node *leaky_norm_conv(network *net, node *x, int C, layer_options options, const char *name, int first) {
    x = layer_conv_norm(net, x, C, options, layer_named("%s.%d", name, first).text,
                        layer_named("%s.%d", name, first + 1).text);
    return leaky_relu(net->t, x, SLOPE);
}

/* A weight for each channel, from its mean and its maximum. */
static node *channel_attention(network *net, node *x, int C, const char *name) {
    int hidden = C / REDUCTION > 0 ? C / REDUCTION : 1;
    node *of_mean = perceptron(net, global_average_pool(net->t, x), hidden, C, name, 0);
    node *of_maximum = perceptron(net, adaptive_max_pool(net->t, x, 1, 1), hidden, C, name, 0);
    return sigmoid(net->t, add(net->t, of_mean, of_maximum));
}

/* A weight for each pixel, from the mean of the channels around it, by a kernel made of their means. */
static node *spatial_attention(network *net, node *x, int C, const char *name) {
    node *kernels = perceptron(net, global_average_pool(net->t, x), C, KERNEL_TAPS, name, 1);
    return sigmoid(net->t, dynamic_conv2d(net->t, channel_mean(net->t, x), kernels));
}

/* attention(norm(conv(leaky(norm(conv(x)))))) + x */
static node *attention_block(network *net, node *x, int C, const char *name) {
    layer_name body = layer_named("%s.body", name);
    node *y = leaky_norm_conv(net, x, C, same_3x3, body.text, 0);
    y = layer_conv_norm(net, y, C, same_3x3, layer_named("%s.3", body.text).text, layer_named("%s.4", body.text).text);
    y = channel_scale(net->t, y, channel_attention(net, y, C, layer_named("%s.5.fc", body.text).text));
    y = spatial_scale(net->t, y, spatial_attention(net, y, C, layer_named("%s.6.kernel_generator", body.text).text));
    y = add(net->t, y, x);
    tape_end_segment(net->t);
    return y;
}

/* DIRM: D = M(B + T), blocks between 1 -> C and C -> 1, with a skip around them. */
static node *reconstruction(network *net, const settings *s, int k, node *B, node *T) {
    layer_name mapping = unrolled_name(k, "merge", "mapping");
    node *x = leaky_norm_conv(net, add(net->t, B, T), s->C, pointwise, mapping.text, 0), *y = x;
    tape_end_segment(net->t);
    for (int i = 0; i < s->reconstruction_blocks; i++)
        y = attention_block(net, y, s->C, layer_named("%s.3.body.%d", mapping.text, i).text);
    layer_name last = layer_named("%s.3.body.%d", mapping.text, s->reconstruction_blocks);
    y = add(net->t, layer_conv(net, y, s->C, 3, last.text), x);
    return layer_conv(net, y, 1, 1, layer_named("%s.4", mapping.text).text);
}

/* --- the network --- */

static settings read_options(const config *c) {
    return (settings){
        .K = (int)config_int(c, "model.stages"),
        .C = (int)config_int(c, "model.total_channels"),
        .background_layers = (int)config_int(c, "model.background_layers"),
        .target_layers = (int)config_int(c, "model.target_layers"),
        .reconstruction_blocks = (int)config_int(c, "model.reconstruction_blocks"),
    };
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    settings s = read_options(options);
    const tensor *shape = &image->value;
    node *D = image, *T = tape_input(net->t, shape->n, 1, shape->h, shape->w); /* never filled: T^0 = 0 */
    layer_name H;
    for (int stage = 0; stage < s.K + net->more_stages; stage++) {
        int k = unrolled_weights(stage, s.K);
        node *B = background(net, &s, k, D, T);
        tape_end_segment(net->t); /* each module holds some layers of C maps */
        T = target(net, &s, k, D, B, T, &H);
        tape_end_segment(net->t);
        D = reconstruction(net, &s, k, B, T);
        tape_end_segment(net->t);
        network_add_stage(out, stage + 1, B, T, NULL, D);
    }
    out->logit = T;
    out->reconstruction = D;
    network_add_generated_prior(out, H.text, layer_named("%s.3.bias", generator_of(s.K - 1, "epsilon").text).text);
}

/* --- published checkpoints --- */

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, "decos.0.sparse.gamma_generator.generator.1.weight") &&
           named_shape_find(tensors, count, "decos.0.merge.mapping.0.weight");
}

/* Blocks 0, 1, ... of the first stage's group, which have a body each; the convolution after them has none. */
static int count_blocks(const named_shape *tensors, int count) {
    int blocks = 0;
    while (named_shape_find(tensors, count, "decos.0.merge.mapping.3.body.%d.body.0.weight", blocks))
        blocks++;
    return blocks;
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    int C = 0;
    TRY(unrolled_channels_of(tensors, count, "lowrank.convs.0", &C));
    TRY(unrolled_stages_from_tensors(tensors, count, options));
    TRY(unrolled_set(options, "model.total_channels", C));
    TRY(unrolled_layers_from_tensors(tensors, count, "lowrank.convs", 2, "model.background_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "sparse.convs", 2, "model.target_layers", options));
    return unrolled_set(options, "model.reconstruction_blocks", count_blocks(tensors, count));
}

const detector_type drpcanet = {
    .name = "drpcanet",
    .title = "DRPCA-Net (Xiong et al., 2025)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .build = build,
    .loss = loss_soft_iou_fidelity,
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
};
