/* MSHNet: a plain U-Net with attention in its blocks, predicting at four scales (Liu et al., 2024).
 *
 *     image - 1x1 - E0 ----------------------------- concat - D0 - m0 \
 *                    E1 ------------------ concat - D1 - m1            \
 *                      E2 ------- concat - D2 - m2                      > 3x3 -> final, the prediction
 *                        E3 - concat - D3 - m3                         /
 *                            M
 *
 * On the way down 2x2 maxima halve the maps, on the way up they are resized to twice their size. The first epochs train
 * m0 alone, on IoU (phase 0); all others train final and m0 .. m3 together, on the loss that sees scale and location,
 * too (phase 1). */
#include "modules/detector_type.h"
#include "modules/layer_name.h"

static const config_key options_table[] = {
    {"model.channels", CONFIG_INT, "3", 1, INPUT_CHANNELS, NULL, "", "equal channels that the image is given as"},
    {"model.head_kernel", CONFIG_CHOICE, "1", 0, 0, "1|3", "pixels", "kernel of the convolutions to m0 .. m3"},
    {"model.warm_epochs", CONFIG_INT, "6", 0, 1e6, NULL, "", "epochs that train m0 alone"},
};

enum { SCALES = 4, REDUCTION = 16 };
static const int widths[SCALES + 1] = {16, 32, 64, 128, 256};

/* --- blocks --- */

/* What one pooled value of each channel says about the channels. */
static node *shared_mlp(network *net, node *pooled, const char *block) {
    int channels = pooled ? pooled->value.c : 0;
    layer_options linear = {.kernel = 1, .no_bias = true};
    node *hidden = layer_conv2d(net, pooled, channels / REDUCTION, linear, layer_named("%s.ca.fc1", block).text);
    return layer_conv2d(net, relu(net->t, hidden), channels, linear, layer_named("%s.ca.fc2", block).text);
}

/* A weight for each channel, from its mean and its maximum. */
static node *channel_attention(network *net, node *x, const char *block) {
    node *of_mean = shared_mlp(net, global_average_pool(net->t, x), block);
    node *of_maximum = shared_mlp(net, adaptive_max_pool(net->t, x, 1, 1), block);
    return sigmoid(net->t, add(net->t, of_mean, of_maximum));
}

/* A weight for each pixel, from the mean and the maximum of its channels. */
static node *spatial_attention(network *net, node *x, const char *block) {
    layer_options wide_view = {.kernel = 7, .no_bias = true};
    node *map = layer_conv2d(net, channel_mean_max(net->t, x), 1, wide_view, layer_named("%s.sa.conv1", block).text);
    return sigmoid(net->t, map);
}

/* relu(attention(conv(relu(conv(x)))) + x), each convolution followed by a norm; x itself is convolved where it has
 * other channels. */
static node *residual_block(network *net, node *x, int channels, const char *block) {
    layer_options same_3x3 = {.kernel = 3}, pointwise = {.kernel = 1};
    node *y = layer_conv_norm(net, x, channels, same_3x3, layer_named("%s.conv1", block).text,
                              layer_named("%s.bn1", block).text);
    y = layer_conv_norm(net, relu(net->t, y), channels, same_3x3, layer_named("%s.conv2", block).text,
                        layer_named("%s.bn2", block).text);
    if (x && x->value.c != channels)
        x = layer_conv_norm(net, x, channels, pointwise, layer_named("%s.shortcut.0", block).text,
                            layer_named("%s.shortcut.1", block).text);
    y = channel_scale(net->t, y, channel_attention(net, y, block));
    y = spatial_scale(net->t, y, spatial_attention(net, y, block));
    y = relu(net->t, add(net->t, y, x));
    tape_end_segment(net->t);
    return y;
}

static node *level(network *net, node *x, int blocks, int channels, const char *name) {
    for (int i = 0; i < blocks; i++)
        x = residual_block(net, x, channels, layer_named("%s.%d", name, i).text);
    return x;
}

/* --- the network --- */

static node *pool(network *net, node *x) {
    return max_pool(net->t, x, 2, 2, false);
}

static node *up(network *net, node *x, int factor) {
    return x ? resize_bilinear(net->t, x, factor * x->value.h, factor * x->value.w, true) : NULL;
}

static int blocks_at(int scale) {
    return scale == 0 ? 1 : 2;
}

