/* The image D is split into background B and target T:
 *
 *     min  R(B) + lambda S(T) + alpha / 2 ||D - B - T||_F^2
 *
 * unrolled for k = 1 .. K from D^0 = image, T^0 = 0 (Wu et al., 2024):
 *
 *     B^k = x + W^k(x),              x = D^{k-1} - T^{k-1}
 *     T^k = x - epsilon^k H^k(x),    x = T^{k-1} + D^{k-1} - B^k
 *     D^k = M^k(B^k + T^k)
 *
 * T^K is the logit map of the targets, D^K the reconstructed image. RPCANet+ grew out of this network: it adds the
 * noise N, bottlenecks and gates. */
#include "modules/networks/rpcanet_plus.h"
#include "modules/networks/unrolled.h"
#include "modules/networks/unrolled_tensors.h"

static const config_key options_table[] = {
    {"model.stages", CONFIG_INT, "6", 1, NETWORK_STAGES, NULL, "", "K, number of unrolled stages"},
    {"model.total_channels", CONFIG_INT, "32", 1, 512, NULL, "", "C, channels of every layer"},
    {"model.background_layers", CONFIG_INT, "3", 0, 32, NULL, "", "C -> C convolutions in the background module"},
    {"model.target_layers", CONFIG_INT, "6", 0, 32, NULL, "", "C -> C convolutions in the target module"},
    {"model.reconstruction_layers", CONFIG_INT, "3", 0, 32, NULL, "", "C -> C convolutions in the reconstruction"},
};

/* B = x + W(x), x = D - T; *last is W's last layer. */
static node *background(network *net, const config *options, int C, int k, node *D, node *T, layer_name *last) {
    layer_sequence convs = {.stage = k, .module = "lowrank", .sequence = "convs", .norm = WITH_NORM};
    node *x = subtract(net->t, D, T);
    node *W = sequence_map(net, &convs, x, C, (int)config_int(options, "model.background_layers"));
    *last = sequence_last(&convs);
    return add(net->t, x, W);
}

/* T = x - epsilon H(x), x = T + D - B; *last is H's last layer. */
static node *target(network *net, const config *options, int C, int k, node *D, node *B, node *T, layer_name *last) {
    layer_sequence convs = {.stage = k, .module = "sparse", .sequence = "convs", .norm = WITHOUT_NORM};
    node *epsilon = layer_scalar(net, 0.01f, unrolled_name(k, "sparse", "epsilon").text);
    node *x = subtract(net->t, add(net->t, T, D), B);
    node *H = sequence_map(net, &convs, x, C, (int)config_int(options, "model.target_layers"));
    *last = sequence_last(&convs);
    return subtract(net->t, x, scale(net->t, H, epsilon));
}

/* D = M(B + T), without residual. */
static node *reconstruction(network *net, const config *options, int C, int k, node *B, node *T) {
    layer_sequence mapping = {.stage = k, .module = "merge", .sequence = "mapping", .norm = WITH_NORM};
    return sequence_map(net, &mapping, add(net->t, B, T), C, (int)config_int(options, "model.reconstruction_layers"));
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    int K = (int)config_int(options, "model.stages"), C = (int)config_int(options, "model.total_channels");
    const tensor *shape = &image->value;
    node *D = image, *T = tape_input(net->t, shape->n, 1, shape->h, shape->w); /* never filled: T^0 = 0 */
    layer_name W, H;
    for (int stage = 0; stage < K + net->more_stages; stage++) {
        int k = unrolled_weights(stage, K);
        node *B = background(net, options, C, k, D, T, &W);
        tape_end_segment(net->t); /* each module holds some layers of C maps */
        T = target(net, options, C, k, D, B, T, &H);
        tape_end_segment(net->t);
        D = reconstruction(net, options, C, k, B, T);
        tape_end_segment(net->t);
        network_add_stage(out, stage + 1, B, T, NULL, D);
        unrolled_mark_terms(net, stage + 1, K, W.text, H.text);
    }
    out->logit = T;
    out->reconstruction = D;
    network_add_unrolled_prior(out, H.text, unrolled_name(K - 1, "sparse", "epsilon").text);
}

/* --- published checkpoints --- */

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, "decos.0.sparse.epsilon") &&
           named_shape_find(tensors, count, "decos.0.merge.mapping.0.weight") &&
           !named_shape_find(tensors, count, "decos.0.sparse.contrast.0.weight") && /* as RPCANet++ has */
           !rpcanet_plus_recognises(tensors, count);
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    int C = 0;
    TRY(unrolled_channels_of(tensors, count, "lowrank.convs.0", &C));
    TRY(unrolled_stages_from_tensors(tensors, count, options));
    TRY(unrolled_set(options, "model.total_channels", C));
    TRY(unrolled_layers_from_tensors(tensors, count, "lowrank.convs", 2, "model.background_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "sparse.convs", 2, "model.target_layers", options));
    return unrolled_layers_from_tensors(tensors, count, "merge.mapping", 2, "model.reconstruction_layers", options);
}

const detector_type rpcanet = {
    .name = "rpcanet",
    .title = "RPCANet (Wu et al., 2024)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .build = build,
    .loss = loss_soft_iou_fidelity,
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
};
