#include "autograd/fused/conv_layer.h"

#include "autograd/shared/conv2d.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

#include <math.h>
#include <string.h>

/* What is folded into a convolution's weights; NULL: no bias. */
typedef struct fold_sources {
    const float *weight, *bias, *gamma, *beta, *mean, *var;
    int channels;
    size_t per_channel;
} fold_sources;

enum { PRINT_FLOATS = sizeof(uint64_t) / sizeof(float) };

bool conv_layer_of(const node *n, conv_layer *layer) {
    if (n->op == &op_conv2d || n->op == &op_conv2d_relu)
        *layer = (conv_layer){.conv = *(const conv2d_options *)n->options,
                              .has_bias = n->input_count == 3,
                              .has_relu = n->op == &op_conv2d_relu};
    else if (n->op == &op_folded_conv2d)
        *layer = *(const conv_layer *)n->options;
    else
        return false;
    return conv2d_is_same(&layer->conv, n->input[1], 3);
}

int conv_layer_inputs(const conv_layer *layer) {
    return 1 + layer->has_bias + 2 * layer->has_norm;
}

size_t conv_layer_room(const conv_layer *layer, const node *weight) {
    return layer->has_norm ? (size_t)(tensor_count(&weight->value) + weight->value.n) + PRINT_FLOATS : 0;
}

/* Never 0. */
static uint64_t fingerprint(engine *e, const fold_sources *s) {
    const float *const per_channel[] = {s->bias, s->gamma, s->beta, s->mean, s->var};
    enum { ARRAYS = sizeof per_channel / sizeof *per_channel };
    uint64_t prints[1 + ARRAYS] = {weights_fingerprint(e, s->weight, (size_t)s->channels * s->per_channel)};
    for (int i = 0; i < ARRAYS; i++)
        if (per_channel[i])
            prints[1 + i] = weights_fingerprint(e, per_channel[i], (size_t)s->channels);
    return weights_fingerprint_of(prints, 1 + ARRAYS) | 1;
}

/* gamma (conv(x) - mean) / sqrt(var + eps) + beta = conv'(x) */
static void fold(const fold_sources *s, float *weight, float *bias) {
    for (int c = 0; c < s->channels; c++) {
        double factor = s->gamma[c] / sqrt(s->var[c] + BATCH_NORM_EPSILON);
        for (size_t i = (size_t)c * s->per_channel; i < ((size_t)c + 1) * s->per_channel; i++)
            weight[i] = (float)(s->weight[i] * factor);
        double old = s->bias ? s->bias[c] : 0;
        bias[c] = (float)((old - s->mean[c]) * factor + s->beta[c]);
    }
}

/* In the room: weights, biases, and the fingerprint of what they were folded from, 0 before the first time. */
static void fold_once(engine *e, const fold_sources *s, float *room, streamed_conv *out) {
    float *bias = room + (size_t)s->channels * s->per_channel, *end = bias + s->channels;
    uint64_t before;
    memcpy(&before, end, sizeof before);
    out->fingerprint = fingerprint(e, s);
    if (before != out->fingerprint)
        fold(s, room, bias);
    memcpy(end, &out->fingerprint, sizeof out->fingerprint);
    out->weight = room;
    out->bias = bias;
}

streamed_conv conv_layer_weights(engine *e, const conv_layer *layer, const node *n, int first, float *room) {
    const tensor *weight = &n->input[first]->value;
    streamed_conv out = {.channels = weight->n,
                         .weight = weight->data,
                         .bias = layer->has_bias ? n->input[first + 1]->value.data : NULL,
                         .relu = layer->has_relu};
    int norm = first + 1 + layer->has_bias;
    if (layer->has_norm) {
        fold_sources sources = {.weight = out.weight,
                                .bias = out.bias,
                                .gamma = n->input[norm]->value.data,
                                .beta = n->input[norm + 1]->value.data,
                                .mean = layer->norm.running_mean,
                                .var = layer->norm.running_var,
                                .channels = out.channels,
                                .per_channel = (size_t)(tensor_count(weight) / weight->n)};
        fold_once(e, &sources, room, &out);
    }
    return out;
}

static node *fixed(tape *t, int n, int c, int kernel) {
    node *leaf = tape_variable(t, n, c, kernel, kernel, true);
    if (leaf)
        leaf->requires_grad = false;
    return leaf;
}

int conv_layer_sample(tape *t, const conv_layer *layer, int ic, int oc, int kernel, node **inputs) {
    int count = 0;
    inputs[count++] = fixed(t, oc, ic, kernel);
    if (layer->has_bias)
        inputs[count++] = fixed(t, 1, oc, 1);
    for (int i = 0; layer->has_norm && i < 2; i++)
        inputs[count++] = fixed(t, 1, oc, 1);
    return count;
}
