/* AGPCNet (Zhang et al., 2023): attention-guided pyramid context.
 *
 *     c1, c2, c3 = backbone(image)        a residual network, without its pooling: at 1/2, 1/4 and 1/8 of the size
 *     x = context(c3)                     attention inside patches of four sizes
 *     x = fuse(up(x), c2)
 *     x = fuse(up(x), c1)
 *     logit = up(head(x))                 where up is bilinear */
#include "core/base/rng.h"
#include "modules/detector_type.h"
#include "modules/layer_name.h"

enum { REDUCED = 32, HIDDEN = REDUCED / 4, GATE_REDUCTION = 4, SCALES = 4 };
static const int patches_per_side[SCALES] = {10, 6, 5, 3};
static const layer_options pointwise = {.kernel = 1}, same_3x3 = {.kernel = 3};

static const config_key options_table[] = {
    {"model.dropout", CONFIG_REAL, "0.1", 0, 0.99, NULL, "", "share of the head's features that training drops"},
};

/* A convolution and its norm where layers are numbered: NAME.first and NAME.first + 1. */
static node *numbered_conv_norm(network *net, node *x, int channels, layer_options options, const char *name,
                                int first) {
    return layer_conv_norm(net, x, channels, options, layer_named("%s.%d", name, first).text,
                           layer_named("%s.%d", name, first + 1).text);
}

/* --- backbone --- */

/* relu(x + conv(relu(conv(x)))), each convolution followed by a norm; a block that strides halves x, too. */
static node *basic_block(network *net, node *x, int channels, int stride, const char *name) {
    layer_options first = {.kernel = 3, .stride = stride, .no_bias = true}, second = {.kernel = 3, .no_bias = true};
    layer_options halving = {.kernel = 1, .stride = stride, .no_bias = true};
    node *y =
        layer_conv_norm(net, x, channels, first, layer_named("%s.conv1", name).text, layer_named("%s.bn1", name).text);
    y = layer_conv_norm(net, relu(net->t, y), channels, second, layer_named("%s.conv2", name).text,
                        layer_named("%s.bn2", name).text);
    if (stride > 1)
        x = numbered_conv_norm(net, x, channels, halving, layer_named("%s.downsample", name).text, 0);
    y = relu(net->t, add(net->t, y, x));
    tape_end_segment(net->t);
    return y;
}

static node *residual_layer(network *net, node *x, int channels, int stride, const char *name) {
    x = basic_block(net, x, channels, stride, layer_named("%s.0", name).text);
    return basic_block(net, x, channels, 1, layer_named("%s.1", name).text);
}

typedef struct features {
    node *c1, *c2, *c3;
} features;

static features backbone(network *net, node *image) {
    layer_options first = {.kernel = 7, .no_bias = true};
    node *x = relu(net->t, layer_conv_norm(net, image, 64, first, "backbone.conv1", "backbone.bn1"));
    tape_end_segment(net->t);
    x = residual_layer(net, x, 64, 1, "backbone.layer1");
    node *c1 = residual_layer(net, x, 128, 2, "backbone.layer2");
    node *c2 = residual_layer(net, c1, 256, 2, "backbone.layer3");
    node *c3 = residual_layer(net, c2, 512, 2, "backbone.layer4");
    return (features){c1, c2, c3};
}

/* --- context --- */

/* x + gamma attention(x) */
static node *non_local(network *net, node *x, int width, int parts, const char *name) {
    node *gamma = layer_scalar(net, 0, layer_named("%s.gamma", name).text);
    node *query = layer_conv(net, x, width, 1, layer_named("%s.query_conv", name).text);
    node *key = layer_conv(net, x, width, 1, layer_named("%s.key_conv", name).text);
    node *value = layer_conv(net, x, REDUCED, 1, layer_named("%s.value_conv", name).text);
    return add(net->t, scale(net->t, attention(net->t, query, key, value, parts), gamma), x);
}

/* sigmoid(conv(relu(conv(x)))), pixel by pixel, each convolution followed by a norm; layers numbered from `first`. */
static node *gates(network *net, node *x, int channels, int hidden, const char *name, int first) {
    x = relu(net->t, numbered_conv_norm(net, x, hidden, pointwise, name, first));
    return sigmoid(net->t, numbered_conv_norm(net, x, channels, pointwise, name, first + 3));
}

/* Attention inside each of s x s patches, with the same weights; the patches are then weighted by gates from attention
 * between them, each one seen as its maximum. */
static node *guided_context(network *net, node *x, int s, const char *name) {
    layer_name guide = layer_named("%s.attention", name);
    node *pooled = adaptive_max_pool(net->t, x, s, s);
    node *between = non_local(net, pooled, REDUCED, 1, layer_named("%s.non_local_att", guide.text).text);
    node *weights = gates(net, between, REDUCED, HIDDEN, layer_named("%s.conv_att", guide.text).text, 0);
    node *inside = non_local(net, x, HIDDEN, s, layer_named("%s.non_local", name).text);
    node *y = patch_scale(net->t, inside, weights);
    y = numbered_conv_norm(net, y, REDUCED, same_3x3, layer_named("%s.conv", name).text, 0);
    node *gamma = layer_scalar(net, 0, layer_named("%s.gamma", name).text);
    return relu(net->t, add(net->t, scale(net->t, y, gamma), x));
}

