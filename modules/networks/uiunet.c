/* UIU-Net (Wu et al., 2023): a U-Net whose every block is a small U-Net.
 *
 *     S1 ----------------------------- concat -> D1 -> side 1 \
 *      S2 ---------------------- fuse 2 ------> D2 -> side 2   \
 *       S3 --------------- fuse 3 ------------> D3 -> side 3    \
 *        S4 --------- fuse 4 -----------------> D4 -> side 4     > 1x1 -> d0, the prediction
 *         S5 --- fuse 5 ----------------------> D5 -> side 5    /
 *          S6 --------------------------------------> side 6   /
 *
 * On the way down 2x2 maxima halve the maps; on the way up they are resized to their partner's size, so an image of any
 * size will do. All of d0 .. d6 are trained. The published network takes three equal channels of an image divided by
 * its own maximum; the variant that later papers compare with takes one, with the mean and deviation of the data set,
 * and is trained on soft IoU. */
#include "modules/detector_type.h"
#include "modules/layer_name.h"

#include <string.h>

static const config_key options_table[] = {
    {"model.channels", CONFIG_INT, "3", 1, INPUT_CHANNELS, NULL, "", "equal channels that the image is given as"},
    {"model.own_maximum", CONFIG_FLAG, "true", 0, 0, NULL, "", "divide each image by its largest grey value"},
    {"model.mean", CONFIG_REAL, "0.485", 0, 1, NULL, "", "then subtracted from the grey values"},
    {"model.std", CONFIG_REAL, "0.229", 1e-3, 1, NULL, "", "then divides the grey values"},
    {"model.loss", CONFIG_CHOICE, "bce", 0, 0, "bce|soft_iou", "",
     "of d0 .. d6: sum of binary cross-entropies, or mean of the soft IoU losses of the batch"},
};

static node *pool(network *net, node *x) {
    return max_pool(net->t, x, 2, 2, true);
}

/* x at the size of its partner. */
static node *resize_to(network *net, node *x, const node *partner) {
    if (!x || !partner || (x->value.h == partner->value.h && x->value.w == partner->value.w))
        return x;
    return resize_bilinear(net->t, x, partner->value.h, partner->value.w, false);
}

static node *join(network *net, node *a, node *b) {
    node *parts[] = {a, b};
    return concat(net->t, 2, parts);
}

/* --- the small U-Nets --- */

/* Layer number i of a block, or its partner on the way up; 0 stands in front of them. */
typedef enum way { DOWN, UP } way;

/* 3x3 convolution, batch norm, ReLU. */
static node *cbr(network *net, node *x, int channels, int dilation, const char *stage, int i, way w) {
    layer_name number = i ? layer_named("%d%s", i, w == UP ? "d" : "") : layer_named("in");
    layer_options options = {.kernel = 3, .dilation = dilation};
    x = layer_conv_norm(net, x, channels, options, layer_named("%s.rebnconv%s.conv_s1", stage, number.text).text,
                        layer_named("%s.rebnconv%s.bn_s1", stage, number.text).text);
    return relu(net->t, x);
}

enum { DEEPEST = 7 };

/* RSU-L: x0 + U-Net(x0) with L layers, the last of them dilated rather than pooled. */
static node *rsu(network *net, node *x, int L, int mid, int out, const char *stage) {
    node *e[DEEPEST];
    node *x0 = cbr(net, x, out, 1, stage, 0, DOWN);
    e[1] = cbr(net, x0, mid, 1, stage, 1, DOWN);
    for (int i = 2; i < L; i++)
        e[i] = cbr(net, pool(net, e[i - 1]), mid, 1, stage, i, DOWN);
    node *d = cbr(net, e[L - 1], mid, 2, stage, L, DOWN);
    for (int i = L - 1; i >= 1; i--) {
        if (i == 1)
            tape_end_segment(net->t); /* the last layer is as wide as all others together */
        d = cbr(net, join(net, resize_to(net, d, e[i]), e[i]), i > 1 ? mid : out, 1, stage, i, UP);
    }
    tape_end_segment(net->t);
    return add(net->t, d, x0);
}

