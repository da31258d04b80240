/* Mean squared error over all elements of the whole batch, on all ranks: the fidelity term.
 *
 * Forward    Y = sum (x - t)^2 / (N C H W)
 * Gradient   dx = dY 2 (x - t) / (N C H W); none for t */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"
#include "core/base/peers.h"

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

static double element_count(const node *n, const engine *e) {
    const tensor *x = &n->input[0]->value;
    return (double)peers_images(e, x->n) * x->c * x->h * x->w;
}

static void forward(node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    sum_job job = {n, run->scratch};
    double total = bands_sum(run->engine, x, forward_band, &job, job.sums);
    peers_sum(engine_peers(run->engine), &total, 1);
    *n->value.data = (float)(total / element_count(n, run->engine));
}

typedef struct gradient_job {
    grad_target target;
    float factor;
} gradient_job;

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const gradient_job *job = context;
    const grad_target *target = &job->target;
    const tensor *x = &target->n->input[0]->value, *t = &target->n->input[1]->value;
    w->kernels->plane_combine(band->rows, job->factor, band_data(x, band), -job->factor, band_data(t, band),
                              target->accumulate, band_data(target->to, band));
}

static void backward(node *n, const op_run *run) {
    gradient_job job = {grad_target_of(n, 0), (float)(2.0 * *n->grad.data / element_count(n, run->engine))};
    if (job.target.to)
        bands_for(run->engine, job.target.to, backward_band, &job);
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    return bands_sum_scratch(&n->input[0]->value);
}

static node *sample(tape *t, int index) {
    return index ? NULL : mse(t, tape_variable(t, 2, 1, 9, 21, false), tape_input(t, 2, 1, 9, 21));
}

const op op_mse = {.name = "mse",
                   .infer_shape = infer_loss,
                   .forward = forward,
                   .backward = backward,
                   .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                   .scratch = scratch,
                   .sample = sample};

node *mse(tape *t, node *x, node *target) {
    node *inputs[] = {x, target};
    return tape_record(t, &op_mse, NULL, 0, 2, inputs);
}
