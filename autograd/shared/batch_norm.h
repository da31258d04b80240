/* Batch normalisation with and without ReLU, as an operation of its own: the formulas stand in op_batch_norm.c. Inputs
 * are x, weight and bias, the options batch_norm_options.
 *
 * Thread rule: the calling thread of the tape's engine. */
#ifndef IRST_AUTOGRAD_SHARED_BATCH_NORM_H
#define IRST_AUTOGRAD_SHARED_BATCH_NORM_H

#include "autograd/ops.h"

status batch_norm_infer_shape(node *n);
void batch_norm_forward(node *n, bool relu, const op_run *run);
void batch_norm_backward(node *n, bool relu, const op_run *run);
size_t batch_norm_scratch(const engine *e, const node *n);

/* A node of `operation`, one of the two, on leaves of its own; see op.sample. */
node *batch_norm_sample(tape *t, const op *operation, int index);

#endif
