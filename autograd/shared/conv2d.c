#include "autograd/shared/conv2d.h"

#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "autograd/tape_internal.h"

bool conv2d_is_same(const conv2d_options *o, const node *weight, int kernel) {
    return weight->value.h == kernel && weight->value.w == kernel && o->stride == 1 && o->padding == kernel / 2 &&
           o->dilation == 1;
}

bool conv2d_is_same_with_bias(const node *n, int kernel) {
    return n->input_count == 3 && conv2d_is_same(n->options, n->input[1], kernel);
}

static conv_options geometry(const conv2d_options *o, const node *weight) {
    return (conv_options){.kh = weight->value.h,
                          .kw = weight->value.w,
                          .stride = o->stride,
                          .padding = o->padding,
                          .dilation = o->dilation};
}

status conv2d_infer_shape(node *n, const conv2d_options *o, const node *weight_node, const node *bias) {
    const tensor *x = &n->input[0]->value, *weight = &weight_node->value;
    if (o->stride < 1 || o->padding < 0 || o->dilation < 1)
        return status_fail(STATUS_USAGE, "stride %d, padding %d, dilation %d: expected >= 1, >= 0, >= 1", o->stride,
                           o->padding, o->dilation);
    if (weight->c != x->c)
        return status_fail(STATUS_USAGE, "weights for %d input channels, but the input has %d", weight->c, x->c);
    if (bias && tensor_count(&bias->value) != weight->n)
        return status_fail(STATUS_USAGE, "%lld biases for %d output channels", (long long)tensor_count(&bias->value),
                           weight->n);
    conv_options g = geometry(o, weight_node);
    int h = conv_output_size(x->h, g.kh, &g), w = conv_output_size(x->w, g.kw, &g);
    if (h < 1 || w < 1)
        return status_fail(STATUS_USAGE, "a %dx%d kernel does not fit a %dx%d input", g.kh, g.kw, x->h, x->w);
    n->value = tensor_planar(x->n, weight->n, h, w);
    return STATUS_OK;
}

typedef struct bias_job {
    const tensor *dy;
    float *dbias;
} bias_job;

static void sum_channel(const worker *w, void *context, int c) {
    const bias_job *job = context;
    double sum = 0;
    for (int image = 0; image < job->dy->n; image++)
        sum += w->kernels->plane_sum(plane_of(job->dy), tensor_plane(job->dy, image, c));
    job->dbias[c] += (float)sum;
}

void conv2d_weight_gradients(node *n, const conv_norm *norm, int weight, const op_run *run) {
    float *dweight = parameter_grad(n, weight),
          *dbias = n->input_count > weight + 1 ? parameter_grad(n, weight + 1) : NULL;
    const conv_run here = {.engine = run->engine, .scratch = run->scratch, .norm = norm};
    if (dweight)
        conv_weight_gradient(n->prepared, &here, &n->input[0]->value, &n->grad, dweight, dbias);
    else if (dbias)
        parallel_for(run->engine, n->grad.c, sum_channel, &(bias_job){&n->grad, dbias});
}

status conv2d_prepare(tape *t, node *n, const conv2d_options *o, const node *weight, bool normalised) {
    conv_options g = geometry(o, weight);
    g.exact = n->requires_grad && !t->fast;
    g.normalised = normalised;
    conv_plan *plan = n->prepared = tape_alloc(t, sizeof *plan);
    if (!plan)
        return STATUS_MEMORY;
    *plan = conv_plan_new(t->engine, &n->input[0]->value, &n->value, &g, n->requires_grad);
    if (!n->requires_grad)
        conv_plan_keep(plan, tape_alloc_packed(t, conv_plan_keeps(plan)));
    return STATUS_OK;
}

size_t conv2d_scratch(const engine *e, const node *n) {
    (void)e;
    const conv_plan *plan = n->prepared;
    return plan->scratch;
}

void conv2d_forward(node *n, const conv_norm *norm, int weight, bool relu, const op_run *run) {
    const conv_hook gather = {norm_gather_moments, n};
    bool gathers = !run->is_recomputation && norm_clear_moments(n);
    const conv_run here = {
        .engine = run->engine, .scratch = run->scratch, .norm = norm, .hook = gathers ? &gather : NULL};
    const float *bias = n->input_count > weight + 1 ? n->input[weight + 1]->value.data : NULL;
    conv_forward(n->prepared, &here, &n->input[0]->value, n->input[weight]->value.data, bias, relu, &n->value);
}

double conv2d_flops(const node *n, const node *weight) {
    return 2.0 * (double)tensor_count(&weight->value) * n->value.n * n->value.h * n->value.w;
}

status conv2d_node_infer_shape(node *n) {
    return conv2d_infer_shape(n, n->options, n->input[1], n->input_count == 3 ? n->input[2] : NULL);
}

status conv2d_node_prepare(tape *t, node *n) {
    return conv2d_prepare(t, n, n->options, n->input[1], false);
}

void conv2d_node_backward(node *n, const op_run *run) {
    const conv_run here = {.engine = run->engine, .scratch = run->scratch};
    bool accumulate;
    const tensor *dx = node_grad(n, 0, &accumulate);
    if (dx)
        conv_input_gradient(n->prepared, &here, &n->grad, n->input[1]->value.data, accumulate, dx);
    conv2d_weight_gradients(n, NULL, 1, run);
}

double conv2d_node_flops(const node *n) {
    return conv2d_flops(n, n->input[1]);
}

bool conv2d_node_is_cheap(const node *n) {
    const tensor *weight = &n->input[1]->value;
    return weight->c * weight->h * weight->w <= 9;
}
