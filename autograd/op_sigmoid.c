/* Logistic function, elementwise.
 *
 * Forward    Y = 1 / (1 + exp(-X))
 * Gradient   dX = dY Y (1 - Y) */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

#include <math.h>

static void forward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    for (int row = 0; row < band->rows.h; row++) {
        const float *from = band_data(x, band) + row * x->row;
        float *to = band_data(y, band) + row * y->row;
        for (int i = 0; i < y->w; i++)
            to[i] = 1 / (1 + expf(-from[i]));
    }
}

static void backward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const grad_target *target = context;
    const tensor *y = &target->n->value, *dy = &target->n->grad, *dx = target->to;
    for (int row = 0; row < band->rows.h; row++) {
        const float *p = band_data(y, band) + row * y->row;
        const float *from = band_data(dy, band) + row * dy->row;
        float *to = band_data(dx, band) + row * dx->row;
        for (int i = 0; i < y->w; i++)
            to[i] = (target->accumulate ? to[i] : 0) + from[i] * p[i] * (1 - p[i]);
    }
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return sigmoid(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false));
}

const op op_sigmoid = {.name = "sigmoid",
                       .infer_shape = infer_like_input,
                       .forward = bands_forward,
                       .forward_band = forward_band,
                       .backward = bands_backward,
                       .backward_band = backward_band,
                       .backward_reads = READS_OUTPUT,
                       .sample = sample};

node *sigmoid(tape *t, node *x) {
    return tape_record(t, &op_sigmoid, NULL, 0, 1, &x);
}
