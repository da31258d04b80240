/* One sample of a data set, ready for a detector and the metrics. */
#ifndef IRST_EVAL_MEASURE_SAMPLE_H
#define IRST_EVAL_MEASURE_SAMPLE_H

#include "datasets/dataset.h"
#include "eval/measure/evaluate.h"

#include <stdint.h>

typedef struct sample {
    int width, height;
    float *image;   /* width * height, in [0, 1] */
    uint8_t *label; /* width * height, 0 or 1 */
} sample;

/* Reads a sample, adds noise, resizes and labels as the options say. `out` is new, and empty after a failure. Free with
 * sample_free. Safe to call from several threads. */
status sample_read(const dataset *data, int index, const evaluate_options *options, sample *out);
void sample_free(sample *s); /* accepts a zeroed struct */

#endif
