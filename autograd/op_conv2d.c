/* Convolution (cross-correlation) with bias.
 *
 * Forward    Y[n,o,y,x] = bias[o] + sum_i,ky,kx weight[o,i,ky,kx] * X[n,i, y s - p + ky d, x s - p + kx d]
 *            (s stride, p zero padding, d dilation)
 * Gradients  dX = the transposed map of dY;  dweight = dY correlated with X;  dbias[o] = sum_n,y,x dY */
#include "autograd/ops.h"

#include "autograd/shared/conv2d.h"

static void forward(node *n, const op_run *run) {
    conv2d_forward(n, NULL, 1, false, run);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, oc, h, w, kh, kw, stride, padding, dilation;
    } cases[] = {
        {2, 4, 4, 9, 21, 3, 3, 1, 1, 1},   {2, 8, 5, 18, 37, 3, 3, 1, 1, 1}, {1, 1, 4, 17, 64, 3, 3, 1, 1, 1},
        {2, 5, 1, 33, 80, 3, 3, 1, 1, 1},  {2, 1, 4, 7, 19, 1, 1, 1, 0, 1},  {2, 3, 7, 1, 1, 1, 1, 1, 0, 1},
        {2, 18, 20, 6, 11, 1, 1, 1, 0, 1}, {2, 24, 17, 9, 8, 3, 3, 1, 1, 1}, {2, 3, 5, 13, 17, 3, 3, 2, 1, 1},
        {1, 3, 4, 15, 18, 7, 7, 2, 3, 1},  {1, 2, 4, 20, 40, 3, 3, 1, 4, 4}, {1, 4, 4, 16, 40, 3, 3, 1, 1, 2},
        {2, 3, 4, 12, 33, 5, 5, 1, 2, 1},  {1, 2, 3, 11, 35, 3, 1, 1, 1, 1}, {1, 2, 3, 9, 36, 2, 4, 1, 0, 1},
        {1, 4, 4, 16, 34, 3, 3, 1, 0, 1},  {1, 3, 2, 10, 10, 2, 2, 3, 1, 2}, {2, 3, 5, 3, 3, 3, 3, 1, 0, 1},
        {2, 3, 5, 1, 1, 3, 3, 1, 2, 1},    {2, 3, 5, 1, 1, 1, 1, 1, 1, 1},   {2, 4, 3, 3, 2, 3, 2, 2, 0, 1},
        {1, 6, 2, 1, 9, 1, 9, 1, 0, 1},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    bool dense = cases[index].h == 1 && cases[index].w == 1;
    node *x = tape_variable(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w, dense);
    node *weight = tape_variable(t, cases[index].oc, cases[index].ic, cases[index].kh, cases[index].kw, true);
    node *bias = index % 4 == 3 ? NULL : tape_variable(t, 1, cases[index].oc, 1, 1, true);
    return conv2d(t, x, weight, bias,
                  (conv2d_options){cases[index].stride, cases[index].padding, cases[index].dilation});
}

const op op_conv2d = {.name = "conv2d",
                      .infer_shape = conv2d_node_infer_shape,
                      .prepare = conv2d_node_prepare,
                      .forward = forward,
                      .backward = conv2d_node_backward,
                      .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                      .scratch = conv2d_scratch,
                      .flops = conv2d_node_flops,
                      .is_cheap = conv2d_node_is_cheap,
                      .sample = sample,
                      .gathers_moments = true};

node *conv2d(tape *t, node *x, node *weight, node *bias, conv2d_options options) {
    node *inputs[] = {x, weight, bias};
    return tape_record(t, &op_conv2d, &options, sizeof options, bias ? 3 : 2, inputs);
}
