/* Averaged weights: an exponential moving average of all parameters and running statistics over the steps (Polyak &
 * Juditsky, 1992). While the rate is high, the weights jump around where they are going; their average does not.
 *
 * Thread rule: the thread that calls the engine. */
#ifndef IRST_TRAIN_RULES_AVERAGE_H
#define IRST_TRAIN_RULES_AVERAGE_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "modules/parameter.h"

#include <stdint.h>

typedef struct average {
    engine *engine; /* must outlive it */
    double decay;
    parameter_set *parameters; /* must outlive it */
    float **value;             /* of each parameter */
    int64_t steps;             /* averaged so far */
} average;

/* `decay`: what a step leaves of the average before, once that is long enough; less in the first steps, so that the
 * initial weights are forgotten as fast. Begins at the present values. */
status average_new(engine *e, parameter_set *parameters, double decay, average *out);
void average_free(average *a); /* accepts a zeroed struct */

/* Begins anew at the present values. */
void average_restart(average *a);

/* Takes in the present values. `trained` (may be NULL): an optimizer's own average of each trained parameter, which
 * then counts instead; running statistics are averaged here. */
void average_add(average *a, float *const *trained);

/* Exchanges average and present values: to evaluate or save the one in place of the other, and back. */
void average_swap(average *a);

#endif
