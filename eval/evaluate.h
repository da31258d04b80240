/* A detector over a split of a data set. */
#ifndef IRST_EVAL_EVALUATE_H
#define IRST_EVAL_EVALUATE_H

#include "core/status.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "eval/metrics.h"
#include "modules/detector.h"

typedef struct evaluate_options {
    int size; /* images and masks are resized to size x size first; 0: native size */
    score_rule rule;
    mask_rule mask;
    match_protocol protocol;
    const char *label; /* of the progress bar; NULL for none */
} evaluate_options;

/* Runs every sample and pools the metrics. *ms_per_image: median time of the detector alone, without reading. */
status evaluate_dataset(detector *d, const dataset *data, const evaluate_options *options, metrics *out,
                        double *ms_per_image);

#endif
