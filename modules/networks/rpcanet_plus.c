/* The image D is split into background B, target T and noise N:
 *
 *     min  R(B) + lambda S(T) + mu G(N) + alpha / 2 ||D - B - T - N||_F^2
 *
 * unrolled for k = 1 .. K from D^0 = image, T^0 = 0, N^0 = 0 (Xiu et al., 2025; docs/methods.md):
 *
 *     SEBEM   B^k = x + W^k(x),               x = D^{k-1} - T^{k-1} - N^{k-1}
 *     SETEM   T^k = x - epsilon^k H^k(x),     x = T^{k-1} + D^{k-1} - B^k - N^{k-1}
 *     SENRM   N^k = x - sigma^k F^k(x),       x = N^{k-1} + D^{k-1} - B^k - T^k
 *     SEIRM   D^k = M^k(B^k + T^k + N^k)
 *
 * T^K is the logit map of the targets, D^K the reconstructed image. The published networks were trained with N^{k-1} =
 * 0 in every stage (carry_noise = false): N^k then acts within its stage only. */
#include "modules/networks/rpcanet_plus.h"

#include "modules/networks/unrolled.h"

static const config_key options_table[] = {
    {"model.stages", CONFIG_INT, "6", 1, NETWORK_STAGES, NULL, "", "K, number of unrolled stages"},
    {"model.bottleneck_channels", CONFIG_INT, "4", 1, 256, NULL, "", "BC, channels inside B, T and N modules"},
    {"model.total_channels", CONFIG_INT, "32", 1, 512, NULL, "", "TC, channels in front of each module's last layer"},
    {"model.background_layers", CONFIG_INT, "3", 0, 32, NULL, "", "BC -> BC convolutions in the background module"},
    {"model.target_layers", CONFIG_INT, "6", 0, 32, NULL, "", "BC -> BC convolutions in the target module"},
    {"model.noise_layers", CONFIG_INT, "6", 0, 32, NULL, "", "BC -> BC convolutions in the noise module"},
    {"model.reconstruction_layers", CONFIG_INT, "3", 0, 32, NULL, "", "TC -> TC convolutions in the reconstruction"},
    {"model.se_reduction", CONFIG_INT, "16", 1, 512, NULL, "", "squeeze-and-excitation has TC / this hidden channels"},
    {"model.carry_noise", CONFIG_FLAG, "false", 0, 0, NULL, "",
     "pass N on to the next stage (the paper's equations) or restart it at 0 (the published networks)"},
};

/* The options, read once, with the paper's symbols. */
typedef struct settings {
    int K, BC, TC, reduction;
    int background_layers, target_layers, noise_layers, reconstruction_layers;
    bool carry_noise;
} settings;

/* W, H and F: 1 -> BC, `layers` times BC -> BC, BC -> TC, gates, TC -> 1. */
static node *bottleneck(network *net, node *x, const settings *s, int layers, int first_kernel, normalised norm,
                        int stage, const char *module) {
    layer_sequence convs = {.stage = stage, .module = module, .sequence = "convs", .norm = norm};
    x = sequence_convs(net, &convs, x, s->BC, first_kernel, layers);
    x = sequence_conv(net, &convs, sequence_activation(net, &convs, x), s->TC, 3);
    x = layer_squeeze_excite(net, x, s->reduction, unrolled_name(stage, module, "channel_attention").text);
    return layer_conv(net, x, 1, 3, unrolled_name(stage, module, "final_conv").text);
}

/* SEBEM: B = x + W(x), x = D - T - N. */
static node *background(network *net, const settings *s, int k, node *D, node *T, node *N) {
    node *x = subtract(net->t, subtract(net->t, D, T), N);
    return add(net->t, x, bottleneck(net, x, s, s->background_layers, 1, WITH_NORM, k, "lowrank"));
}

