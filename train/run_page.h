/* The page of a run, report.html: its curves and epochs, and what the last evaluation found.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_TRAIN_RUN_PAGE_H
#define IRST_TRAIN_RUN_PAGE_H

#include "core/config/config.h"
#include "eval/report/evaluation_page.h"
#include "train/run_log.h"

#include <stdint.h>

typedef struct run_page {
    const char *folder; /* the run's: the page goes there */
    const char *validated_on;
    const config *c;
    const run_log *log;
    const evaluation *last; /* of the last epoch */
    const gallery *seen;    /* in it */
    int64_t epoch, epochs;
    int64_t best_epoch;
    const char *selection; /* what that is best in */
} run_page;

/* Writes the page, atomically. */
status run_page_write(const run_page *what);

#endif
