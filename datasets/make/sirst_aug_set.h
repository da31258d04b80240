/* SIRST-Aug, reconstructed from SIRST: 545 test images as they were published, 8525 training images like them.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_DATASETS_MAKE_SIRST_AUG_SET_H
#define IRST_DATASETS_MAKE_SIRST_AUG_SET_H

#include "core/base/status.h"

#include <stdint.h>

/* Of one split: images, 8-connected components and foreground pixels of their masks. */
typedef struct sirst_aug_totals {
    int64_t images, targets, pixels;
    int64_t equal; /* training images with the published number of targets */
} sirst_aug_totals;

extern const sirst_aug_totals sirst_aug_published_trainval, sirst_aug_published_test;

/* Reads SIRST at `from`, which needs its official lists, and writes a new folder, or a pack where `to` ends in .h5; it
 * appears whole or not at all. `seed` draws the training windows: the same one gives the same bytes. `on_sample` (may
 * be NULL) is called after each sample. */
status sirst_aug_write(const char *from, const char *to, uint64_t seed, sirst_aug_totals *trainval,
                       sirst_aug_totals *test, void (*on_sample)(void *context, int done, int total), void *context);

#endif
