/* Mean squared error over all elements: the fidelity term.
 *
 * Forward    Y = sum (x - t)^2 / (N C H W)
 * Gradient   dx = dY 2 (x - t) / (N C H W); none for t */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

typedef struct sum_job {
    const node *n;
    double *sums; /* of each plane, added up in order */
} sum_job;

static void forward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const sum_job *job = context;
    const tensor *x = &job->n->input[0]->value, *t = &job->n->input[1]->value;
    double total = 0;
    for (int row = 0; row < x->h; row++) {
        const float *a = plane_data(x, plane) + row * x->row, *b = plane_data(t, plane) + row * t->row;
        double sum = 0;
        for (int i = 0; i < x->w; i++)
            sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
        total += sum;
    }
    job->sums[plane] = total;
}

static void forward(node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    sum_job job = {n, run->scratch};
    *n->value.data = (float)(planes_sum(run, x->n * x->c, forward_plane, &job, job.sums) / (double)tensor_count(x));
}

static void backward_plane(const worker *w, void *context, int plane) {
    const grad_target *target = context;
    const tensor *x = &target->n->input[0]->value, *t = &target->n->input[1]->value;
    float factor = (float)(2.0 * *target->n->grad.data / (double)tensor_count(x));
    w->kernels->plane_combine(plane_of(x), factor, plane_data(x, plane), -factor, plane_data(t, plane),
                              target->accumulate, plane_data(target->to, plane));
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    const tensor *x = &n->input[0]->value;
    return (size_t)x->n * (size_t)x->c * sizeof(double) / sizeof(float);
}

static node *sample(tape *t, int index) {
    return index ? NULL : mse(t, tape_variable(t, 2, 1, 9, 21, false), tape_input(t, 2, 1, 9, 21));
}

const op op_mse = {.name = "mse",
                   .infer = infer_loss,
                   .forward = forward,
                   .backward = planes_backward,
                   .backward_plane = backward_plane,
                   .keeps = KEEPS_INPUT_0 | KEEPS_INPUT_1,
                   .scratch = scratch,
                   .sample = sample};

node *mse(tape *t, node *x, node *target) {
    node *inputs[] = {x, target};
    return tape_record(t, &op_mse, NULL, 0, 2, inputs);
}
