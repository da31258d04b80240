/* The end of a module whose last map is not linear: squeeze-and-excitation (Hu et al., 2018) and the 3x3 convolution
 * after it, in one operation, of an input that may be batch-normalised and rectified first. The gates go into the
 * convolution's weights, one set for each image, so the scaled map is never stored.
 *
 * Forward    x = X or max(0, bn(X));  gate[n,c] as in gate.h from the means of x
 *            Y = conv2d(x, weight[o,c] gate[n,c]) + bias
 *
 * Gradients  dws[n] = that of the weights scaled by the gates of image n
 *            dweight = sum over n of gate[n] dws[n]
 *            dgate[n,c] = sum over o, taps of weight dws[n]
 *
 * Then follow gate.h, whose gradient of the means spreads evenly over the pixels, and norm.h. */
#include "autograd/fused/fused.h"

#include "autograd/shared/conv2d.h"
#include "autograd/shared/gate.h"
#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/carve.h"
#include "core/base/parallel.h"

#include <string.h>

/* Inputs; the last two only with a norm. */
enum { X, GATE, WEIGHT = GATE + GATE_INPUTS, BIAS, NORM_WEIGHT, NORM_BIAS };

static const conv_options same_3x3 = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};

static bool has_norm(const node *n) {
    return n->input_count > NORM_WEIGHT;
}

static norm_saved saved_norm(const node *n) {
    return norm_saved_at(n->saved, n->input[X]->value.c);
}

static gate_saved saved_gate(const node *n, int image) {
    float *saved = n->saved;
    size_t before = NORM_SAVED_COUNT(n->input[X]->value.c) + (size_t)image * gate_saved_count(n, GATE);
    return gate_saved_at(n, GATE, saved + before);
}

static status infer_shape(node *n) {
    const tensor *x = &n->input[X]->value, *weight = &n->input[WEIGHT]->value;
    if (has_norm(n))
        TRY(norm_check(x, n->input[NORM_WEIGHT], n->input[NORM_BIAS]));
    TRY(gate_check(n, GATE, x->c));
    if (weight->c != x->c || weight->h != 3 || weight->w != 3 || tensor_count(&n->input[BIAS]->value) != weight->n)
        return status_fail(STATUS_USAGE, "weights %dx%dx%dx%d do not fit %d channels, or there is not one bias each",
                           weight->n, weight->c, weight->h, weight->w, x->c);
    n->saved_count = NORM_SAVED_COUNT(x->c) + (size_t)x->n * gate_saved_count(n, GATE);
    n->value = tensor_planar(x->n, weight->n, x->h, x->w);
    return STATUS_OK;
}

/* One image of a tensor. */
static tensor image_of(const tensor *t, int image) {
    tensor one = *t;
    one.n = 1;
    one.data = tensor_plane(t, image, 0);
    return one;
}

/* Scratch: of the convolution; sums of the normalisation; the weights scaled by one image's gates, and their gradient;
 * gradients of the gates and of the means of one image; what the latter add to each pixel, of all images; one image,
 * normalised; and a place for dX, where it needs one (norm.h). */
typedef struct scratch_parts {
    float *conv, *scaled, *dscaled;
    void *sums;
    double *dgate, *dsqueezed;
    float *constant, *normal, *room;
} scratch_parts;

/* Of one image: each has weights of its own. */
static status prepare(tape *t, node *n) {
    tensor one = image_of(&n->input[X]->value, 0), y = image_of(&n->value, 0);
    conv_plan *plan = n->prepared = tape_alloc(t, sizeof *plan);
    if (!plan)
        return STATUS_MEMORY;
    conv_options o = same_3x3;
    o.exact = n->requires_grad && !t->fast; /* see conv2d_prepare */
    *plan = conv_plan_new(t->engine, &one, &y, &o, n->requires_grad);
    return STATUS_OK;
}

