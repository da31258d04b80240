/* How sure a figure is: confidence intervals by drawing images anew (Efron, 1979), and two detectors compared image by
 * image.
 *
 * A draw takes as many images as there are, with repetition, and pools their counts; images are what is independent,
 * pixels and targets are not. Draw k depends on the seed and k alone. Metrics that are undefined in a draw leave it
 * out, the published ones too: Pd is not 0 in a draw without a target.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_BOOTSTRAP_H
#define IRST_EVAL_MEASURE_BOOTSTRAP_H

#include "eval/measure/metric_table.h"

typedef struct bootstrap {
    int draws;
    uint64_t seed;
} bootstrap;

#define BOOTSTRAP_CONFIDENCE 0.95 /* between the percentiles 2.5 and 97.5 */

typedef struct interval {
    double low, high; /* NaN if fewer than half of the draws define the metric */
} interval;

/* `images`: each alone, `count` of them, at least one. */
status bootstrap_intervals(const metrics *images, int count, const bootstrap *how, interval out[METRICS]);

typedef struct comparison {
    double difference; /* a - b, on all images */
    interval interval; /* of the difference, the same images being drawn for both */
    double p; /* two-sided: twice the share of draws on the rarer side of 0, ties on both; NaN as the interval */
} comparison;

/* The same images by two detectors, in the same order. */
status bootstrap_compare(const metrics *a, const metrics *b, int count, const bootstrap *how, comparison out[METRICS]);

#endif
