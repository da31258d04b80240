/* Which samples an epoch takes, and in which order: a function of the data set, weights, seed and epoch alone.
 *
 * A part of weight w gives round(w * its size) samples: all of them floor(w) times, and another random choice of the
 * rest, without repetition, in every epoch.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_EPOCH_ORDER_H
#define IRST_DATASETS_EPOCH_ORDER_H

#include "core/base/status.h"
#include "datasets/dataset.h"

#include <stdbool.h>
#include <stdint.h>

#define PART_WEIGHT_MAX 1000

/* `weights`: one for each part of `d` (see dataset_join), above 0, at most PART_WEIGHT_MAX; NULL: 1 each. Sets the
 * samples of one epoch. STATUS_USAGE for another weight, or one so small that a part gives no sample. */
status epoch_order_count(const dataset *d, const double *weights, int *out);

/* Fills `out` with as many entries: index + repetition * dataset_count(d), where a sample's first place in the epoch is
 * repetition 0. Shuffled over all parts, or with `keep_order` in the order of the parts and of their samples. The
 * weights are such as epoch_order_count accepts. */
void epoch_order_fill(const dataset *d, const double *weights, bool keep_order, uint64_t seed, int64_t epoch, int *out);

#endif
