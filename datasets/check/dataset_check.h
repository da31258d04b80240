/* Counts of one split of a data set, and what is wrong with its samples.
 *
 * Thread rule: any thread at any time, on different results. */
#ifndef IRST_DATASETS_CHECK_DATASET_CHECK_H
#define IRST_DATASETS_CHECK_DATASET_CHECK_H

#include "core/base/status.h"
#include "core/io/file_io.h"
#include "datasets/check/set_survey.h"
#include "datasets/dataset.h"

#include <stdint.h>

typedef struct dataset_counts {
    int64_t images;
    int smallest_width, smallest_height, largest_width, largest_height;
    int64_t grey_masks;    /* masks with values besides 0 and their maximum */
    int64_t unequal_sizes; /* masks of another size than their image */
    int64_t empty_masks;
    int64_t targets;     /* 8-connected components, any non-zero pixel, stored size */
    int64_t pixels;      /* non-zero pixels, stored size */
    int64_t targets_256; /* the same at 256x256 for pixels equal to the mask's maximum: the published protocol */
    int64_t pixels_256;
} dataset_counts;

/* A line for each sample that is not as most are. */
typedef struct dataset_oddities {
    name_list unreadable;
    name_list grey_masks, unequal_sizes, empty_masks;
    name_list implausible; /* masks that are nearly all target */
    set_survey survey;
    uint64_t *fingerprints; /* of each sample's image; equal for equal images. 0 for one that cannot be read */
} dataset_oddities;

void dataset_oddities_free(dataset_oddities *o);

/* Reads every sample of an open split; `rule` is the survey's. Without `oddities` (NULL) one that cannot be read is a
 * failure; with them it is noted and not counted. `on_sample` may be NULL. */
status dataset_count_all(const dataset *d, mask_rule rule, dataset_counts *out, dataset_oddities *oddities,
                         void (*on_sample)(void *context, int done, int total), void *context);

#endif
