/* Counts of a data set, to see whether a download is whole and read as the papers read it. */
#ifndef IRST_EVAL_DATASET_CHECK_H
#define IRST_EVAL_DATASET_CHECK_H

#include "core/status.h"
#include "datasets/dataset.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct dataset_counts {
    int images;
    int smallest_width, smallest_height, largest_width, largest_height;
    int grey_masks;    /* masks with values besides 0 and their maximum */
    int unequal_sizes; /* masks of another size than their image */
    int empty_masks;
    int64_t targets;     /* 8-connected components, any non-zero pixel, stored size */
    int64_t pixels;      /* non-zero pixels, stored size */
    int64_t targets_256; /* the same at 256x256 for pixels equal to the mask's maximum: the published protocol */
    int64_t pixels_256;
} dataset_counts;

/* Reads every sample of an open split. `on_sample` may be NULL. */
status dataset_count_all(const dataset *d, dataset_counts *out, void (*on_sample)(void *context, int done),
                         void *context);

/* Known totals of the published test splits (methods 11.2), 0 where none is known. */
typedef struct known_totals {
    const char *name; /* folder name, compared without case */
    const char *split;
    int images;
    int64_t targets, pixels, targets_256, pixels_256;
} known_totals;

const known_totals *dataset_known_totals(const char *name, const char *split); /* NULL if not a known set */

#endif