/* RSU-4F: the same with dilation 1, 2, 4, 8 in place of pooling, for maps that are small already. */
static node *rsu_4f(network *net, node *x, int mid, int out, const char *stage) {
    enum { L = 4 };
    node *e[L];
    node *x0 = cbr(net, x, out, 1, stage, 0, DOWN);
    e[1] = cbr(net, x0, mid, 1, stage, 1, DOWN);
    for (int i = 2; i < L; i++)
        e[i] = cbr(net, e[i - 1], mid, 1 << (i - 1), stage, i, DOWN);
    node *d = cbr(net, e[L - 1], mid, 1 << (L - 1), stage, L, DOWN);
    for (int i = L - 1; i >= 1; i--)
        d = cbr(net, join(net, d, e[i]), i > 1 ? mid : out, 1 << (i - 1), stage, i, UP);
    tape_end_segment(net->t);
    return add(net->t, d, x0);
}

/* --- fusion --- */

/* 1x1 or 3x3 convolution and batch norm: layers `number` and number + 1 of the sequence `part`. */
static node *part_of(network *net, node *x, int channels, int kernel, const char *block, const char *part, int number) {
    return layer_conv_norm(net, x, channels, (layer_options){.kernel = kernel},
                           layer_named("%s.%s.%d", block, part, number).text,
                           layer_named("%s.%s.%d", block, part, number + 1).text);
}

/* t, a weight for each channel, from the means of h'. */
static node *top_down(network *net, node *h, const char *block) {
    int C = h ? h->value.c : 0;
    node *x = global_average_pool(net->t, h);
    x = relu(net->t, part_of(net, x, C / 4, 1, block, "topdown", 1));
    return sigmoid(net->t, part_of(net, x, C, 1, block, "topdown", 4));
}

/* u, a weight for each pixel. */
static node *bottom_up(network *net, node *l, const char *block) {
    int C = l ? l->value.c : 0;
    node *x = relu(net->t, part_of(net, l, C / 4, 1, block, "bottomup", 0));
    layer_options options = {.kernel = 3, .no_bias = true};
    node *SA = layer_conv2d(net, channel_mean_max(net->t, x), 1, options,
                            layer_named("%s.%s", block, "bottomup.3.conv1").text);
    return sigmoid(net->t, SA);
}

static node *post(network *net, node *x, const char *block) {
    return relu(net->t, part_of(net, x, x ? x->value.c : 0, 3, block, "post", 0));
}

/* Deep features h weigh the channels of the finer ones l; these weigh the pixels of h. Both pass through `post`, the
 * same weights. */
static node *fuse(network *net, node *deep, node *l, const char *block) {
    node *h = resize_to(net, deep, l);
    h = relu(net->t, part_of(net, h, h ? h->value.c : 0, 1, block, "feature_high", 0));
    node *t = top_down(net, h, block);
    node *lt = channel_scale(net->t, l, t);
    node *u = bottom_up(net, lt, block);
    tape_end_segment(net->t);
    node *fine = post(net, add(net->t, lt, lt), block);
    tape_end_segment(net->t);
    node *both = join(net, fine, post(net, spatial_scale(net->t, h, add(net->t, u, u)), block));
    tape_end_segment(net->t);
    return both;
}

/* --- the network --- */

enum { HEADS = 7 };

/* d1 .. d6, at the size of the image, and d0 from all of them. */
static void record_heads(network *net, node *const features[HEADS - 1], const node *image, network_outputs *out) {
    static const char *const names[HEADS] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6"};
    node *d[HEADS];
    for (int i = 1; i < HEADS; i++) {
        layer_name side = layer_named("side%d", i);
        d[i] = resize_to(net, layer_conv(net, features[i - 1], 1, 3, side.text), image);
        network_add_prior(out, side.text);
    }
    d[0] = layer_conv(net, concat(net->t, HEADS - 1, d + 1), 1, 1, "outconv");
    for (int i = 0; i < HEADS; i++)
        network_add_head(out, names[i], d[i]);
    out->logit = d[0];
    network_add_fused_prior(out, "outconv");
}

