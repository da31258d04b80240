/* Learning-rate schedules. */
#ifndef IRST_TRAIN_SCHEDULE_H
#define IRST_TRAIN_SCHEDULE_H

#include "core/config.h"
#include "core/status.h"

#include <stdint.h>

typedef enum schedule_kind {
    SCHEDULE_POLY,     /* initial * (1 - step / steps)^power */
    SCHEDULE_CONSTANT, /* initial */
    SCHEDULE_STEPS     /* initial, divided by ten after each milestone */
} schedule_kind;

enum { SCHEDULE_MILESTONES = 8 };

typedef struct schedule {
    schedule_kind kind;
    double initial;
    double power;
    int64_t steps; /* of the whole run */
    int milestone_count;
    int64_t milestones[SCHEDULE_MILESTONES]; /* in steps, rising */
} schedule;

/* From train.schedule, learning_rate, power, milestones and epochs. */
status schedule_read(const config *c, int64_t steps_per_epoch, schedule *out);

/* The rate for the step about to be made: 0 .. steps - 1. */
double schedule_rate(const schedule *s, int64_t step);

#endif
