/* Everything that is counted on one image.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_MEASURE_PER_IMAGE_H
#define IRST_EVAL_MEASURE_PER_IMAGE_H

#include "eval/measure/metrics.h"
#include "eval/measure/target_match.h"
#include "eval/measure/target_outcome.h"

#include <stdbool.h>

typedef struct per_image {
    metrics counts; /* of this image alone */
    uint8_t *predicted;
    component_list targets;
    target_outcome outcome;
    target_match match;
    double *contrast; /* per target, see target_contrast.h; NaN without an image */
} per_image;

/* Bins of targets: by size in pixels, and by signal-to-clutter ratio. The last one has no upper end. */
extern const int target_size_ends[TARGET_BINS - 1];   /* the largest size in a bin */
extern const double target_scr_ends[TARGET_BINS - 1]; /* what a bin stays below */

/* Free with per_image_free. A map without pixels is STATUS_USAGE. */
status per_image_measure(const scored_image *image, const scoring *how, per_image *out);
/* The same but for what takes longest: match, contrasts, bins and curves stay empty, and the counts of them 0. Enough
 * for IoU, precision, recall, F1, Pd and Fa. */
status per_image_count(const scored_image *image, const scoring *how, per_image *out);
void per_image_free(per_image *p); /* accepts a zeroed struct */

/* By the protocol: whether a target was found, and whether a detection is a false alarm. */
bool per_image_is_found(const per_image *p, match_protocol protocol, int target);
bool per_image_is_false(const per_image *p, match_protocol protocol, int detection);

#endif