static void build(const config *options, network *net, node *image, network_outputs *out) {
    (void)options; /* the image has its channels */
    net->init = INIT_UNIFORM_FAN_IN;
    node *S1 = rsu(net, image, 7, 32, 64, "stage1");
    node *S2 = rsu(net, pool(net, S1), 6, 32, 128, "stage2");
    node *S3 = rsu(net, pool(net, S2), 5, 64, 256, "stage3");
    node *S4 = rsu(net, pool(net, S3), 4, 128, 512, "stage4");
    node *S5 = rsu_4f(net, pool(net, S4), 256, 512, "stage5");
    node *S6 = rsu_4f(net, pool(net, S5), 256, 512, "stage6");
    node *D5 = rsu_4f(net, fuse(net, S6, S5, "fuse5"), 256, 512, "stage5d");
    node *D4 = rsu(net, fuse(net, D5, S4, "fuse4"), 4, 128, 256, "stage4d");
    node *D3 = rsu(net, fuse(net, D4, S3, "fuse3"), 5, 64, 128, "stage3d");
    node *D2 = rsu(net, fuse(net, D3, S2, "fuse2"), 6, 32, 64, "stage2d");
    node *D1 = rsu(net, join(net, resize_to(net, D2, S1), S1), 7, 16, 64, "stage1d");
    record_heads(net, (node *const[]){D1, D2, D3, D4, D5, S6}, image, out);
}

static input_format input(const config *options) {
    input_format format = {.channels = (int)config_int(options, "model.channels"),
                           .own_maximum = config_flag(options, "model.own_maximum")};
    for (int c = 0; c < format.channels; c++) {
        format.mean[c] = (float)config_real(options, "model.mean");
        format.std[c] = (float)config_real(options, "model.std");
    }
    return format;
}

static node *weighted_sum(network *net, node *const parts[HEADS], float weight) {
    node *sum = add_weighted(net->t, parts[0], weight, parts[1], weight);
    for (int i = 2; i < HEADS; i++)
        sum = add_weighted(net->t, sum, 1, parts[i], weight);
    return sum;
}

static void loss(const config *options, network *net, const network_outputs *outputs, node *image, node *mask,
                 double eta, loss_nodes *out) {
    (void)image;
    (void)eta;
    static const char *const names[2][HEADS] = {
        {"bce_d0", "bce_d1", "bce_d2", "bce_d3", "bce_d4", "bce_d5", "bce_d6"},
        {"soft_iou_d0", "soft_iou_d1", "soft_iou_d2", "soft_iou_d3", "soft_iou_d4", "soft_iou_d5", "soft_iou_d6"},
    };
    bool of_iou = !strcmp(config_text(options, "model.loss"), "soft_iou");
    *out = (loss_nodes){.part_count = HEADS};
    for (int i = 0; i < HEADS; i++) {
        node *d = outputs->heads[i];
        out->part_names[i] = names[of_iou][i];
        out->parts[i] = mask_loss(net->t, d, mask, of_iou ? &loss_soft_iou : &loss_bce, POOL_BATCH);
    }
    out->total = weighted_sum(net, out->parts, of_iou ? 1.0f / HEADS : 1);
}

/* --- published checkpoints --- */

static const char first_weight[] = "stage1.rebnconvin.conv_s1.weight";

static bool recognises(const named_shape *tensors, int count) {
    return named_shape_find(tensors, count, first_weight) && named_shape_find(tensors, count, "fuse5.topdown.1.weight");
}

static status options_from_tensors(const named_shape *tensors, int count, config *options) {
    layer_name channels = layer_named("%d", named_shape_find(tensors, count, first_weight)->shape[1]);
    return config_set(options, "model.channels", channels.text, "its tensors");
}

static const char *const parameter_order[] = {"stage", "side", "outconv", "fuse", NULL};

const detector_type uiunet = {
    .name = "uiunet",
    .title = "UIU-Net (Wu et al., 2023)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_PROBABILITY,
    .input = input,
    .build = build,
    .loss = loss,
    .parameter_order = parameter_order,
    .recognises = recognises,
    .options_from_tensors = options_from_tensors,
};
