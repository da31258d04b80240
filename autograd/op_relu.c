/* Rectified linear unit, elementwise.
 *
 * Forward    Y = max(0, X)
 * Gradient   dX = dY where Y > 0, else 0 */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    w->kernels->plane_affine(band->rows, band_data(&n->input[0]->value, band), 1, 0, true, band_data(&n->value, band));
}

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const grad_target *target = context;
    w->kernels->plane_relu_backward(band->rows, band_data(&target->n->value, band), band_data(&target->n->grad, band),
                                    target->accumulate, band_data(target->to, band));
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return relu(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false));
}

const op op_relu = {.name = "relu",
                    .infer_shape = infer_like_input,
                    .forward = bands_forward,
                    .forward_band = forward_band,
                    .backward = bands_backward,
                    .backward_band = backward_band,
                    .backward_reads = READS_OUTPUT,
                    .sample = sample};

node *relu(tape *t, node *x) {
    return tape_record(t, &op_relu, NULL, 0, 1, &x);
}
