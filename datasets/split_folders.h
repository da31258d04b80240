/* Sets that have a pair of folders for each split: DIR/train/images, DIR/train/masks and so on.
 *
 * Thread rule: any thread at any time, on different results. */
#ifndef IRST_DATASETS_SPLIT_FOLDERS_H
#define IRST_DATASETS_SPLIT_FOLDERS_H

#include "core/base/status.h"
#include "datasets/dataset.h"
#include "datasets/pair_folders.h"

#include <stdbool.h>

/* The pair of `split` in the set at `root`, whose folder may have a longer name ("testing"), in any case. */
status split_folders_find(const char *root, const char *split, pair_folders *out, bool *found);
/* The same for images alone: masks becomes "". */
status split_folders_find_images(const char *root, const char *split, pair_folders *out, bool *found);

/* The first sample whose name begins with a folder that is called like a split, as in "train/0001"; NULL: none. The
 * name is owned by `d`. */
const char *split_folders_in_names(const dataset *d);

#endif
