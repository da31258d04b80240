/* Folding a batch norm into the convolution before it, for inference:
 * gamma (conv(x) - mean) / sqrt(var + eps) + beta = conv'(x), a convolution with other weights and bias. */
#ifndef IRST_AUTOGRAD_FUSED_FOLD_H
#define IRST_AUTOGRAD_FUSED_FOLD_H

#include "autograd/tape.h"

#include <stdbool.h>

/* Folds every batch norm with running statistics whose input is a convolution without activation that nothing else
 * reads. After recording, before tape_plan, on tapes without loss. */
void tape_fold_batch_norms(tape *t);

/* For op_conv2d, of a convolution that absorbs a batch norm: exchanges weights, bias and activation for the folded
 * ones, computed in double at each forward, since parameters may have changed. */
void fold_weights(const node *conv, const float **weight, const float **bias, bool *relu);

#endif
