/* Where a training run stands, and its checkpoints: last.h5 holds everything that a resumed run needs to go on with
 * the same bits. Groups: `model` and, with train.average, `average` (modules/checkpoint.h), `optimizer` (what it
 * remembers of every parameter), `trainer`, whose attribute `selection` says what best.h5 was chosen by.
 *
 * Thread rule: the thread that calls the engine of the detector. */
#ifndef IRST_TRAIN_TRAIN_STATE_H
#define IRST_TRAIN_TRAIN_STATE_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "modules/detector.h"
#include "modules/trained_view.h"
#include "modules/training_cost.h"
#include "train/optimizer.h"
#include "train/rules/average.h"
#include "train/training_data.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct train_state {
    int64_t epoch;     /* epochs finished */
    int64_t batch;     /* batches done of the epoch begun */
    int64_t step;      /* optimizer steps done */
    double best_score; /* in train.select, more is better; below -1 before the first evaluation that says something */
    double best_tie;   /* mIoU of the same evaluation: where two are as good, it decides */
    int64_t best_epoch;
    char selection[600];      /* what it is the best in, and of which images: written for readers, not read back */
    int64_t idle_evaluations; /* since the best one */
    int64_t epoch_steps;      /* done of the epoch begun */
    double norm_sum;          /* of the gradients, of those steps */
    double loss_sums[1 + DETECTOR_LOSS_PARTS]; /* total and parts, of the epoch begun, weighted by images */
    double images;                             /* of the epoch begun */
    data_content train, validation;            /* what the run is trained on and evaluated on */
    trained_view view;                         /* how it sees what it is trained on */
    training_cost cost;                        /* up to the last checkpoint; its epochs are `epoch` */
    bool validation_changed;                   /* since the checkpoint: what was best on it says nothing of it now */
    bool data_changed;                         /* since the checkpoint: train is not what the epoch was begun on */
} train_state;

/* Writes a checkpoint atomically. Weights, averages or memories that are not finite, with which no run could go on, are
 * STATUS_NUMERIC, and the file stays what it was. Random numbers need no state: they are functions of seed, epoch and
 * index. `a` has no values where weights are not averaged. */
status train_state_save(const char *path, detector *d, const config *c, const optimizer *o, const average *a,
                        const train_state *s);

/* Reads a checkpoint into detector, optimizer, average and state. A key of `c` that changes results and differs from
 * the checkpoint's is refused by name, but for train.epochs, which may be more than are done, train.norm_epochs, as
 * long as neither is over, and the keys that change no weight (may_change in train_state.c). So are other data than the
 * run was begun with, unless data.may_change says otherwise: s->train and s->validation say what there is now, and
 * stay; s->data_changed tells whether it is other training data. */
status train_state_load(const char *path, detector *d, const config *c, optimizer *o, average *a, train_state *s);

#endif
