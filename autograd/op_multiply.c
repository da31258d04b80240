/* Product of two values of one shape, element by element.
 *
 * Forward    Y = A B
 * Gradients  dA = B dY;  dB = A dY */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

static status infer_shape(node *n) {
    TRY(require_same_shape(&n->input[0]->value, &n->input[1]->value));
    return infer_like_input(n);
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    w->kernels->plane_product(band->rows, band_data(&n->input[0]->value, band), band_data(&n->input[1]->value, band),
                              false, band_data(&n->value, band));
}

typedef struct multiply_job {
    grad_target target;
    const tensor *other;
} multiply_job;

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const multiply_job *job = context;
    w->kernels->plane_product(band->rows, band_data(&job->target.n->grad, band), band_data(job->other, band),
                              job->target.accumulate, band_data(job->target.to, band));
}

static void backward(node *n, const op_run *run) {
    for (int i = 0; i < 2; i++) {
        multiply_job job = {grad_target_of(n, i), &n->input[1 - i]->value};
        if (job.target.to)
            bands_for(run->engine, job.target.to, backward_band, &job);
    }
}

static node *sample(tape *t, int index) {
    if (index > 2)
        return NULL;
    bool dense = index == 1;
    node *a = dense ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 6, 19, false);
    if (index == 2)
        return multiply(t, a, a); /* the square */
    return multiply(t, a, dense ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 6, 19, false));
}

const op op_multiply = {.name = "multiply",
                        .infer_shape = infer_shape,
                        .forward = bands_forward,
                        .forward_band = forward_band,
                        .backward = backward,
                        .backward_reads_of = product_backward_reads,
                        .sample = sample};

node *multiply(tape *t, node *a, node *b) {
    node *inputs[] = {a, b};
    return tape_record(t, &op_multiply, NULL, 0, 2, inputs);
}
