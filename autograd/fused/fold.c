#include "autograd/fused/fold.h"

#include "autograd/ops.h"
#include "autograd/tape_internal.h"

#include <math.h>

extern const op op_conv2d, op_batch_norm;

static bool can_fold(const node *norm) {
    if (norm->op != &op_batch_norm)
        return false;
    const batch_norm_options *o = norm->options;
    const node *conv = norm->input[0];
    if (o->statistics != NORM_RUNNING || conv->op != &op_conv2d || conv->pinned)
        return false;
    const conv2d_options *c = conv->options;
    return c->activation == ACTIVATION_NONE && conv->readers == 1;
}

void tape_fold_batch_norms(tape *t) {
    for (int i = 0; i < t->count; i++) {
        node *norm = t->nodes[i];
        if (!can_fold(norm))
            continue;
        node *conv = norm->input[0];
        size_t weights = (size_t)tensor_count(&conv->input[1]->value);
        conv->saved = tape_alloc(t, (weights + (size_t)conv->value.c) * sizeof *conv->saved);
        if (!conv->saved)
            return;
        conv->absorbs = norm;
        norm->shares = conv;
    }
}

void fold_weights(const node *conv, const float **weight, const float **bias, bool *relu) {
    const node *norm = conv->absorbs;
    const batch_norm_options *o = norm->options;
    const float *gamma = norm->input[1]->value.data, *beta = norm->input[2]->value.data;
    int channels = conv->value.c;
    size_t weights = (size_t)tensor_count(&conv->input[1]->value), per_channel = weights / (size_t)channels;
    float *folded_bias = conv->saved + weights;
    for (int c = 0; c < channels; c++) {
        double factor = gamma[c] / sqrt(o->running_var[c] + BATCH_NORM_EPSILON);
        for (size_t i = (size_t)c * per_channel; i < ((size_t)c + 1) * per_channel; i++)
            conv->saved[i] = (float)((*weight)[i] * factor);
        double old = *bias ? (*bias)[c] : 0;
        folded_bias[c] = (float)((old - o->running_mean[c]) * factor + beta[c]);
    }
    *weight = conv->saved;
    *bias = folded_bias;
    *relu = o->activation == ACTIVATION_RELU;
}
