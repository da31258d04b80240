/* Adam (Kingma & Ba, 2015), with the arithmetic of PyTorch's Adam: betas 0.9 and 0.999, epsilon 1e-8. */
#ifndef IRST_TRAIN_ADAM_H
#define IRST_TRAIN_ADAM_H

#include "core/status.h"
#include "modules/parameter.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct adam {
    const parameter_set *parameters; /* must outlive it */
    float **m, **v;                  /* first and second moments of each parameter; NULL where it is not trained */
    int64_t step;                    /* steps done */
} adam;

status adam_new(const parameter_set *parameters, adam *out); /* moments 0; free with adam_free */
void adam_free(adam *a);                                     /* accepts a zeroed struct */

/* One step along the gradients in the parameters:
 * m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
 * p -= rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). */
void adam_step(adam *a, double learning_rate);

#endif
