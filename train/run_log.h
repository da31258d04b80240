/* What a run leaves to read: log.csv (a row per epoch), curves.png, and scalars for TensorBoard. */
#ifndef IRST_TRAIN_RUN_LOG_H
#define IRST_TRAIN_RUN_LOG_H

#include "core/status.h"
#include "modules/detector.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct epoch_row {
    int64_t epoch, step;
    double learning_rate;                   /* of the epoch's last step */
    double losses[1 + DETECTOR_LOSS_PARTS]; /* total and parts, means over the epoch's images */
    double images_per_second;
    double miou, niou, f1, pd, fa; /* NaN in epochs without evaluation */
} epoch_row;

typedef struct run_log run_log;

/* Begins the files in `folder`, or continues them behind epoch `last` (`resume`). The loss parts of the detector
 * name columns. Free with run_log_close. */
status run_log_open(const char *folder, const detector *d, bool resume, int64_t last, run_log **out);
void run_log_close(run_log *log); /* accepts NULL */

/* Appends an epoch and redraws the curves. */
status run_log_add(run_log *log, const epoch_row *row);

#endif
