/* Convolution (cross-correlation) with bias and an optional ReLU.
 *
 * Forward    z[n,o,y,x] = bias[o] + sum_i,ky,kx weight[o,i,ky,kx] * X[n,i, y s - p + ky d, x s - p + kx d],
 *            Y = max(0, z) or z                  (s stride, p zero padding, d dilation)
 * Gradients  dz = dY where Y > 0 (all of dY without ReLU)
 *            dX = the transposed map of dz;  dweight = dz correlated with X;  dbias[o] = sum_n,y,x dz */
#include "autograd/ops.h"

#include "autograd/fused/fold.h"
#include "autograd/shared/conv2d.h"
#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"
#include "core/conv/conv_stream.h"

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

double conv2d_flops(const node *n, const node *weight) {
    return 2.0 * (double)tensor_count(&weight->value) * n->value.n * n->value.h * n->value.w;
}

static conv_options geometry(const node *n) {
    return conv2d_geometry(n->options, n->input[1]);
}

static status infer(node *n) {
    return conv2d_infer(n, n->options, n->input[1], n->input_count == 3 ? n->input[2] : NULL);
}

/* Weights, bias and activation, with a batch norm that is folded into them. */
static streamed_conv layer_of(const node *n) {
    const conv2d_options *o = n->options;
    streamed_conv layer = {.channels = n->value.c,
                           .weight = n->input[1]->value.data,
                           .bias = n->input_count == 3 ? n->input[2]->value.data : NULL,
                           .relu = o->activation == ACTIVATION_RELU};
    if (n->absorbs)
        fold_weights(n, &layer.weight, &layer.bias, &layer.relu);
    return layer;
}

static void forward(node *n, const op_run *run) {
    streamed_conv layer = layer_of(n);
    if (n->streams) {
        streamed_conv first = layer_of(n->streams);
        conv_stream(run->engine, &n->streams->input[0]->value, &first, &layer, &n->value, run->scratch);
        return;
    }
    conv_options g = geometry(n);
    g.exact = n->requires_grad; /* see conv2d.h */
    const conv_hook gather = {norm_gather_moments, n};
    if (n->moments && !run->again) {
        norm_clear_moments(n);
        g.hook = &gather;
    }
    conv_forward(run->engine, &n->input[0]->value, layer.weight, layer.bias, &g, layer.relu, &n->value, run->scratch);
}

static void mask_plane(const worker *w, void *context, int plane) {
    node *n = context;
    float *grad = plane_data(&n->grad, plane);
    plane_shape s = {n->value.h, n->value.w, n->value.row};
    w->kernels->plane_relu_backward(s, plane_data(&n->value, plane), grad, false, grad);
}

static void backward(node *n, const op_run *run) {
    conv_options g = geometry(n);
    const conv2d_options *o = n->options;
    if (o->activation == ACTIVATION_RELU) /* nobody reads this gradient after us: masked in place */
        parallel_for(run->engine, plane_count(n), mask_plane, n);
    bool accumulate;
    const tensor *dx = node_grad(n, 0, &accumulate);
    if (dx)
        conv_input_gradient(run->engine, &n->grad, n->input[1]->value.data, &g, accumulate, dx, run->scratch);
    conv2d_weight_gradients(n, &g, 1, run);
}

static int keeps(const node *n) {
    const conv2d_options *o = n->options;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1 | (o->activation == ACTIVATION_RELU ? KEEPS_OUTPUT : 0);
}

static size_t scratch(const engine *e, const node *n) {
    if (n->streams)
        return conv_stream_scratch(e, &n->streams->input[0]->value, n->streams->value.c, &n->value);
    conv_options g = geometry(n);
    const tensor *x = &n->input[0]->value;
    return n->requires_grad ? conv_scratch(e, x, &n->value, &g) : conv_forward_scratch(e, x, &n->value, &g);
}

static double flops(const node *n) {
    return conv2d_flops(n, n->input[1]);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, oc, h, w, kh, kw, stride, padding, dilation;
        activation activation;
    } cases[] = {
        {2, 4, 4, 9, 21, 3, 3, 1, 1, 1, ACTIVATION_RELU},   {2, 8, 5, 18, 37, 3, 3, 1, 1, 1, ACTIVATION_NONE},
        {1, 1, 4, 17, 64, 3, 3, 1, 1, 1, ACTIVATION_RELU},  {2, 5, 1, 33, 80, 3, 3, 1, 1, 1, ACTIVATION_NONE},
        {2, 1, 4, 7, 19, 1, 1, 1, 0, 1, ACTIVATION_RELU},   {2, 3, 7, 1, 1, 1, 1, 1, 0, 1, ACTIVATION_RELU},
        {2, 18, 20, 6, 11, 1, 1, 1, 0, 1, ACTIVATION_NONE}, {2, 24, 17, 9, 8, 3, 3, 1, 1, 1, ACTIVATION_RELU},
        {2, 3, 5, 13, 17, 3, 3, 2, 1, 1, ACTIVATION_NONE},  {1, 3, 4, 15, 18, 7, 7, 2, 3, 1, ACTIVATION_NONE},
        {1, 2, 4, 20, 40, 3, 3, 1, 4, 4, ACTIVATION_RELU},  {1, 4, 4, 16, 40, 3, 3, 1, 1, 2, ACTIVATION_NONE},
        {2, 3, 4, 12, 33, 5, 5, 1, 2, 1, ACTIVATION_NONE},  {1, 2, 3, 11, 35, 3, 1, 1, 1, 1, ACTIVATION_NONE},
        {1, 2, 3, 9, 36, 2, 4, 1, 0, 1, ACTIVATION_RELU},   {1, 4, 4, 16, 34, 3, 3, 1, 0, 1, ACTIVATION_NONE},
        {1, 3, 2, 10, 10, 2, 2, 3, 1, 2, ACTIVATION_NONE},  {2, 3, 5, 3, 3, 3, 3, 1, 0, 1, ACTIVATION_RELU},
        {2, 3, 5, 1, 1, 3, 3, 1, 2, 1, ACTIVATION_NONE},    {2, 3, 5, 1, 1, 1, 1, 1, 1, 1, ACTIVATION_NONE},
        {2, 4, 3, 3, 2, 3, 2, 2, 0, 1, ACTIVATION_NONE},    {1, 6, 2, 1, 9, 1, 9, 1, 0, 1, ACTIVATION_NONE},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    bool dense = cases[index].h == 1 && cases[index].w == 1;
    node *x = tape_variable(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w, dense);
    node *weight = tape_variable(t, cases[index].oc, cases[index].ic, cases[index].kh, cases[index].kw, true);
    node *bias = index % 4 == 3 ? NULL : tape_variable(t, 1, cases[index].oc, 1, 1, true);
    return conv2d(t, x, weight, bias,
                  (conv2d_options){.stride = cases[index].stride,
                                   .padding = cases[index].padding,
                                   .dilation = cases[index].dilation,
                                   .activation = cases[index].activation});
}

const op op_conv2d = {.name = "conv2d",
                      .infer = infer,
                      .forward = forward,
                      .backward = backward,
                      .keeps = keeps,
                      .scratch = scratch,
                      .flops = flops,
                      .sample = sample,
                      .gathers_moments = true};

node *conv2d(tape *t, node *x, node *weight, node *bias, conv2d_options options) {
    node *inputs[] = {x, weight, bias};
    return tape_record(t, &op_conv2d, &options, sizeof options, bias ? 3 : 2, inputs);
}
