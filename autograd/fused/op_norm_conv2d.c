/* Convolution of a batch-normalised and rectified input, in one operation: the normalised values are never stored.
 *
 * Forward    Y = conv2d(max(0, bn(X)), weight) [+ bias]    (bn: op_batch_norm.c, conv2d: op_conv2d.c)
 * Gradients  those of conv2d, with max(0, bn(X)) as its input, and those of batch_norm with ReLU, with the gradient of
 *            conv2d's input as its dY */
#include "autograd/fused/fused.h"

#include "autograd/shared/conv2d.h"
#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "autograd/tape_rewrite.h"
#include "core/base/carve.h"

/* Inputs. */
enum { X, NORM_WEIGHT, NORM_BIAS, WEIGHT, BIAS };

static node *bias_of(const node *n) {
    return n->input_count > BIAS ? n->input[BIAS] : NULL;
}

static status infer_shape(node *n) {
    const norm_conv2d_options *o = n->options;
    const tensor *x = &n->input[X]->value;
    TRY(norm_check(x, n->input[NORM_WEIGHT], n->input[NORM_BIAS]));
    n->saved_count = NORM_SAVED_COUNT(x->c);
    return conv2d_infer_shape(n, &o->conv, n->input[WEIGHT], bias_of(n));
}

static status prepare(tape *t, node *n) {
    const norm_conv2d_options *o = n->options;
    return conv2d_prepare(t, n, &o->conv, n->input[WEIGHT], true);
}

/* Scratch: what the convolution uses; the sums of the normalisation; a place for dX, where it needs one (norm.h). */
typedef struct scratch_parts {
    float *conv, *room;
    void *sums;
} scratch_parts;

static scratch_parts carve_parts(const engine *e, const node *n, carver *c) {
    return (scratch_parts){.conv = carve(c, conv2d_scratch(e, n), sizeof(float)),
                           .sums = carve(c, norm_scratch(&n->input[X]->value), sizeof(float)),
                           .room = carve(c, norm_room(n, X, NORM_WEIGHT), sizeof(float))};
}

static size_t scratch(const engine *e, const node *n) {
    carver c = {0};
    carve_parts(e, n, &c);
    return c.used / sizeof(float);
}

static void forward(node *n, const op_run *run) {
    const norm_conv2d_options *o = n->options;
    norm_saved saved = norm_saved_at(n->saved, n->input[X]->value.c);
    norm_prepare(n, NORM_WEIGHT, &o->norm, carve_parts(run->engine, n, &(carver){.base = run->scratch}).sums, run);
    conv2d_forward(n, &(conv_norm){saved.scale, saved.shift}, WEIGHT, false, run);
}

static void backward(node *n, const op_run *run) {
    const norm_conv2d_options *o = n->options;
    const tensor *x = &n->input[X]->value;
    carver c = {.base = run->scratch};
    scratch_parts s = carve_parts(run->engine, n, &c);
    norm_saved saved = norm_saved_at(n->saved, x->c);
    conv2d_weight_gradients(n, &(conv_norm){saved.scale, saved.shift}, WEIGHT, run);
    bool accumulate;
    const tensor *dx = node_grad(n, X, &accumulate);
    if (!dx && !norm_is_trained(n, NORM_WEIGHT))
        return;
    tensor place = norm_place(x, dx, accumulate, s.room);
    norm_backward b = {.x = x, .dx = &place, .saved = saved, .sums = s.sums};
    norm_backward_begin(&b);
    const conv_hook mask = {norm_mask, &b};
    const conv_run here = {.engine = run->engine, .scratch = s.conv, .hook = &mask};
    conv_input_gradient(n->prepared, &here, &n->grad, n->input[WEIGHT]->value.data, false, &place);
    norm_backward_finish(n, NORM_WEIGHT, &b, o->norm.statistics, accumulate ? dx : NULL, run);
}

static double flops(const node *n) {
    return conv2d_flops(n, n->input[WEIGHT]);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, oc, h, w, padding;
        sample_norm norm;
    } cases[] = {
        {2, 4, 4, 37, 21, 1, SAMPLE_BATCH},   /* direct, in bands */
        {2, 12, 9, 11, 40, 1, SAMPLE_BATCH},  /* Winograd */
        {1, 8, 16, 8, 33, 1, SAMPLE_RUNNING}, /* Winograd */
        {2, 16, 17, 6, 9, 1, SAMPLE_BATCH},   /* GEMM */
        {2, 5, 3, 1, 1, 1, SAMPLE_RUNNING},   {2, 4, 3, 3, 3, 0, SAMPLE_BATCH}, {2, 5, 3, 1, 1, 2, SAMPLE_RUNNING},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int ic = cases[index].ic, oc = cases[index].oc;
    node *x = tape_variable(t, cases[index].n, ic, cases[index].h, cases[index].w, false);
    norm_inputs norm = norm_sample(t, ic, cases[index].norm);
    node *weight = tape_variable(t, oc, ic, 3, 3, true);
    node *bias = index == 1 ? NULL : tape_variable(t, 1, oc, 1, 1, true);
    node *inputs[] = {x, norm.weight, norm.bias, weight, bias};
    norm_conv2d_options options = {norm.options, {.stride = 1, .padding = cases[index].padding, .dilation = 1}};
    return tape_record(t, &op_norm_conv2d, &options, sizeof options, bias ? 5 : 4, inputs);
}

const op op_norm_conv2d = {.name = "norm_conv2d",
                           .infer_shape = infer_shape,
                           .prepare = prepare,
                           .forward = forward,
                           .backward = backward,
                           .backward_reads = READS_INPUT_0,
                           .scratch = scratch,
                           .flops = flops,
                           .sample = sample,
                           .gathers_moments = true};
