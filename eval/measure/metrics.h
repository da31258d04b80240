/* Detection metrics under the published protocol (methods 10.1: overlap) and the centroid convention (10.2).
 *
 * A metrics object takes images one by one and pools the counts over the data set. */
#ifndef IRST_EVAL_MEASURE_METRICS_H
#define IRST_EVAL_MEASURE_METRICS_H

#include "core/base/status.h"

#include <stdint.h>

/* How a score map becomes a binary map. */
typedef enum score_rule {
    RULE_MAX,  /* score / the image's own maximum > 0.5 (float32 arithmetic, as the reference) */
    RULE_LOGIT /* logit > 0 */
} score_rule;

typedef enum match_protocol {
    PROTOCOL_OVERLAP, /* Pd: >= 1 predicted pixel inside the target; Fa: predicted pixels outside / background
                       */
    PROTOCOL_CENTROID /* Pd: centroids nearer than 3 pixels, greedy in scan order; Fa (fixed form): unmatched
                         predicted pixels / all pixels */
} match_protocol;

#define ROC_POINTS 201

typedef struct metrics {
    int64_t images;
    int64_t tp, fp, fn; /* pixels, pooled */
    int64_t targets;    /* components of the label, 8-connected */
    int64_t targets_detected;
    int64_t false_pixels;             /* numerator of Fa */
    int64_t area_pixels;              /* denominator of Fa: background (overlap) or all pixels (centroid) */
    double iou_sum;                   /* sum of the per-image IoU, for nIoU */
    int64_t roc_detected[ROC_POINTS]; /* overlap protocol, thresholds i / 200 on score / max, test >= */
    int64_t roc_false_pixels[ROC_POINTS];
    int64_t roc_targets, roc_background;
} metrics;

typedef struct metrics_summary {
    double miou, niou, precision, recall, f1, pd, fa, auc; /* fractions in [0, 1]; 0/0 gives 0 */
} metrics_summary;

/* Adds one image. `score`: width * height floats, probabilities or raw scores under RULE_MAX, logits under
 * RULE_LOGIT. `roc_score`: what the ROC sweeps (probabilities or raw scores). `label`: 0/1. The edge cases
 * (zero map, negative maximum, empty label) follow the reference: see metrics.c. */
status metrics_add(metrics *m, const float *score, const float *roc_score, const uint8_t *label, int width, int height,
                   score_rule rule, match_protocol protocol);

metrics_summary metrics_summarize(const metrics *m);

#endif
