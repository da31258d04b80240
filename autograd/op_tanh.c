/* Hyperbolic tangent, elementwise.
 *
 * Forward    Y = tanh(X)
 * Gradient   dX = dY (1 - Y^2) */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

#include <math.h>

/* (1 - e) / (1 + e), e = exp(-2 |x|), takes a fourth of tanhf's time; where it would cancel, the first terms of the
 * series are exact to a rounding. */
static float tanh_of(float x) {
    float square = x * x;
    if (square < 0.01f)
        return x * (1 - square * (1.0f / 3 - square * (2.0f / 15 - square * (17.0f / 315))));
    float e = expf(-2 * fabsf(x));
    return copysignf((1 - e) / (1 + e), x);
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    for (int row = 0; row < band->rows.h; row++) {
        const float *from = band_data(x, band) + row * x->row;
        float *to = band_data(y, band) + row * y->row;
        for (int i = 0; i < y->w; i++)
            to[i] = tanh_of(from[i]);
    }
}

static void backward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const grad_target *target = context;
    const tensor *y = &target->n->value, *dy = &target->n->grad, *dx = target->to;
    for (int row = 0; row < band->rows.h; row++) {
        const float *t = band_data(y, band) + row * y->row;
        const float *from = band_data(dy, band) + row * dy->row;
        float *to = band_data(dx, band) + row * dx->row;
        for (int i = 0; i < y->w; i++)
            to[i] = (target->accumulate ? to[i] : 0) + from[i] * (1 - t[i] * t[i]);
    }
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return hyperbolic_tangent(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false));
}

const op op_tanh = {.name = "tanh",
                    .infer_shape = infer_like_input,
                    .forward = bands_forward,
                    .forward_band = forward_band,
                    .backward = bands_backward,
                    .backward_band = backward_band,
                    .backward_reads = READS_OUTPUT,
                    .sample = sample};

node *hyperbolic_tangent(tape *t, node *x) {
    return tape_record(t, &op_tanh, NULL, 0, 1, &x);
}
