/* Batch normalisation (Ioffe & Szegedy, 2015) of each channel over batch, rows and columns, M values in all.
 *
 * Forward    xhat = (x - mean) r,  r = 1 / sqrt(var + eps),  Y = weight xhat + bias.
 *            Batch statistics: mean and biased variance of the batch; the running ones move by the momentum, the
 *            variance with M / (M - 1), as PyTorch. Running statistics: mean and var are constants.
 * Gradients  dbias = sum dY;  dweight = sum dY xhat
 *            batch:   dX = weight r (dY - dbias / M - xhat dweight / M)
 *            running: dX = weight r dY */
#include "autograd/ops.h"

#include "autograd/shared/batch_norm.h"
#include "autograd/tape_rewrite.h"

static void forward(node *n, const op_run *run) {
    batch_norm_forward(n, false, run);
}

static void backward(node *n, const op_run *run) {
    batch_norm_backward(n, false, run);
}

static node *sample(tape *t, int index) {
    return batch_norm_sample(t, &op_batch_norm, index);
}

const op op_batch_norm = {.name = "batch_norm",
                          .infer_shape = batch_norm_infer_shape,
                          .forward = forward,
                          .backward = backward,
                          .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                          .scratch = batch_norm_scratch,
                          .sample = sample};

node *batch_norm(tape *t, node *x, node *weight, node *bias, batch_norm_options options) {
    node *inputs[] = {x, weight, bias};
    return tape_record(t, &op_batch_norm, &options, sizeof options, 3, inputs);
}
