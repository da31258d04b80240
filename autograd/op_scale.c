/* Scaling by one learnable number (epsilon and sigma of the unrolled stages).
 *
 * Forward    Y = s X
 * Gradients  dX = s dY;  ds = sum of dY X */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

static status infer_shape(node *n) {
    if (tensor_count(&n->input[1]->value) != 1)
        return status_fail(STATUS_USAGE, "the factor must be a single number");
    return infer_like_input(n);
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    w->kernels->plane_combine(band->rows, *n->input[1]->value.data, band_data(&n->input[0]->value, band), 0, NULL,
                              false, band_data(&n->value, band));
}

typedef struct scale_job {
    grad_target dx;
    double *sums; /* of each item */
} scale_job;

static void backward_band(const worker *w, void *context, const plane_band *band) {
    const scale_job *job = context;
    const grad_target *dx = &job->dx;
    const node *n = dx->n;
    const float *dy = band_data(&n->grad, band);
    job->sums[band->item] += w->kernels->plane_dot(band->rows, dy, band_data(&n->input[0]->value, band));
    if (dx->to)
        w->kernels->plane_combine(band->rows, *n->input[1]->value.data, dy, 0, NULL, dx->accumulate,
                                  band_data(dx->to, band));
}

static void backward(node *n, const op_run *run) {
    scale_job job = {.dx = grad_target_of(n, 0), .sums = run->scratch};
    double sum = bands_sum(run->engine, &n->value, backward_band, &job, job.sums);
    grad_target ds = grad_target_of(n, 1);
    if (ds.to)
        *ds.to->data = (ds.accumulate ? *ds.to->data : 0) + (float)sum;
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    return bands_sum_scratch(&n->value);
}

static node *sample(tape *t, int index) {
    return index ? NULL : scale(t, tape_variable(t, 2, 3, 5, 23, false), tape_variable(t, 1, 1, 1, 1, true));
}

const op op_scale = {.name = "scale",
                     .infer_shape = infer_shape,
                     .forward = bands_forward,
                     .forward_band = forward_band,
                     .backward = backward,
                     .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                     .scratch = scratch,
                     .sample = sample};

node *scale(tape *t, node *x, node *factor) {
    node *inputs[] = {x, factor};
    return tape_record(t, &op_scale, NULL, 0, 2, inputs);
}
