/* Learning-rate schedule. */
#ifndef IRST_TRAIN_SCHEDULE_H
#define IRST_TRAIN_SCHEDULE_H

#include <stdint.h>

/* Poly schedule: initial * (1 - step / total)^power, for the step about to be made (0 .. total - 1). */
double schedule_poly(double initial, int64_t step, int64_t total, double power);

#endif
