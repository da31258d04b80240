/* Scaling by one learnable number (epsilon and sigma of the unrolled stages).
 *
 * Forward    Y = s X
 * Gradients  dX = s dY;  ds = sum of dY X */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer(node *n) {
    if (tensor_count(&n->input[1]->value) != 1)
        return status_fail(STATUS_USAGE, "the factor must be a single number");
    return infer_like_input(n);
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    w->kernels->plane_combine(plane_of(x), *n->input[1]->value.data, plane_data(x, plane), 0, NULL, false,
                              plane_data(&n->value, plane));
}

typedef struct scale_job {
    const node *n;
    const tensor *dx;
    bool accumulate;
    double *sums; /* of each plane, added up in order */
} scale_job;

static void backward_plane(const worker *w, void *context, int plane) {
    const scale_job *job = context;
    const tensor *x = &job->n->input[0]->value;
    const float *dy = plane_data(&job->n->grad, plane);
    job->sums[plane] = w->kernels->plane_dot(plane_of(x), dy, plane_data(x, plane));
    if (job->dx)
        w->kernels->plane_combine(plane_of(x), *job->n->input[1]->value.data, dy, 0, NULL, job->accumulate,
                                  plane_data(job->dx, plane));
}

static void backward(node *n, const op_run *run) {
    scale_job job = {.n = n, .sums = run->scratch};
    bool accumulate;
    const tensor *ds = node_grad(n, 1, &accumulate);
    job.dx = node_grad(n, 0, &job.accumulate);
    double sum = planes_sum(run, plane_count(n), backward_plane, &job, job.sums);
    if (ds)
        *ds->data = (accumulate ? *ds->data : 0) + (float)sum;
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    return (size_t)(plane_count(n)) * sizeof(double) / sizeof(float);
}

static node *sample(tape *t, int index) {
    return index ? NULL : scale(t, tape_variable(t, 2, 3, 5, 23, false), tape_variable(t, 1, 1, 1, 1, true));
}

const op op_scale = {.name = "scale",
                     .infer = infer,
                     .forward = planes_forward,
                     .forward_plane = forward_plane,
                     .backward = backward,
                     .keeps = KEEPS_INPUT_0 | KEEPS_INPUT_1,
                     .scratch = scratch,
                     .sample = sample};

node *scale(tape *t, node *x, node *factor) {
    node *inputs[] = {x, factor};
    return tape_record(t, &op_scale, NULL, 0, 2, inputs);
}
