/* Which loss is trained from which epoch on: train.loss and train.loss_after.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_LOSS_PLAN_H
#define IRST_TRAIN_LOSS_PLAN_H

#include "core/base/status.h"
#include "core/config/config.h"

#include <stdint.h>

enum { LOSS_PLAN_LENGTH = 8, LOSS_TEXT = 256 };

typedef struct planned_loss {
    int64_t first_epoch; /* from 0, rising; that of the first is 0 */
    const char *key;     /* that it stands at, for messages */
    char text[LOSS_TEXT];
} planned_loss;

typedef struct loss_plan {
    int count;
    planned_loss losses[LOSS_PLAN_LENGTH];
} loss_plan;

/* STATUS_USAGE names the key. Whether a text is a loss, its network says. */
status loss_plan_read(const config *c, loss_plan *out);

const planned_loss *loss_plan_at(const loss_plan *plan, int64_t epoch);

#endif
