/* Learning-rate schedules. */
#ifndef IRST_TRAIN_RULES_SCHEDULE_H
#define IRST_TRAIN_RULES_SCHEDULE_H

#include "core/config.h"
#include "core/status.h"

#include <stdint.h>

/* Over the steps behind the warm-up, f being the share of them that is done. */
typedef enum schedule_kind {
    SCHEDULE_POLY,     /* initial * (1 - f)^power */
    SCHEDULE_LINEAR,   /* initial * (1 - f) */
    SCHEDULE_COSINE,   /* initial * (1 + cos(pi f)) / 2 */
    SCHEDULE_CONSTANT, /* initial */
    SCHEDULE_STEPS,    /* initial, divided by ten after each milestone */
    SCHEDULE_ONE_CYCLE /* as cosine, but the warm-up rises along a cosine from initial / 25, over 30 % of the steps if
                          no other length is given (Smith & Topin, 2018, as PyTorch's OneCycleLR) */
} schedule_kind;

enum { SCHEDULE_MILESTONES = 8 };

typedef struct schedule {
    schedule_kind kind;
    double initial;
    double power;
    double warm_steps; /* the rate rises linearly over so many */
    int64_t steps;     /* of the whole run */
    int milestone_count;
    int64_t milestones[SCHEDULE_MILESTONES]; /* in steps, rising */
} schedule;

/* From train.schedule, learning_rate, power, warmup, milestones and epochs. */
status schedule_read(const config *c, int64_t steps_per_epoch, schedule *out);

/* The rate for the step about to be made: 0 .. steps - 1. */
double schedule_rate(const schedule *s, int64_t step);

#endif
