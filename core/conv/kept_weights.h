/* Weights in the form that kernels want, kept from one run to the next. A fingerprint of the weights that they were
 * made of tells when to make them anew: whoever trains, loads or folds weights need tell nobody.
 *
 * Thread rule: one thread at a time, the one that the engine serves. */
#ifndef IRST_CORE_CONV_KEPT_WEIGHTS_H
#define IRST_CORE_CONV_KEPT_WEIGHTS_H

#include "core/base/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEPT_SOURCES = 2 };
typedef struct kept_weights {
    float *packed; /* not owned; NULL: nothing is kept */
    bool filled;
    uint64_t fingerprints[KEPT_SOURCES];
} kept_weights;

/* Of the bits of the weights: differs whenever a single one changed, and by all chance (1 in 2^64) when several did.
 * Takes about a seventh of the time of packing. */
uint64_t weights_fingerprint(engine *e, const float *weight, size_t count);

/* One for several arrays together: of their fingerprints, in this order. */
uint64_t weights_fingerprint_of(const uint64_t *fingerprints, int count);

/* Whether what is kept was made of weights with these fingerprints, at most KEPT_SOURCES; if not, the caller makes it
 * now. */
bool kept_weights_are(kept_weights *kept, const uint64_t *fingerprints, int count);

#endif
