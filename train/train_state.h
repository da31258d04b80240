/* Where a training run stands, and its checkpoints: last.h5 holds everything that a resumed run needs to go on with
 * the same bits. Groups: `model` (modules/checkpoint.h), `optimizer` (what it remembers of every parameter), `trainer`.
 */
#ifndef IRST_TRAIN_TRAIN_STATE_H
#define IRST_TRAIN_TRAIN_STATE_H

#include "core/config.h"
#include "core/status.h"
#include "modules/detector.h"
#include "train/optimizer.h"

#include <stdint.h>

typedef struct train_state {
    int64_t epoch;    /* epochs finished */
    int64_t batch;    /* batches done of the epoch begun */
    int64_t step;     /* optimizer steps done */
    double best_miou; /* -1 before the first evaluation */
    int64_t best_epoch;
    double loss_sums[1 + DETECTOR_LOSS_PARTS]; /* total and parts, of the epoch begun, weighted by images */
    double images;                             /* of the epoch begun */
} train_state;

/* Writes a checkpoint atomically. Random numbers need no state: they are functions of seed, epoch and index. */
status train_state_save(const char *path, detector *d, const config *c, const optimizer *o, const train_state *s);

/* Reads a checkpoint into detector, optimizer and state. A key of `c` that changes results and differs from the
 * checkpoint's is refused by name; data.root, train.threads, train.checkpointing and train.evaluate_every may change.
 */
status train_state_load(const char *path, detector *d, const config *c, optimizer *o, train_state *s);

#endif
