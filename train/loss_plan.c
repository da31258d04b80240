#include "train/loss_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static status add_loss(loss_plan *plan, const char *key, int64_t epoch, const char *text, size_t length) {
    if (length >= LOSS_TEXT)
        return status_fail(STATUS_USAGE, "%s: a loss of %zu characters, expected fewer than %d", key, length,
                           LOSS_TEXT);
    planned_loss *loss = &plan->losses[plan->count++];
    *loss = (planned_loss){.first_epoch = epoch, .key = key};
    snprintf(loss->text, LOSS_TEXT, "%.*s", (int)length, text);
    return STATUS_OK;
}

/* "8: soft_iou:batch + 0.01 mse, 10: bce" */
static status read_changes(const char *text, loss_plan *plan) {
    for (const char *at = text; *at;) {
        char *end;
        long long epoch = strtoll(at, &end, 10);
        end += strspn(end, " ");
        size_t length = *end == ':' ? strcspn(end + 1, ",") : 0;
        if (end == at || length == 0 || epoch <= plan->losses[plan->count - 1].first_epoch || epoch > 1000000 ||
            plan->count == LOSS_PLAN_LENGTH)
            return status_fail(STATUS_USAGE,
                               "train.loss_after = %.100s: expected EPOCH: LOSS, as in 8: soft_iou:batch + 0.01 mse, "
                               "and up to %d of them with rising epochs, separated by commas",
                               text, LOSS_PLAN_LENGTH - 1);
        const char *loss = end + 1 + strspn(end + 1, " ");
        TRY(add_loss(plan, "train.loss_after", epoch, loss, length - (size_t)(loss - end - 1)));
        at = end + 1 + length;
        at += strspn(at, ", ");
    }
    return STATUS_OK;
}

status loss_plan_read(const config *c, loss_plan *out) {
    *out = (loss_plan){0};
    const char *first = config_text(c, "train.loss");
    TRY(add_loss(out, "train.loss", 0, first, strlen(first)));
    return read_changes(config_text(c, "train.loss_after"), out);
}

const planned_loss *loss_plan_at(const loss_plan *plan, int64_t epoch) {
    const planned_loss *loss = &plan->losses[plan->count - 1];
    while (loss->first_epoch > epoch)
        loss--;
    return loss;
}
