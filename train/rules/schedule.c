#include "train/rules/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of all epochs before this one, in steps on whole images. */
static double epoch_work(const schedule *s, int64_t epoch) {
    return crop_plan_work(&s->crops, epoch) * (double)s->steps_per_epoch;
}

/* "200, 300": epochs after which the rate falls. */
static status read_milestones(const char *text, schedule *out) {
    int64_t last = 0;
    const char *at = text;
    while (out->milestone_count < SCHEDULE_MILESTONES) {
        char *end;
        long long epoch = strtoll(at, &end, 10);
        end += strspn(end, " ");
        if (end == at || epoch <= last || epoch > 1000000 || (*end && *end != ','))
            break;
        out->milestones[out->milestone_count++] = epoch_work(out, epoch);
        if (!*end)
            return STATUS_OK;
        last = epoch;
        at = end + 1;
    }
    return status_fail(STATUS_USAGE, "train.milestones = %.100s: expected one to %d rising epochs, as in 200, 300",
                       text, SCHEDULE_MILESTONES);
}

static schedule_kind kind_of(const char *name) {
    static const char *const names[] = {"poly", "linear", "cosine", "constant", "steps", "one_cycle"}; /* as the enum */
    int kind = 0;
    while (strcmp(names[kind], name) != 0)
        kind++;
    return (schedule_kind)kind;
}

status schedule_read(const config *c, int64_t steps_per_epoch, bool constant, schedule *out) {
    double warmup = config_real(c, "train.warmup");
    *out = (schedule){.kind = constant ? SCHEDULE_CONSTANT : kind_of(config_text(c, "train.schedule")),
                      .initial = config_real(c, "train.learning_rate"),
                      .power = config_real(c, "train.power"),
                      .steps_per_epoch = steps_per_epoch};
    TRY(crop_plan_read(c, &out->crops));
    out->work = epoch_work(out, config_int(c, "train.epochs"));
    if (out->kind == SCHEDULE_ONE_CYCLE && warmup == 0)
        warmup = 0.3;
    out->warm_work = warmup * out->work;
    return read_milestones(config_text(c, "train.milestones"), out);
}

/* From 1 to 0 along half a cosine. */
static double half_cosine(double f) {
    return (1 + cos(M_PI * f)) / 2;
}

static double warm_rate(const schedule *s, double work) {
    double share = (work + 1) / (s->warm_work + 1);
    if (s->kind != SCHEDULE_ONE_CYCLE)
        return s->initial * share;
    double start = s->initial / 25;
    return start + (s->initial - start) * (1 - half_cosine(share));
}

double schedule_rate(const schedule *s, int64_t epoch, int64_t step) {
    double work = epoch_work(s, epoch) + (double)step * crop_plan_epoch_work(&s->crops, epoch);
    if (work < s->warm_work)
        return warm_rate(s, work);
    double rest = 1 - (work - s->warm_work) / (s->work - s->warm_work);
    double rate = s->initial;
    switch (s->kind) {
    case SCHEDULE_POLY:
        return rate * pow(rest, s->power);
    case SCHEDULE_LINEAR:
        return rate * rest;
    case SCHEDULE_COSINE:
    case SCHEDULE_ONE_CYCLE:
        return rate * half_cosine(1 - rest);
    case SCHEDULE_CONSTANT:
        return rate;
    case SCHEDULE_STEPS:
        for (int i = 0; i < s->milestone_count; i++)
            rate *= work >= s->milestones[i] ? 0.1 : 1;
        return rate;
    }
    return rate;
}
