/* Mean binary cross-entropy of p = sigmoid(z) for logits z and labels t in [0, 1], over all N elements.
 *
 * Forward    Y = -sum (t log p + (1 - t) log(1 - p)) / N = sum (max(0, z) - z t + log(1 + exp(-|z|))) / N
 *            The second form neither overflows nor takes the logarithm of 0.
 * Gradient   dz = dY (p - t) / N; none for t */
#include "autograd/ops.h"

#include "autograd/op_support.h"
#include "core/runtime.h"

#include <math.h>

static status infer(node *n) {
    TRY(require_same_shape(&n->input[0]->value, &n->input[1]->value));
    if (n->input[1]->requires_grad)
        return status_fail(STATUS_USAGE, "the mask must not depend on parameters");
    n->value = tensor_dense(1, 1, 1, 1);
    return STATUS_OK;
}

typedef struct sum_job {
    const node *n;
    double *sums; /* of each plane, added up in order */
} sum_job;

static void forward_plane(void *context, int plane) {
    const sum_job *job = context;
    const tensor *z = &job->n->input[0]->value, *t = &job->n->input[1]->value;
    double total = 0;
    for (int row = 0; row < z->h; row++) {
        const float *zr = plane_data(z, plane) + row * z->row, *tr = plane_data(t, plane) + row * t->row;
        for (int i = 0; i < z->w; i++)
            total += fmaxf(0, zr[i]) - zr[i] * tr[i] + log1pf(expf(-fabsf(zr[i])));
    }
    job->sums[plane] = total;
}

static void forward(node *n, const op_run *run) {
    const tensor *z = &n->input[0]->value;
    sum_job job = {n, (double *)(void *)run->scratch};
    int planes = z->n * z->c;
    parallel_for(planes, forward_plane, &job);
    double sum = 0;
    for (int plane = 0; plane < planes; plane++)
        sum += job.sums[plane];
    *n->value.data = (float)(sum / (double)tensor_count(z));
}

static void backward_plane(void *context, int plane) {
    const grad_target *target = context;
    const tensor *z = &target->n->input[0]->value, *t = &target->n->input[1]->value, *to = target->to;
    float factor = (float)(*target->n->grad.data / (double)tensor_count(z));
    for (int row = 0; row < z->h; row++) {
        const float *zr = plane_data(z, plane) + row * z->row, *tr = plane_data(t, plane) + row * t->row;
        float *out = plane_data(to, plane) + row * to->row;
        for (int i = 0; i < z->w; i++) {
            float grad = factor * (1 / (1 + expf(-zr[i])) - tr[i]);
            out[i] = target->accumulate ? out[i] + grad : grad;
        }
    }
}

static void backward(node *n, const op_run *run) {
    (void)run;
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        parallel_for(target.to->n * target.to->c, backward_plane, &target);
}

static int keeps(const node *n) {
    (void)n;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1;
}

static size_t scratch(const node *n) {
    const tensor *z = &n->input[0]->value;
    return (size_t)z->n * (size_t)z->c * sizeof(double) / sizeof(float);
}

static node *sample(tape *t, int index) {
    return index ? NULL : bce(t, tape_variable(t, 2, 1, 9, 21, false), tape_input(t, 2, 1, 9, 21));
}

const op op_bce = {.name = "bce",
                   .infer = infer,
                   .forward = forward,
                   .backward = backward,
                   .keeps = keeps,
                   .scratch = scratch,
                   .sample = sample};

node *bce(tape *t, node *logit, node *mask) {
    node *inputs[] = {logit, mask};
    return tape_record(t, &op_bce, NULL, 0, 2, inputs);
}
