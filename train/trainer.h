/* Training from scratch or from a checkpoint: epochs, steps, evaluation, the run folder.
 *
 * Thread rule: one training at a time in a process; any thread may call trainer_interrupt. */
#ifndef IRST_TRAIN_TRAINER_H
#define IRST_TRAIN_TRAINER_H

#include "core/base/peers.h"
#include "core/base/status.h"
#include "core/config/config.h"
#include "train/run_log.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct train_report {
    const epoch_row *row; /* what the log has of the epoch */
    const run_log_options *log;
    int64_t epochs;     /* in all */
    double peak_share;  /* floating-point operations a second, relative to the processor's FMA peak */
    double rest;        /* seconds to the end, at the pace until now; NAN if this process has not trained yet */
    const char *remark; /* of an evaluation whose figures say nothing (metrics_remark); NULL */
    bool is_best;       /* of those evaluated, in train.select */
} train_report;

/* What a run would be, found without training. */
typedef struct train_plan {
    char method[64];
    int64_t parameters;        /* trained: "#params" of a table */
    int64_t images;            /* of an epoch */
    int64_t batches;           /* of an epoch */
    int64_t steps_done, steps; /* of the whole run */
    double work;               /* in epochs on whole images */
    double memory;             /* bytes that its largest step takes */
    char validated_on[512];    /* "66 images held out of the split train of NUDT-SIRST" */
} train_plan;

typedef struct train_options {
    const char *folder; /* the run folder: config.ini, log.csv, curves.png, report.html, last.h5, best.h5, events */
    bool resume;
    void (*on_epoch)(void *context, const train_report *report); /* after each epoch; may be NULL */
    void (*on_notice)(void *context, const char *line);          /* what the user should know; may be NULL */
    void *context;
    peers *peers; /* the processes that train together, this one among them; NULL: alone */
    /* Not NULL: all is opened and checked as for training, then this filled and nothing trained; the folder stays as it
     * is. */
    train_plan *plan;
} train_options;

/* Trains what the configuration describes. A folder that holds a run is only continued with `resume`, and
 * only such a folder. After an
 * interruption (trainer_interrupt) the state is saved within the step and STATUS_INTERRUPTED returned. A loss or a
 * gradient that is not finite ends the run with STATUS_NUMERIC; last.h5 stays as it was.
 *
 * With peers every one of them calls it with the same configuration and folder: the run is that of one process with the
 * same batches, but for rounding. Rank 0 alone writes and calls on_epoch and on_notice. trainer_interrupt in one of
 * them stops all after the same step. After a failure, which may be of one rank alone, the others have to be ended. */
status trainer_run(const config *c, const train_options *options);

/* Asks the running training to save and stop after its step. May be called from a signal handler. */
void trainer_interrupt(void);

#endif
