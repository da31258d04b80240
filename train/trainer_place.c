#include "core/base/clock.h"
#include "train/trainer_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t trainer_epoch_step(const trainer *t) {
    return t->state.batch < t->per_epoch ? t->state.batch / t->accumulate : t->schedule.steps_per_epoch;
}

int64_t trainer_steps_done(const trainer *t) {
    return t->state.epoch * t->schedule.steps_per_epoch + trainer_epoch_step(t);
}

int64_t trainer_steps(const trainer *t) {
    return t->epochs * t->schedule.steps_per_epoch;
}

/* An optimizer that averages the weights itself does so in place of a falling rate (Defazio et al., 2024). */
status trainer_open_schedule(trainer *t) {
    const optimizer_rule *rule = t->optimizer.options.rule;
    const char *given = config_text(t->c, "train.schedule");
    if (rule->has_average && strcmp(given, "constant") != 0)
        trainer_say(t, "train.schedule = %s is passed over: %s keeps the rate constant", given, rule->name);
    return schedule_read(t->c, (t->per_epoch + t->accumulate - 1) / t->accumulate, rule->has_average, &t->schedule);
}

double trainer_work_done(const trainer *t) {
    const train_state *s = &t->state;
    double share = (double)s->batch / t->per_epoch;
    return crop_plan_work(&t->crops, s->epoch) + share * crop_plan_epoch_work(&t->crops, s->epoch);
}

double trainer_seconds_left(const trainer *t) {
    double done = trainer_work_done(t), here = done - t->begun_work;
    return here > 0 ? (clock_seconds() - t->begun) / here * (crop_plan_work(&t->crops, t->epochs) - done) : NAN;
}

void trainer_describe(const trainer *t, train_plan *out) {
    *out = (train_plan){.parameters = parameter_count_trained(detector_parameters(t->d)),
                        .images = loader_samples_per_epoch(t->batches),
                        .batches = t->per_epoch,
                        .steps_done = trainer_steps_done(t),
                        .steps = trainer_steps(t),
                        .work = crop_plan_work(&t->crops, t->epochs),
                        .memory = t->memory};
    snprintf(out->method, sizeof out->method, "%s", detector_name(t->d));
    snprintf(out->validated_on, sizeof out->validated_on, "%s", t->data.validated_on);
}
