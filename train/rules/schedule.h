/* Learning-rate schedules.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_RULES_SCHEDULE_H
#define IRST_TRAIN_RULES_SCHEDULE_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "train/crop_plan.h"

#include <stdint.h>

/* Behind the warm-up, f being the share of the work that is done. A step's work is in proportion to the pixels it sees:
 * one on whole images counts 1, one on crops (train.crop_epochs) less, so that the many cheap steps on small crops do
 * not use up the rate before the few dear ones on whole images. */
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
    double warm_work; /* the rate rises linearly over so much */
    double work;      /* of the whole run */
    int milestone_count;
    double milestones[SCHEDULE_MILESTONES]; /* work done before each, rising */
    crop_plan crops;
    int64_t steps_per_epoch;
} schedule;

/* From train.schedule, learning_rate, power, warmup, milestones and epochs. `constant`: the rate stays where the
 * warm-up takes it, whatever train.schedule says. */
status schedule_read(const config *c, int64_t steps_per_epoch, bool constant, schedule *out);

/* The rate for the step about to be made: number 0 .. steps_per_epoch - 1 of an epoch. */
double schedule_rate(const schedule *s, int64_t epoch, int64_t step);

#endif
