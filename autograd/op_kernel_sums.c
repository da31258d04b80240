/* Sums of the kernels of a convolution: the weights of the 1x1 convolution that answers to a flat neighbourhood as the
 * kernels do.
 *
 * Forward    S[o,i] = sum over ky, kx of W[o,i,ky,kx]
 * Gradient   dW[o,i,ky,kx] += dS[o,i] */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"

static status infer_shape(node *n) {
    const tensor *weight = &n->input[0]->value;
    if (!tensor_is_dense(weight))
        return status_fail(STATUS_USAGE, "the kernels must be dense, as parameters are");
    n->value = tensor_dense(weight->n, weight->c, 1, 1);
    return STATUS_OK;
}

static void sum_kernel(const worker *w, void *context, int index) {
    (void)w;
    const node *n = context;
    const tensor *weight = &n->input[0]->value;
    const float *kernel = weight->data + index * weight->plane;
    double sum = 0;
    for (int i = 0; i < weight->h * weight->w; i++)
        sum += kernel[i];
    n->value.data[index] = (float)sum;
}

static void forward(node *n, const op_run *run) {
    parallel_for(run->engine, plane_count(n), sum_kernel, n);
}

static void spread(const worker *w, void *context, int index) {
    (void)w;
    const grad_target *target = context;
    float *kernel = target->to->data + index * target->to->plane;
    for (int i = 0; i < target->to->h * target->to->w; i++)
        kernel[i] = (target->accumulate ? kernel[i] : 0) + target->n->grad.data[index];
}

static void backward(node *n, const op_run *run) {
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        parallel_for(run->engine, plane_count(n), spread, &target);
}

static node *sample(tape *t, int index) {
    static const int kernels[][4] = {{3, 4, 5, 5}, {2, 1, 3, 2}, {4, 3, 1, 1}};
    if (index >= (int)(sizeof kernels / sizeof *kernels))
        return NULL;
    const int *k = kernels[index];
    return kernel_sums(t, tape_variable(t, k[0], k[1], k[2], k[3], true));
}

const op op_kernel_sums = {
    .name = "kernel_sums", .infer_shape = infer_shape, .forward = forward, .backward = backward, .sample = sample};

node *kernel_sums(tape *t, node *weight) {
    return tape_record(t, &op_kernel_sums, NULL, 0, 1, &weight);
}
