/* The tensors of a trained network.
 *
 * Thread rule: as irst.h: one thread at a time for each detector. */
#ifndef IRST_PARAMETERS_H
#define IRST_PARAMETERS_H

#include "irst.h"

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* One of them, named and ordered as in the state_dict of the published checkpoints. Everything is the detector's and
 * lives as long as it does. */
typedef struct irst_parameter {
    const char *name;    /* "decos.0.lowrank.convs.0.weight" */
    int rank;            /* 0 to 4 */
    int shape[4];        /* `rank` numbers; of a convolution output, input, rows, columns */
    const float *values; /* dense, row by row */
    int is_counter;      /* 1: whole numbers, int64 in the published checkpoints; else 0 */
} irst_parameter;

/* How many the detector has; 0 for a method without parameters, and for NULL. */
int irst_parameter_count(const irst_detector *d);

/* The one at `index`, from 0. Returns 0, or 2 where there is none. */
int irst_parameter_at(const irst_detector *d, int index, irst_parameter *out);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
