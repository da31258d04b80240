/* Plain double-precision forward passes of the operations: the oracle of values and, by central differences, of
 * gradients. Written from the formulas, independently of the engine: dense N x C x H x W arrays, nested loops. */
#ifndef IRST_TESTS_AUTOGRAD_OP_REFERENCE_H
#define IRST_TESTS_AUTOGRAD_OP_REFERENCE_H

#include "autograd/losses/mask_loss.h"
#include "autograd/tape.h"

#include <stddef.h>

typedef struct array4 {
    int n, c, h, w;
    double *data;
} array4;

size_t array4_count(const array4 *a);

/* output: shape and memory given by the caller. Returns 0 if the operation is unknown here. */
int op_reference_forward(const node *n, const array4 *inputs, array4 *output);

/* The part for pooling (pool_reference.c). */
int pool_reference_forward(const node *n, const array4 *inputs, array4 *output);
/* That for losses against a mask (mask_loss_reference.c). */
int mask_loss_reference_forward(const mask_loss_options *options, const array4 *inputs, array4 *output);

#endif
