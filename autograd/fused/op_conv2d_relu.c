/* Convolution and ReLU: the values between are never stored.
 *
 * Forward    Y = max(0, conv2d(X, weight) + bias)     (op_conv2d.c)
 * Gradients  those of conv2d, with dY where Y > 0, else 0, as its dY */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"
#include "autograd/shared/conv2d.h"
#include "autograd/tape_rewrite.h"

static void forward(node *n, const op_run *run) {
    conv2d_forward(n, NULL, 1, true, run);
}

static void mask_band(const worker *w, void *context, const plane_band *band) {
    node *n = context;
    float *grad = band_data(&n->grad, band);
    w->kernels->plane_relu_backward(band->rows, band_data(&n->value, band), grad, false, grad);
}

/* Nobody reads this gradient after us: it is masked in place. */
static void backward(node *n, const op_run *run) {
    bands_for(run->engine, &n->value, mask_band, n);
    conv2d_node_backward(n, run);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, oc, h, w, kernel, padding, dilation;
    } cases[] = {
        {2, 4, 4, 9, 21, 3, 1, 1},  {1, 1, 4, 17, 64, 3, 1, 1}, {2, 1, 4, 7, 19, 1, 0, 1}, {2, 3, 7, 1, 1, 1, 0, 1},
        {2, 24, 17, 9, 8, 3, 1, 1}, {1, 2, 4, 20, 40, 3, 4, 4}, {2, 3, 5, 3, 3, 3, 0, 1},  {2, 3, 5, 1, 1, 3, 2, 1},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int kernel = cases[index].kernel, oc = cases[index].oc;
    node *x = tape_variable(t, cases[index].n, cases[index].ic, cases[index].h, cases[index].w, false);
    node *inputs[] = {x, tape_variable(t, oc, cases[index].ic, kernel, kernel, true),
                      index % 2 ? tape_variable(t, 1, oc, 1, 1, true) : NULL};
    conv2d_options options = {1, cases[index].padding, cases[index].dilation};
    return tape_record(t, &op_conv2d_relu, &options, sizeof options, index % 2 ? 3 : 2, inputs);
}

const op op_conv2d_relu = {.name = "conv2d_relu",
                           .infer_shape = conv2d_node_infer_shape,
                           .prepare = conv2d_node_prepare,
                           .forward = forward,
                           .backward = backward,
                           .backward_reads = READS_INPUT_0 | READS_INPUT_1 | READS_OUTPUT,
                           .scratch = conv2d_scratch,
                           .flops = conv2d_node_flops,
                           .is_cheap = conv2d_node_is_cheap,
                           .sample = sample,
                           .gathers_moments = true};