/* SETEM: T = x - epsilon H(x), x = T + D - B - N. */
static node *target(network *net, const settings *s, int k, node *D, node *B, node *T, node *N) {
    node *epsilon = layer_scalar(net, 0.01f, unrolled_name(k, "sparse", "epsilon").text);
    node *x = subtract(net->t, subtract(net->t, add(net->t, T, D), B), N);
    node *H = bottleneck(net, x, s, s->target_layers, 1, WITHOUT_NORM, k, "sparse");
    return subtract(net->t, x, scale(net->t, H, epsilon));
}

/* SENRM: N = x - sigma F(x), x = N + D - B - T. */
static node *noise(network *net, const settings *s, int k, node *D, node *B, node *T, node *N) {
    node *sigma = layer_scalar(net, 0.01f, unrolled_name(k, "residual", "sigma").text);
    node *x = subtract(net->t, subtract(net->t, add(net->t, N, D), B), T);
    node *F = bottleneck(net, x, s, s->noise_layers, 3, WITHOUT_NORM, k, "residual");
    return subtract(net->t, x, scale(net->t, F, sigma));
}

/* SEIRM: D = M(B + T + N), without bottleneck and without residual. */
static node *reconstruction(network *net, const settings *s, int k, node *B, node *T, node *N) {
    node *x = add(net->t, add(net->t, B, T), N);
    layer_sequence mapping = {.stage = k, .module = "merge", .sequence = "mapping", .norm = WITH_NORM};
    x = sequence_activation(net, &mapping, sequence_convs(net, &mapping, x, s->TC, 3, s->reconstruction_layers));
    x = layer_squeeze_excite(net, x, s->reduction, unrolled_name(k, "merge", "channel_attention").text);
    return layer_conv(net, x, 1, 3, unrolled_name(k, "merge", "final_conv").text);
}

static settings read_options(const config *c) {
    return (settings){
        .K = (int)config_int(c, "model.stages"),
        .BC = (int)config_int(c, "model.bottleneck_channels"),
        .TC = (int)config_int(c, "model.total_channels"),
        .reduction = (int)config_int(c, "model.se_reduction"),
        .background_layers = (int)config_int(c, "model.background_layers"),
        .target_layers = (int)config_int(c, "model.target_layers"),
        .noise_layers = (int)config_int(c, "model.noise_layers"),
        .reconstruction_layers = (int)config_int(c, "model.reconstruction_layers"),
        .carry_noise = config_flag(c, "model.carry_noise"),
    };
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    settings s = read_options(options);
    const tensor *shape = &image->value;
    node *zero = tape_input(net->t, shape->n, 1, shape->h, shape->w); /* never filled */
    node *D = image, *T = zero, *N = zero;
    for (int stage = 0; stage < s.K + net->more_stages; stage++) {
        int k = unrolled_weights(stage, s.K);
        node *before = s.carry_noise ? N : zero;
        node *B = background(net, &s, k, D, T, before);
        T = target(net, &s, k, D, B, T, before);
        N = noise(net, &s, k, D, B, T, before);
        tape_end_segment(net->t); /* SEIRM holds more maps than the others together */
        D = reconstruction(net, &s, k, B, T, N);
        tape_end_segment(net->t);
        network_add_stage(out, stage + 1, B, T, N, D);
        unrolled_mark_terms(net, stage + 1, s.K, unrolled_name(k, "lowrank", "final_conv").text,
                            unrolled_name(k, "sparse", "final_conv").text);
    }
    out->logit = T;
    out->reconstruction = D;
    network_add_unrolled_prior(out, unrolled_name(s.K - 1, "sparse", "final_conv").text,
                               unrolled_name(s.K - 1, "sparse", "epsilon").text);
}

const detector_type rpcanet_plus = {
    .name = "rpcanet_plus",
    .title = "RPCANet+ (Xiu et al., 2025)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .build = build,
    .loss = loss_soft_iou_fidelity,
    .recognises = rpcanet_plus_recognises,
    .options_from_tensors = rpcanet_plus_options_from_tensors,
};
