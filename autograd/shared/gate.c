#include "autograd/shared/gate.h"

#include "autograd/shared/conv2d.h"
#include "autograd/shared/op_support.h"
#include "autograd/tape_rewrite.h"

#include <math.h>

node *gate_take(const tape *t, const node *scaled, const node *last, gate_inputs *gate) {
    if (!rewrite_is_inner(t, scaled, &op_channel_scale, 1, last))
        return NULL;
    node *x = scaled->input[0], *gates = scaled->input[1];
    if (!rewrite_is_inner(t, gates, &op_sigmoid, 1, last))
        return NULL;
    const node *second = gates->input[0];
    if (!rewrite_is_inner(t, second, &op_conv2d, 1, last) || !conv2d_is_same_with_bias(second, 1))
        return NULL;
    const node *first = second->input[0];
    if (!rewrite_is_inner(t, first, &op_conv2d_relu, 1, last) || !conv2d_is_same_with_bias(first, 1))
        return NULL;
    const node *means = first->input[0];
    if (!rewrite_is_inner(t, means, &op_global_average_pool, 1, last) || means->input[0] != x)
        return NULL;
    *gate = (gate_inputs){first->input[1], first->input[2], second->input[1], second->input[2]};
    return x;
}

static int channels_of(const node *n, int first) {
    return n->input[first + GATE_W1]->value.c;
}

static int hidden_of(const node *n, int first) {
    return n->input[first + GATE_W1]->value.n;
}

status gate_check(const node *n, int first, int channels) {
    int hidden = hidden_of(n, first);
    const int counts[GATE_INPUTS] = {hidden * channels, hidden, channels * hidden, channels};
    for (int i = 0; i < GATE_INPUTS; i++)
        if (tensor_count(&n->input[first + i]->value) != counts[i])
            return status_fail(STATUS_USAGE, "%lld numbers for the gates of %d channels, expected %d",
                               (long long)tensor_count(&n->input[first + i]->value), channels, counts[i]);
    return STATUS_OK;
}

size_t gate_saved_count(const node *n, int first) {
    return 2 * (size_t)channels_of(n, first) + (size_t)hidden_of(n, first);
}

gate_saved gate_saved_at(const node *n, int first, float *saved) {
    int channels = channels_of(n, first);
    return (gate_saved){saved, saved + channels, saved + channels + hidden_of(n, first)};
}

void gate_forward(const node *n, int first, gate_saved g) {
    int channels = channels_of(n, first), hidden = hidden_of(n, first);
    const float *w1 = n->input[first + GATE_W1]->value.data, *b1 = n->input[first + GATE_B1]->value.data;
    const float *w2 = n->input[first + GATE_W2]->value.data, *b2 = n->input[first + GATE_B2]->value.data;
    for (int h = 0; h < hidden; h++) {
        double sum = b1[h];
        for (int c = 0; c < channels; c++)
            sum += (double)w1[h * channels + c] * g.squeezed[c];
        g.hidden[h] = sum <= 0 ? 0 : (float)sum; /* a NaN stays one */
    }
    for (int c = 0; c < channels; c++) {
        double sum = b2[c];
        for (int h = 0; h < hidden; h++)
            sum += (double)w2[c * hidden + h] * g.hidden[h];
        g.gate[c] = (float)(1 / (1 + exp(-sum)));
    }
}

static void add_number(float *grad, int i, double amount) {
    if (grad)
        grad[i] += (float)amount;
}

void gate_backward(node *n, int first, gate_saved g, const double *dgate, double *dsqueezed) {
    int channels = channels_of(n, first), hidden = hidden_of(n, first);
    const float *w1 = n->input[first + GATE_W1]->value.data, *w2 = n->input[first + GATE_W2]->value.data;
    float *grad[GATE_INPUTS];
    for (int i = 0; i < GATE_INPUTS; i++) /* of the first image maybe from zero, of the others on top */
        grad[i] = parameter_grad(n, first + i);
    for (int c = 0; c < channels; c++)
        dsqueezed[c] = 0;
    for (int h = 0; h < hidden; h++) {
        double dhidden = 0;
        for (int c = 0; c < channels; c++) {
            double dz = dgate[c] * g.gate[c] * (1 - (double)g.gate[c]);
            dhidden += dz * w2[c * hidden + h];
            add_number(grad[GATE_W2], c * hidden + h, dz * g.hidden[h]);
        }
        if (g.hidden[h] <= 0)
            continue;
        add_number(grad[GATE_B1], h, dhidden);
        for (int c = 0; c < channels; c++) {
            dsqueezed[c] += dhidden * w1[h * channels + c];
            add_number(grad[GATE_W1], h * channels + c, dhidden * g.squeezed[c]);
        }
    }
    for (int c = 0; c < channels; c++)
        add_number(grad[GATE_B2], c, dgate[c] * g.gate[c] * (1 - (double)g.gate[c]));
}

double gate_flops(const node *n, int first) {
    int64_t weights = tensor_count(&n->input[first + GATE_W1]->value) + tensor_count(&n->input[first + GATE_W2]->value);
    return 2.0 * (double)weights * n->value.n;
}

gate_inputs gate_sample(tape *t, int channels, int hidden) {
    return (gate_inputs){tape_variable(t, hidden, channels, 1, 1, true), tape_variable(t, 1, hidden, 1, 1, true),
                         tape_variable(t, channels, hidden, 1, 1, true), tape_variable(t, 1, channels, 1, 1, true)};
}