static scratch_parts carve_parts(const node *n, carver *c) {
    const conv_plan *plan = n->prepared;
    const tensor *x = &n->input[X]->value;
    tensor one = image_of(x, 0);
    size_t weights = (size_t)tensor_count(&n->input[WEIGHT]->value), channels = (size_t)x->c;
    scratch_parts s = {.conv = carve(c, plan->scratch, sizeof *s.conv),
                       .sums = carve(c, norm_scratch(x), sizeof(float)),
                       .scaled = carve(c, weights, sizeof *s.scaled),
                       .dscaled = carve(c, weights, sizeof *s.dscaled),
                       .dgate = carve(c, channels, sizeof *s.dgate),
                       .dsqueezed = carve(c, channels, sizeof *s.dsqueezed),
                       .constant = carve(c, (size_t)x->n * channels, sizeof *s.constant)};
    if (has_norm(n)) {
        s.normal = carve(c, norm_applied_room(&one), sizeof *s.normal);
        s.room = carve(c, norm_room(n, X, NORM_WEIGHT), sizeof *s.room);
    }
    return s;
}

static scratch_parts parts_of(const node *n, const op_run *run) {
    return carve_parts(n, &(carver){.base = run->scratch});
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    carver c = {0};
    carve_parts(n, &c);
    return c.used / sizeof(float);
}

/* The image that is convolved: normalised into the scratch where there is a norm. */
static tensor convolved_image(engine *e, const node *n, int image, const scratch_parts *s) {
    tensor one = image_of(&n->input[X]->value, image);
    return has_norm(n) ? norm_apply(e, &one, saved_norm(n), s->normal) : one;
}

typedef struct squeeze_job {
    const tensor *x;
    float *squeezed;
} squeeze_job;

static void squeeze_plane(const worker *w, void *context, int c) {
    const squeeze_job *job = context;
    double sum = w->kernels->plane_sum(plane_of(job->x), plane_data(job->x, c));
    job->squeezed[c] = (float)(sum / ((double)job->x->h * job->x->w));
}

static void scale_weights(const node *n, const float *gate, float *scaled) {
    const tensor *weight = &n->input[WEIGHT]->value;
    for (int o = 0; o < weight->n; o++)
        for (int c = 0; c < weight->c; c++)
            for (int tap = 0; tap < 9; tap++) {
                int i = (o * weight->c + c) * 9 + tap;
                scaled[i] = weight->data[i] * gate[c];
            }
}

static void forward(node *n, const op_run *run) {
    const gated_options *o = n->options;
    const tensor *x = &n->input[X]->value, one = image_of(x, 0);
    scratch_parts s = parts_of(n, run);
    if (has_norm(n)) {
        norm_prepare(n, NORM_WEIGHT, &o->norm, s.sums, run);
        norm_applied_clear(&one, s.normal);
    }
    const conv_run here = {.engine = run->engine, .scratch = s.conv};
    for (int image = 0; image < x->n; image++) {
        tensor convolved = convolved_image(run->engine, n, image, &s), y = image_of(&n->value, image);
        gate_saved g = saved_gate(n, image);
        parallel_for(run->engine, x->c, squeeze_plane, &(squeeze_job){&convolved, g.squeezed});
        gate_forward(n, GATE, g);
        scale_weights(n, g.gate, s.scaled);
        conv_forward(n->prepared, &here, &convolved, s.scaled, n->input[BIAS]->value.data, false, &y);
    }
}

/* Gradients of one image's weights, gates and means; the latter, for each pixel, into `constant`. */
static void backward_gates(node *n, int image, const scratch_parts *s, float *dweight) {
    const tensor *x = &n->input[X]->value, *weight = &n->input[WEIGHT]->value;
    gate_saved g = saved_gate(n, image);
    for (int c = 0; c < x->c; c++)
        s->dgate[c] = 0;
    for (int o = 0; o < weight->n; o++)
        for (int c = 0; c < weight->c; c++)
            for (int tap = 0; tap < 9; tap++) {
                int i = (o * weight->c + c) * 9 + tap;
                s->dgate[c] += (double)weight->data[i] * s->dscaled[i];
                if (dweight)
                    dweight[i] += g.gate[c] * s->dscaled[i];
            }
    gate_backward(n, GATE, g, s->dgate, s->dsqueezed);
    for (int c = 0; c < x->c; c++)
        s->constant[image * x->c + c] = (float)(s->dsqueezed[c] / ((double)x->h * x->w));
}

/* The hook sees one image at a time. */
typedef struct image_hook {
    int image;
    const norm_backward *norm; /* NULL: only the constant is added */
    const tensor *dx;
    const float *constant;
} image_hook;

