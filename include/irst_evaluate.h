/* Figures of a detector on a data set, as irst-evaluate gives them.
 *
 * Thread rule: as irst.h: one thread at a time for each detector. */
#ifndef IRST_EVALUATE_H
#define IRST_EVALUATE_H

#include "irst.h"

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The memory is the detector's: valid until the next evaluation with it. */
typedef struct irst_evaluation {
    const char *json;    /* one object, as of `irst-evaluate --format json`: rates are fractions in [0, 1] */
    const char *remarks; /* what is odd about the data, a line each; "" if nothing is */
} irst_evaluation;

/* Runs the detector on one split of the data set in the folder or pack `data`, with the range of grey values and the
 * tiles that it was opened with. `settings`: `setting_count` texts as on the command line of irst-evaluate,
 *   split=NAME (test), size=N|native (as trained, else 256), resize=opencv|pillow (opencv),
 *   rule=max|logit|score|minmax|sigma (max; score if a threshold is given),
 *   threshold=T (the rule's; of the rule score the detector's), mask=max|half|any (max), protocol=overlap|centroid
 * (overlap). Returns 0 or an exit code, and then irst_error() says why and *out is zero. */
int irst_evaluate(irst_detector *d, const char *data, const char *const *settings, int setting_count,
                  irst_evaluation *out);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
