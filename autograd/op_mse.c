/* Mean squared error over all elements: the fidelity term.
 *
 * Forward    Y = sum (x - t)^2 / (N C H W)
 * Gradient   dx = dY 2 (x - t) / (N C H W); none for t */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

typedef struct sum_job {
    const node *n;
    double *sums; /* of each item */
} sum_job;

static void forward_band(const worker *w, void *context, const plane_band *band) {
    (void)w;
    const sum_job *job = context;
    const tensor *x = &job->n->input[0]->value, *t = &job->n->input[1]->value;
    double total = 0;
    for (int row = 0; row < band->rows.h; row++) {
        const float *a = band_data(x, band) + row * x->row, *b = band_data(t, band) + row * t->row;
        double sum = 0;
        for (int i = 0; i < x->w; i++)
            sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
        total += sum;
    }
    job->sums[band->item] += total;
}

static void forward(node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    sum_job job = {n, run->scratch};
    *n->value.data = (float)(bands_sum(run->engine, x, forward_band, &job, job.sums) / (double)tensor_count(x));
}

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const grad_target *target = context;
    const tensor *x = &target->n->input[0]->value, *t = &target->n->input[1]->value;
    float factor = (float)(2.0 * *target->n->grad.data / (double)tensor_count(x));
    w->kernels->plane_combine(band->rows, factor, band_data(x, band), -factor, band_data(t, band), target->accumulate,
                              band_data(target->to, band));
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    return bands_sum_scratch(&n->input[0]->value);
}

static node *sample(tape *t, int index) {
    return index ? NULL : mse(t, tape_variable(t, 2, 1, 9, 21, false), tape_input(t, 2, 1, 9, 21));
}

const op op_mse = {.name = "mse",
                   .infer = infer_loss,
                   .forward = forward,
                   .backward = bands_backward,
                   .backward_band = backward_band,
                   .keeps = KEEPS_INPUT_0 | KEEPS_INPUT_1,
                   .scratch = scratch,
                   .sample = sample};

node *mse(tape *t, node *x, node *target) {
    node *inputs[] = {x, target};
    return tape_record(t, &op_mse, NULL, 0, 2, inputs);
}
