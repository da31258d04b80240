/* Batch normalisation and ReLU: the values between are never stored.
 *
 * Forward    Y = max(0, z),  z = bn(X)     (op_batch_norm.c)
 * Gradients  those of batch_norm, with dY where z > 0, else 0, as its dY */
#include "autograd/shared/batch_norm.h"
#include "autograd/tape_rewrite.h"

static void forward(node *n, const op_run *run) {
    batch_norm_forward(n, true, run);
}

static void backward(node *n, const op_run *run) {
    batch_norm_backward(n, true, run);
}

static node *sample(tape *t, int index) {
    return batch_norm_sample(t, &op_batch_norm_relu, index);
}

const op op_batch_norm_relu = {.name = "batch_norm_relu",
                               .infer_shape = batch_norm_infer_shape,
                               .forward = forward,
                               .backward = backward,
                               .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                               .scratch = batch_norm_scratch,
                               .sample = sample};
