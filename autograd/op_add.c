/* Weighted sum of two values of one shape; add and subtract are its special cases.
 *
 * Forward    Y = a A + b B           (a, b constants)
 * Gradients  dA = a dY;  dB = b dY */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

static status infer_shape(node *n) {
    TRY(require_same_shape(&n->input[0]->value, &n->input[1]->value));
    return infer_like_input(n);
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    const add_options *o = n->options;
    const tensor *a = &n->input[0]->value, *b = &n->input[1]->value;
    w->kernels->plane_combine(band->rows, o->weight_a, band_data(a, band), o->weight_b, band_data(b, band), false,
                              band_data(&n->value, band));
}

typedef struct add_job {
    grad_target target;
    float weight;
} add_job;

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const add_job *job = context;
    w->kernels->plane_combine(band->rows, job->weight, band_data(&job->target.n->grad, band), 0, NULL,
                              job->target.accumulate, band_data(job->target.to, band));
}

static void backward(node *n, const op_run *run) {
    const add_options *o = n->options;
    for (int i = 0; i < 2; i++) {
        add_job job = {grad_target_of(n, i), i ? o->weight_b : o->weight_a};
        if (job.target.to)
            bands_for(run->engine, job.target.to, backward_band, &job);
    }
}

static node *sample(tape *t, int index) {
    if (index > 3)
        return NULL;
    node *a = tape_variable(t, 2, 3, 6, 18, false);
    if (index == 3)
        return add(t, a, a); /* one value read twice: its gradient adds up */
    node *b = tape_variable(t, 2, 3, 6, 18, false);
    return index == 0 ? add(t, a, b) : index == 1 ? subtract(t, a, b) : add_weighted(t, a, 0.7f, b, -1.3f);
}

const op op_add = {.name = "add",
                   .infer_shape = infer_shape,
                   .forward = bands_forward,
                   .forward_band = forward_band,
                   .backward = backward,
                   .sample = sample};

node *add_weighted(tape *t, node *a, float weight_a, node *b, float weight_b) {
    node *inputs[] = {a, b};
    add_options options = {weight_a, weight_b};
    return tape_record(t, &op_add, &options, sizeof options, 2, inputs);
}

node *add(tape *t, node *a, node *b) {
    return add_weighted(t, a, 1, b, 1);
}

node *subtract(tape *t, node *a, node *b) {
    return add_weighted(t, a, 1, b, -1);
}
