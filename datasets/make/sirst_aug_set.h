/* A set like SIRST-Aug, made from the official splits of SIRST: 25 variants of each trainval image (341 * 25 = 8525,
 * the published number), 5 for each target of the test images (109 * 5 = 545). Not the published set: see
 * docs/datasets.md. */
#ifndef IRST_DATASETS_MAKE_SIRST_AUG_SET_H
#define IRST_DATASETS_MAKE_SIRST_AUG_SET_H

#include "core/base/status.h"

#include <stdint.h>

/* Of one split: images, 8-connected components and foreground pixels of their masks. */
typedef struct sirst_aug_totals {
    int64_t images, targets, pixels;
} sirst_aug_totals;

/* SIRST-Aug's own: its test split (docs/methods.md, Totals); of its trainval split only the images are known. */
extern const sirst_aug_totals sirst_aug_published_trainval, sirst_aug_published_test;

/* Reads SIRST at `from` and writes a new folder, or a pack where `to` ends in .h5; it appears whole or not at all. The
 * same seed gives the same bytes of every image. `on_sample` (may be NULL) is called after each sample. */
status sirst_aug_write(const char *from, const char *to, uint64_t seed, sirst_aug_totals *trainval,
                       sirst_aug_totals *test, void (*on_sample)(void *context, int done, int total), void *context);

#endif