static void finish_rows(const worker *w, void *context, int unused, int y0, int y1) {
    (void)unused;
    const image_hook *h = context;
    if (h->norm) {
        norm_mask(w, (void *)h->norm, h->image, y0, y1);
        return;
    }
    plane_shape rows = {y1 - y0, h->dx->w, h->dx->row};
    for (int c = 0; c < h->dx->c; c++) {
        float *dx = tensor_plane(h->dx, h->image, c) + y0 * h->dx->row;
        w->kernels->plane_affine(rows, dx, 1, h->constant[h->image * h->dx->c + c], false, dx);
    }
}

static void backward(node *n, const op_run *run) {
    const gated_options *o = n->options;
    const tensor *x = &n->input[X]->value, one = image_of(x, 0);
    scratch_parts s = parts_of(n, run);
    float *dweight = parameter_grad(n, WEIGHT), *dbias = parameter_grad(n, BIAS);
    bool accumulate;
    const tensor *dx = node_grad(n, X, &accumulate);
    bool needed = dx || (has_norm(n) && norm_is_trained(n, NORM_WEIGHT));
    tensor place = has_norm(n) ? norm_place(x, dx, accumulate, s.room) : dx ? *dx : *x;
    norm_backward b = {.x = x, .dx = &place, .saved = saved_norm(n), .constant = s.constant, .sums = s.sums};
    norm_backward_begin(&b);
    if (has_norm(n))
        norm_applied_clear(&one, s.normal);
    const conv_run here = {.engine = run->engine, .scratch = s.conv};
    for (int image = 0; image < x->n; image++) {
        tensor convolved = convolved_image(run->engine, n, image, &s), dy = image_of(&n->grad, image);
        scale_weights(n, saved_gate(n, image).gate, s.scaled);
        memset(s.dscaled, 0, (size_t)tensor_count(&n->input[WEIGHT]->value) * sizeof *s.dscaled);
        conv_weight_gradient(n->prepared, &here, &convolved, &dy, s.dscaled, dbias);
        backward_gates(n, image, &s, dweight);
        if (!needed)
            continue;
        tensor to = image_of(&place, image);
        image_hook context = {image, has_norm(n) ? &b : NULL, &place, s.constant};
        conv_hook hook = {finish_rows, &context};
        const conv_run back = {.engine = run->engine, .scratch = s.conv, .hook = &hook};
        conv_input_gradient(n->prepared, &back, &dy, s.scaled, accumulate && !has_norm(n), &to);
    }
    if (!has_norm(n) || !needed)
        return;
    norm_backward_finish(n, NORM_WEIGHT, &b, o->norm.statistics, accumulate ? dx : NULL, run);
}

static double flops(const node *n) {
    return conv2d_flops(n, n->input[WEIGHT]) + gate_flops(n, GATE);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, c, oc, h, w;
        sample_norm norm;
    } cases[] = {{2, 6, 1, 9, 21, SAMPLE_PLAIN},
                 {2, 12, 1, 11, 40, SAMPLE_BATCH},
                 {1, 8, 2, 8, 33, SAMPLE_RUNNING},
                 {2, 6, 2, 1, 1, SAMPLE_RUNNING}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int c = cases[index].c, oc = cases[index].oc;
    node *x = tape_variable(t, cases[index].n, c, cases[index].h, cases[index].w, false);
    gate_inputs gate = gate_sample(t, c, 3);
    node *weight = tape_variable(t, oc, c, 3, 3, true), *bias = tape_variable(t, 1, oc, 1, 1, true);
    norm_inputs norm = norm_sample(t, c, cases[index].norm);
    node *inputs[] = {x, gate.w1, gate.b1, gate.w2, gate.b2, weight, bias, norm.weight, norm.bias};
    gated_options options = {norm.options};
    return tape_record(t, &op_gated_conv2d, &options, sizeof options, norm.weight ? 9 : 7, inputs);
}

const op op_gated_conv2d = {.name = "gated_conv2d",
                            .infer_shape = infer_shape,
                            .prepare = prepare,
                            .forward = forward,
                            .backward = backward,
                            .backward_reads = READS_INPUT_0,
                            .scratch = scratch,
                            .flops = flops,
                            .sample = sample};