static node *context(network *net, node *x, int channels) {
    node *pyramid[1 + SCALES];
    pyramid[0] = relu(net->t, numbered_conv_norm(net, x, REDUCED, pointwise, "context.conv1", 0));
    for (int i = 0; i < SCALES; i++)
        pyramid[1 + i] =
            guided_context(net, pyramid[0], patches_per_side[i], layer_named("context.scale_list.%d", i).text);
    x = concat(net->t, 1 + SCALES, pyramid);
    x = relu(net->t, numbered_conv_norm(net, x, channels, pointwise, "context.conv2", 0));
    tape_end_segment(net->t);
    return x;
}

/* --- decoder --- */

/* Asymmetric fusion: the sum of a deep and a shallow map, its channels weighted by gates from the deep one, its pixels
 * by gates from the shallow one. */
static node *fuse(network *net, node *deep, node *shallow, int channels, const char *name) {
    int hidden = channels / GATE_REDUCTION;
    node *pixel_gates = gates(net, shallow, channels, hidden, layer_named("%s.pa", name).text, 0);
    tape_end_segment(net->t);
    deep = relu(net->t, numbered_conv_norm(net, deep, channels, pointwise, layer_named("%s.plus_conv", name).text, 0));
    node *pooled = global_average_pool(net->t, deep);
    node *channel_gates = gates(net, pooled, channels, hidden, layer_named("%s.ca", name).text, 1);
    tape_end_segment(net->t);
    node *x = add(net->t, shallow, deep);
    x = relu(net->t, numbered_conv_norm(net, x, channels, same_3x3, layer_named("%s.end_conv", name).text, 0));
    x = multiply(net->t, channel_scale(net->t, x, channel_gates), pixel_gates);
    tape_end_segment(net->t);
    return x;
}

static node *head(network *net, node *x, double dropout_rate) {
    x = relu(net->t, numbered_conv_norm(net, x, REDUCED, same_3x3, "head.block", 0));
    if (net->training)
        x = dropout(net->t, x, dropout_rate, net->seed ^ rng_stream_of("head.block.3"), net->step);
    return layer_conv(net, x, 1, 1, "head.block.4");
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    net->init = INIT_KAIMING_FAN_OUT;
    int h = image->value.h, w = image->value.w;
    features c = backbone(net, image);
    node *x = context(net, c.c3, 512);
    x = fuse(net, resize_bilinear(net->t, x, h / 4, w / 4, true), c.c2, 256, "fuse23");
    x = fuse(net, resize_bilinear(net->t, x, h / 2, w / 2, true), c.c1, 128, "fuse12");
    x = head(net, x, config_real(options, "model.dropout"));
    network_add_prior(out, "head.block.4");
    out->logit = resize_bilinear(net->t, x, h, w, true);
}

static void loss(const config *options, network *net, const network_outputs *outputs, node *image, node *mask,
                 double eta, loss_nodes *out) {
    (void)options;
    (void)image;
    (void)eta;
    node *iou = mask_loss(net->t, outputs->logit, mask, &loss_soft_iou, POOL_IMAGE);
    *out = (loss_nodes){.total = iou, .part_count = 1, .part_names = {"soft_iou"}, .parts = {iou}};
}

static input_format input(const config *options) {
    (void)options;
    return input_imagenet;
}

/* Maps of (H / 4) x (W / 4) pixels meet those of the backbone, which halves by rounding up: nothing may be rounded. The
 * deepest maps, at 1/8, are cut into 10 x 10 patches. */
enum { SIDE_STEP = 4, LEAST_SIDE = 8 * 9 + SIDE_STEP }; /* the latter divided by 8 and rounded up is 10 */

/* --- published checkpoints --- */

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, "context.scale_list.0.non_local.gamma") &&
           named_shape_find(tensors, count, "fuse23.pa.0.weight");
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    (void)tensors; /* they tell nothing: all are of one make */
    (void)count;
    (void)options;
    return STATUS_OK;
}

#define SCALE_ORDER(i)                                                                                                 \
    "context.scale_list." #i ".gamma", "context.scale_list." #i ".non_local.", "context.scale_list." #i ".conv.",      \
        "context.scale_list." #i ".attention."
static const char *const parameter_order[] = {
    "backbone.",    "fuse23.",      "fuse12.",        "head.", "context.conv1.", SCALE_ORDER(0), SCALE_ORDER(1),
    SCALE_ORDER(2), SCALE_ORDER(3), "context.conv2.", NULL};

const detector_type agpcnet = {
    .name = "agpcnet",
    .title = "AGPCNet (Zhang et al., 2023)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .input = input,
    .build = build,
    .loss = loss,
    .sides = {SIDE_STEP, LEAST_SIDE},
    .parameter_order = parameter_order,
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
};
