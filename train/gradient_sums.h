/* The sums of the gradients over the processes that train together (core/base/peers.h). They travel in few large parts,
 * in the order in which the backward pass completes them, and while it goes on.
 *
 * Thread rule: the thread that calls the engine. */
#ifndef IRST_TRAIN_GRADIENT_SUMS_H
#define IRST_TRAIN_GRADIENT_SUMS_H

#include "autograd/tape.h"
#include "core/base/peers.h"
#include "modules/parameter.h"

typedef struct gradient_sums gradient_sums;

/* Both must outlive it. Free with gradient_sums_free. */
status gradient_sums_new(peers *p, const parameter_set *parameters, gradient_sums **out);
void gradient_sums_free(gradient_sums *g); /* accepts NULL */

/* Before the last batch of a step: who is to be told of its gradients. A rank that is idle in it gives what its earlier
 * batches of the step have left, if `add`, or nothing. Valid until gradient_sums_finish. */
const gradient_listener *gradient_sums_begin(gradient_sums *g, bool add);

/* After it: every gradient is the sum over the ranks. */
void gradient_sums_finish(gradient_sums *g);

#endif
