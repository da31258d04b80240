/* A detector over a whole split: the pooled metrics. The trainer uses it too. */
#ifndef IRST_EVAL_MEASURE_EVALUATE_H
#define IRST_EVAL_MEASURE_EVALUATE_H

#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "eval/measure/metrics.h"
#include "eval/measure/noise.h"
#include "modules/detector.h"

typedef struct evaluate_options {
    int size; /* images (bilinear) and labels (nearest) are resized to size x size, as the reference does; 0: native */
    score_rule rule;
    mask_rule mask; /* refers to the maximum of the stored mask, before resizing */
    match_protocol protocol;
    const noise *noise; /* added to every image; NULL for none */
    const char *label;  /* of the progress bar on stderr; NULL for none */
} evaluate_options;

/* Runs the detector on every sample, one at a time; the next one is read meanwhile. `out` is filled from zero.
 * `ms_per_image` (may be NULL): median wall time of detector_run, reading and metrics apart. RULE_LOGIT for a method
 * without logits and an empty split are STATUS_USAGE and STATUS_INPUT; a score that is not finite is STATUS_NUMERIC
 * and names the sample. At native size a mask must have its image's size. */
status evaluate_dataset(detector *d, const dataset *data, const evaluate_options *options, metrics *out,
                        double *ms_per_image);

#endif
