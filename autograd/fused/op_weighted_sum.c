/* Weighted sum of several values of one shape: what a chain of additions comes to, in one pass.
 *
 * Forward    Y = sum over i of w_i X_i, in order     (w_i constants)
 * Gradients  dX_i = w_i dY */
#include "autograd/fused/fused.h"

#include "autograd/shared/bands.h"
#include "autograd/tape_rewrite.h"

static status infer_shape(node *n) {
    for (int i = 1; i < n->input_count; i++)
        TRY(require_same_shape(&n->input[0]->value, &n->input[i]->value));
    return infer_like_input(n);
}

static void forward_band(const worker *w, void *context, const plane_band *b) {
    const node *n = context;
    const weighted_sum_options *o = n->options;
    const float *x[NODE_INPUTS];
    for (int i = 0; i < n->input_count; i++)
        x[i] = band_data(&n->input[i]->value, b);
    w->kernels->plane_sum_up(b->rows, n->input_count, x, o->weights, band_data(&n->value, b));
}

typedef struct gradient_job {
    const node *n;
    grad_target targets[NODE_INPUTS];
} gradient_job;

/* All inputs at once, while dY is in the cache; one that occurs twice adds up. */
static void backward_band(const worker *w, void *context, const plane_band *b) {
    const gradient_job *job = context;
    const weighted_sum_options *o = job->n->options;
    for (int i = 0; i < job->n->input_count; i++) {
        const grad_target *target = &job->targets[i];
        if (target->to)
            w->kernels->plane_combine(b->rows, o->weights[i], band_data(&job->n->grad, b), 0, NULL, target->accumulate,
                                      band_data(target->to, b));
    }
}

static void backward(node *n, const op_run *run) {
    gradient_job job = {.n = n};
    for (int i = 0; i < n->input_count; i++)
        job.targets[i] = grad_target_of(n, i);
    bands_for(run->engine, &n->grad, backward_band, &job);
}

static node *sample(tape *t, int index) {
    static const weighted_sum_options options = {{0.7f, -1.3f, 1, -1, 0.5f}};
    if (index > 2)
        return NULL;
    node *inputs[5];
    for (int i = 0; i < 5; i++)
        inputs[i] = index == 2 ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 6, 18, false);
    if (index == 1)
        inputs[2] = inputs[0]; /* one value read twice */
    return tape_record(t, &op_weighted_sum, &options, sizeof options, index == 1 ? 3 : 5, inputs);
}

const op op_weighted_sum = {.name = "weighted_sum",
                            .infer_shape = infer_shape,
                            .forward = bands_forward,
                            .forward_band = forward_band,
                            .backward = backward,
                            .sample = sample};
