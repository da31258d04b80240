#include "autograd/fused/conv_layer.h"

#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

#include <math.h>

bool conv_layer_of(const node *n, conv_layer *layer) {
    if (n->op == &op_conv2d || n->op == &op_conv2d_relu)
        *layer = (conv_layer){.conv = *(const conv2d_options *)n->options,
                              .has_bias = n->input_count == 3,
                              .has_relu = n->op == &op_conv2d_relu};
    else if (n->op == &op_folded_conv2d)
        *layer = *(const conv_layer *)n->options;
    else
        return false;
    const conv2d_options *o = &layer->conv;
    const tensor *weight = &n->input[1]->value;
    return weight->h == 3 && weight->w == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1;
}

int conv_layer_inputs(const conv_layer *layer) {
    return 1 + layer->has_bias + 2 * layer->has_norm;
}

size_t conv_layer_room(const conv_layer *layer, const node *weight) {
    return layer->has_norm ? (size_t)(tensor_count(&weight->value) + weight->value.n) : 0;
}

/* gamma (conv(x) - mean) / sqrt(var + eps) + beta = conv'(x) */
static void fold(const conv_layer *layer, const float *gamma, const float *beta, size_t per_channel, float *room,
                 streamed_conv *out) {
    float *bias = room + (size_t)out->channels * per_channel;
    for (int c = 0; c < out->channels; c++) {
        double factor = gamma[c] / sqrt(layer->norm.running_var[c] + BATCH_NORM_EPSILON);
        for (size_t i = (size_t)c * per_channel; i < ((size_t)c + 1) * per_channel; i++)
            room[i] = (float)(out->weight[i] * factor);
        double old = out->bias ? out->bias[c] : 0;
        bias[c] = (float)((old - layer->norm.running_mean[c]) * factor + beta[c]);
    }
    out->weight = room;
    out->bias = bias;
}

streamed_conv conv_layer_weights(const conv_layer *layer, const node *n, int first, float *room) {
    const tensor *weight = &n->input[first]->value;
    streamed_conv out = {.channels = weight->n,
                         .weight = weight->data,
                         .bias = layer->has_bias ? n->input[first + 1]->value.data : NULL,
                         .relu = layer->has_relu};
    int norm = first + 1 + layer->has_bias;
    if (layer->has_norm)
        fold(layer, n->input[norm]->value.data, n->input[norm + 1]->value.data,
             (size_t)(tensor_count(weight) / weight->n), room, &out);
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
