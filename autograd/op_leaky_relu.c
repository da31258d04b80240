/* Leaky rectified linear unit (Maas et al., 2013), elementwise, of a slope s > 0.
 *
 * Forward    Y = X where X > 0, else s X
 * Gradient   dX = dY where Y > 0, else s dY */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

static status infer_shape(node *n) {
    const leaky_relu_options *o = n->options;
    if (!(o->slope > 0))
        return status_fail(STATUS_USAGE, "a slope of %g, expected one above 0", o->slope);
    return infer_like_input(n);
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    const float slope = ((const leaky_relu_options *)n->options)->slope;
    for (int row = 0; row < band->rows.h; row++) {
        const float *from = band_data(x, band) + row * x->row;
        float *to = band_data(y, band) + row * y->row;
        for (int i = 0; i < y->w; i++)
            to[i] = from[i] > 0 ? from[i] : slope * from[i];
    }
}

static void backward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const grad_target *target = context;
    const tensor *y = &target->n->value, *dy = &target->n->grad, *dx = target->to;
    const float slope = ((const leaky_relu_options *)target->n->options)->slope;
    for (int row = 0; row < band->rows.h; row++) {
        const float *sign = band_data(y, band) + row * y->row;
        const float *from = band_data(dy, band) + row * dy->row;
        float *to = band_data(dx, band) + row * dx->row;
        for (int i = 0; i < y->w; i++)
            to[i] = (target->accumulate ? to[i] : 0) + (sign[i] > 0 ? from[i] : slope * from[i]);
    }
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return leaky_relu(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false),
                      index ? 0.2f : 0.1f);
}

const op op_leaky_relu = {.name = "leaky_relu",
                          .infer_shape = infer_shape,
                          .forward = bands_forward,
                          .forward_band = forward_band,
                          .backward = bands_backward,
                          .backward_band = backward_band,
                          .backward_reads = READS_OUTPUT,
                          .sample = sample};

node *leaky_relu(tape *t, node *x, float slope) {
    leaky_relu_options options = {slope};
    return tape_record(t, &op_leaky_relu, &options, sizeof options, 1, &x);
}
