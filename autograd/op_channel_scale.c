/* Scaling of each channel of each image by a gate: the excitation of squeeze-and-excitation (Hu et al., 2018).
 *
 * Forward    Y[n,c,y,x] = G[n,c] X[n,c,y,x]
 * Gradients  dX = G dY;  dG[n,c] = sum over y, x of dY X */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value, *gate = &n->input[1]->value;
    if (gate->n != x->n || gate->c != x->c || gate->h != 1 || gate->w != 1)
        return status_fail(STATUS_USAGE, "gates %dx%dx%dx%d for an input of %dx%d channels", gate->n, gate->c, gate->h,
                           gate->w, x->n, x->c);
    return infer_like_input(n);
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    w->kernels->plane_affine(plane_of(x), plane_data(x, plane), n->input[1]->value.data[plane], 0, false,
                             plane_data(y, plane));
}

typedef struct scale_job {
    const node *n;
    grad_target dx, dgate;
} scale_job;

static void backward_plane(const worker *w, void *context, int plane) {
    const scale_job *job = context;
    const tensor *x = &job->n->input[0]->value, *gate = &job->n->input[1]->value;
    const float *dy = plane_data(&job->n->grad, plane);
    if (job->dgate.to) {
        float sum = (float)w->kernels->plane_dot(plane_of(x), dy, plane_data(x, plane));
        float *to = &job->dgate.to->data[plane];
        *to = job->dgate.accumulate ? *to + sum : sum;
    }
    if (job->dx.to)
        w->kernels->plane_combine(plane_of(x), gate->data[plane], dy, 0, NULL, job->dx.accumulate,
                                  plane_data(job->dx.to, plane));
}

static void backward(node *n, const op_run *run) {
    scale_job job = {.n = n};
    job.dgate = grad_target_of(n, 1); /* in the order in which they are written: both may be one */
    job.dx = grad_target_of(n, 0);
    parallel_for(run->engine, plane_count(n), backward_plane, &job);
}

static node *sample(tape *t, int index) {
    return index ? NULL : channel_scale(t, tape_variable(t, 2, 3, 9, 20, false), tape_variable(t, 2, 3, 1, 1, true));
}

const op op_channel_scale = {.name = "channel_scale",
                             .infer_shape = infer_shape,
                             .forward = planes_forward,
                             .forward_plane = forward_plane,
                             .backward = backward,
                             .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                             .sample = sample};

node *channel_scale(tape *t, node *x, node *gate) {
    node *inputs[] = {x, gate};
    return tape_record(t, &op_channel_scale, NULL, 0, 2, inputs);
}
