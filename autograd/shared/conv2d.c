#include "autograd/shared/conv2d.h"

#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"

conv_options conv2d_geometry(const conv2d_options *o, const node *weight) {
    return (conv_options){.kh = weight->value.h,
                          .kw = weight->value.w,
                          .stride = o->stride,
                          .padding = o->padding,
                          .dilation = o->dilation};
}

status conv2d_infer(node *n, const conv2d_options *o, const node *weight_node, const node *bias) {
    const tensor *x = &n->input[0]->value, *weight = &weight_node->value;
    if (o->stride < 1 || o->padding < 0 || o->dilation < 1)
        return status_fail(STATUS_USAGE, "stride %d, padding %d, dilation %d: expected >= 1, >= 0, >= 1", o->stride,
                           o->padding, o->dilation);
    if (weight->c != x->c)
        return status_fail(STATUS_USAGE, "weights for %d input channels, but the input has %d", weight->c, x->c);
    if (bias && tensor_count(&bias->value) != weight->n)
        return status_fail(STATUS_USAGE, "%lld biases for %d output channels", (long long)tensor_count(&bias->value),
                           weight->n);
    conv_options g = conv2d_geometry(o, weight_node);
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

void conv2d_weight_gradients(node *n, const conv_options *geometry, int weight, const op_run *run) {
    float *dweight = parameter_grad(n, weight),
          *dbias = n->input_count > weight + 1 ? parameter_grad(n, weight + 1) : NULL;
    if (dweight)
        conv_weight_gradient(run->engine, &n->input[0]->value, &n->grad, geometry, dweight, dbias, run->scratch);
    else if (dbias)
        parallel_for(run->engine, n->grad.c, sum_channel, &(bias_job){&n->grad, dbias});
}

void conv2d_forward(node *n, const conv_options *geometry, int weight, bool relu, const op_run *run) {
    conv_options g = *geometry;
    const conv_hook gather = {norm_gather_moments, n};
    if (!run->is_recomputation && norm_clear_moments(n))
        g.hook = &gather;
    g.exact = n->requires_grad;
    const float *bias = n->input_count > weight + 1 ? n->input[weight + 1]->value.data : NULL;
    conv_forward(run->engine, &n->input[0]->value, n->input[weight]->value.data, bias, &g, relu, &n->value,
                 run->scratch);
}

void conv2d_backward(node *n, const op_run *run) {
    conv_options g = conv2d_geometry(n->options, n->input[1]);
    bool accumulate;
    const tensor *dx = node_grad(n, 0, &accumulate);
    if (dx)
        conv_input_gradient(run->engine, &n->grad, n->input[1]->value.data, &g, accumulate, dx, run->scratch);
    conv2d_weight_gradients(n, &g, 1, run);
}

size_t conv2d_scratch(const engine *e, const node *n, const conv_options *geometry) {
    const tensor *x = &n->input[0]->value;
    return n->requires_grad ? conv_scratch(e, x, &n->value, geometry) : conv_forward_scratch(e, x, &n->value, geometry);
}

double conv2d_flops(const node *n, const node *weight) {
    return 2.0 * (double)tensor_count(&weight->value) * n->value.n * n->value.h * n->value.w;
}
