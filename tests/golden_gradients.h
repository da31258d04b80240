/* Gradients and running statistics of a golden file: a group's f64/{grad_l2, grad_sum, grad_first8}, param_names and
 * grad_relerr_f32; f64/buffer_values, buffer_names and buffer_offset. */
#ifndef IRST_TESTS_GOLDEN_GRADIENTS_H
#define IRST_TESTS_GOLDEN_GRADIENTS_H

#include "autograd/ops.h"
#include "tests/golden.h"

/* Compares the gradient of every parameter that the group names; within FROZEN_LIMIT where the statistics were fixed,
 * within what float32 itself can do where they were the batch's. */
status golden_compare_gradients(const h5_file *f, const char *group, const parameter_set *set,
                                norm_statistics statistics, int *wrong);

status golden_compare_statistics(const h5_file *f, const char *group, const parameter_set *set, int *wrong);

#endif