/* E0 .. E3; returns M. */
static node *encode(network *net, node *image, node *E[SCALES]) {
    node *x = layer_conv(net, image, widths[0], 1, "conv_init");
    for (int i = 0; i < SCALES; i++) {
        E[i] = level(net, x, blocks_at(i), widths[i], layer_named("encoder_%d", i).text);
        x = pool(net, E[i]);
    }
    return level(net, x, 2, widths[SCALES], "middle_layer");
}

/* D3 .. D0 from M. */
static void decode(network *net, node *x, node *const E[SCALES], node *D[SCALES]) {
    for (int i = SCALES - 1; i >= 0; i--) {
        node *joined = concat(net->t, 2, (node *const[]){E[i], up(net, x, 2)});
        x = D[i] = level(net, joined, blocks_at(i), widths[i], layer_named("decoder_%d", i).text);
    }
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    static const char *const names[SCALES] = {"m0", "m1", "m2", "m3"};
    net->init = INIT_UNIFORM_FAN_IN;
    int kernel = config_text(options, "model.head_kernel")[0] - '0';
    int scales = net->phase == 0 ? 1 : SCALES;
    node *E[SCALES], *D[SCALES], *m[SCALES];
    node *M = encode(net, image, E);
    decode(net, M, E, D);
    for (int i = 0; i < scales; i++) {
        layer_name last = layer_named("output_%d", i);
        node *head = layer_conv(net, D[i], 1, kernel, last.text);
        network_add_head(out, names[i], head);
        network_add_prior(out, last.text);
        m[i] = i > 0 ? up(net, head, 1 << i) : head;
    }
    out->logit = m[0];
    if (net->phase == 0)
        return;
    out->logit = layer_conv(net, concat(net->t, SCALES, m), 1, 3, "final");
    network_add_head(out, "final", out->logit);
    network_add_fused_prior(out, "final");
}

/* --- training --- */

static int phase(const config *options, int64_t epoch) {
    return epoch < config_int(options, "model.warm_epochs") ? 0 : 1;
}

/* Of m0 alone while warm, else the mean of those of m0 .. m3, each at its own size, and final. */
static void loss(const config *options, network *net, const network_outputs *outputs, node *image, node *mask,
                 double eta, loss_nodes *out) {
    (void)options;
    (void)image;
    (void)eta;
    enum { PARTS = SCALES + 1 };
    bool warm = net->phase == 0;
    *out = (loss_nodes){.part_count = PARTS, .part_names = {"sls_m0", "sls_m1", "sls_m2", "sls_m3", "sls_final"}};
    node *down = mask;
    for (int i = 0; i < outputs->head_count; i++) {
        if (i > 0)
            down = i < SCALES ? pool(net, down) : mask; /* final has the size of the image */
        out->parts[i] = mask_loss(net->t, outputs->heads[i], down, warm ? &loss_iou : &loss_sls, POOL_IMAGE);
    }
    out->total = out->parts[0];
    if (warm)
        return;
    float weight = 1.0f / PARTS;
    out->total = add_weighted(net->t, out->parts[0], weight, out->parts[1], weight);
    for (int i = 2; i < PARTS; i++)
        out->total = add_weighted(net->t, out->total, 1, out->parts[i], weight);
}

static input_format input(const config *options) {
    input_format format = input_imagenet;
    format.channels = (int)config_int(options, "model.channels");
    return format;
}

/* --- published checkpoints --- */

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, "conv_init.weight") &&
           named_shape_find(tensors, count, "output_0.weight") &&
           named_shape_find(tensors, count, "middle_layer.0.ca.fc1.weight");
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    layer_name channels = layer_named("%d", named_shape_find(tensors, count, "conv_init.weight")->shape[1]);
    layer_name kernel = layer_named("%d", named_shape_find(tensors, count, "output_0.weight")->shape[2]);
    TRY(config_set(options, "model.channels", channels.text, "its tensors"));
    return config_set(options, "model.head_kernel", kernel.text, "its tensors");
}

const detector_type mshnet = {
    .name = "mshnet",
    .title = "MSHNet (Liu et al., 2024)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .input = input,
    .build = build,
    .loss = loss,
    .phase = phase,
    .sides = {.multiple = 1 << SCALES}, /* halved four times, the maps must fit those that they were halved from */
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
};
