/* Lists for a set that has none: which images are for training, which to choose on, which to test on.
 *
 * Thread rule: any thread at any time, on different sets. */
#ifndef IRST_DATASETS_MAKE_SPLIT_SET_H
#define IRST_DATASETS_MAKE_SPLIT_SET_H

#include "core/base/status.h"

#include <stdint.h>

typedef struct split_shares {
    double val, test; /* of all images, 0 to 1; the rest is for training */
    uint64_t seed;
} split_shares;

typedef struct split_counts {
    int train, val, test;
    int folders; /* that stayed whole; 0: the images lie in one folder */
} split_counts;

/* Writes train.txt, test.txt and, with a share for it, val.txt beside the folders of images and masks at `path`. The
 * choice is a function of seed and names. Images in folders of their own, frames of a sequence, all go to one side, for
 * neighbouring frames show the same: the shares are then met as nearly as whole folders can.
 *
 * STATUS_USAGE if a side would be empty; STATUS_INPUT if one of the lists exists, or the set is no such folder. */
status split_set_write(const char *path, const split_shares *shares, split_counts *out);

#endif
