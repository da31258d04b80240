/* Crops before whole images, small ones before larger ones: train.crop_epochs and train.crop_size.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_CROP_PLAN_H
#define IRST_TRAIN_CROP_PLAN_H

#include "core/base/status.h"
#include "core/config/config.h"

#include <stdint.h>

enum { CROP_PLAN_LENGTH = 8 };

typedef struct crop_plan {
    int count;
    int64_t end[CROP_PLAN_LENGTH]; /* the epoch, from 0, that another size or whole images begin with */
    int size[CROP_PLAN_LENGTH];    /* pixels a side */
    int whole;                     /* pixels a side of whole images */
} crop_plan;

/* "16, 8" and "64, 128": 16 epochs on crops of 64 x 64, then 8 of 128 x 128. STATUS_USAGE names the key, of
 * crops that are larger than the image, too. */
status crop_plan_read(const config *c, crop_plan *out);

int crop_plan_size(const crop_plan *plan, int64_t epoch); /* 0: whole images */

/* How long epoch number `epoch` takes, one of whole images taking 1: an image takes as long as it has pixels. */
double crop_plan_epoch_work(const crop_plan *plan, int64_t epoch);
double crop_plan_work(const crop_plan *plan, int64_t epoch); /* of all epochs before that one */

#endif
