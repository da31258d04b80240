#include "train/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "200, 300": epochs after which the rate falls. */
static status read_milestones(const char *text, int64_t steps_per_epoch, schedule *out) {
    int64_t last = 0;
    const char *at = text;
    while (out->milestone_count < SCHEDULE_MILESTONES) {
        char *end;
        long long epoch = strtoll(at, &end, 10);
        end += strspn(end, " ");
        if (end == at || epoch <= last || epoch > 1000000 || (*end && *end != ','))
            break;
        out->milestones[out->milestone_count++] = epoch * steps_per_epoch;
        if (!*end)
            return STATUS_OK;
        last = epoch;
        at = end + 1;
    }
    return status_fail(STATUS_USAGE, "train.milestones = %.100s: expected one to %d rising epochs, as in 200, 300",
                       text, SCHEDULE_MILESTONES);
}

status schedule_read(const config *c, int64_t steps_per_epoch, schedule *out) {
    const char *kind = config_text(c, "train.schedule");
    *out = (schedule){.kind = SCHEDULE_POLY,
                      .initial = config_real(c, "train.learning_rate"),
                      .power = config_real(c, "train.power"),
                      .steps = config_int(c, "train.epochs") * steps_per_epoch};
    if (!strcmp(kind, "constant"))
        out->kind = SCHEDULE_CONSTANT;
    if (!strcmp(kind, "steps"))
        out->kind = SCHEDULE_STEPS;
    return read_milestones(config_text(c, "train.milestones"), steps_per_epoch, out);
}

double schedule_rate(const schedule *s, int64_t step) {
    double rate = s->initial;
    if (s->kind == SCHEDULE_POLY)
        rate *= pow(1 - (double)step / (double)s->steps, s->power);
    for (int i = 0; s->kind == SCHEDULE_STEPS && i < s->milestone_count; i++)
        rate *= step >= s->milestones[i] ? 0.1 : 1;
    return rate;
}
