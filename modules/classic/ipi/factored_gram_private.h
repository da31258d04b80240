/* What the two parts of factored_gram.h share: the Gram matrix (factored_gram.c) and the next background
 * (factored_background.c).
 *
 * Thread rule: factored_gram_expand runs in any thread of the engine, for columns of its own. */
#ifndef IRST_MODULES_CLASSIC_IPI_FACTORED_GRAM_PRIVATE_H
#define IRST_MODULES_CLASSIC_IPI_FACTORED_GRAM_PRIVATE_H

#include "modules/classic/ipi/factored_gram.h"

#include "core/base/whole_numbers.h"

enum { GRAM_COLUMNS = TARGET_COLUMNS }; /* of n, per parallel item */

static inline double square(double x) {
    return x * x;
}

static inline int rank_of_both(const factored_gram *f) {
    return f->now.rank + f->before.rank;
}

static inline double weight_of(const factored_gram *f, int vector) {
    return vector < f->now.rank ? f->a : f->b;
}

typedef struct gram_job {
    factored_gram *f;
    target_entries *t;
    svt *s;
    const apg_pace *pace;
    bool reduces;   /* item 0 is the beginning of the decomposition */
    status outcome; /* of that */
} gram_job;

/* Some columns of x U_1 V_1^T + a U V^T + b U' V'^T, into G; x = 0 leaves out the first, which is the next one. */
void factored_gram_expand(factored_gram *f, double x, int first, int count);

#endif
