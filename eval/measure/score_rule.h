/* How a score map becomes a binary map: brought to a scale, then above a threshold.
 *
 * Thread rule: any thread at any time, on different maps. */
#ifndef IRST_EVAL_MEASURE_SCORE_RULE_H
#define IRST_EVAL_MEASURE_SCORE_RULE_H

#include "modules/detector.h"

#include <stddef.h>
#include <stdint.h>

/* In float32, as the references compute. A quotient 0 / 0 is above no threshold. */
typedef enum score_rule {
    RULE_MAX,    /* score / the image's largest score > 0.5 (RPCANet and its kin) */
    RULE_LOGIT,  /* logit > 0; networks only */
    RULE_SCORE,  /* score as detect takes it, in [0, 1] (see score_map_to_unit) > 0.5 */
    RULE_MINMAX, /* (score - smallest) / (largest - smallest) > 0.5; UIU-Net's authors test > 0.22 */
    RULE_SIGMA   /* (score - mean) / standard deviation > 3; the model-driven methods' adaptive thresholds */
} score_rule;

#define SCORE_RULES 5

/* As words of a command line, and what each says there, by value. */
extern const char *const score_rule_names[SCORE_RULES];
#define SCORE_RULE_HELP                                                                                                \
    "max: score over the image's largest score > 0.5; logit: logit > 0 (networks only); score: the score of detect "   \
    "> 0.5, or the checkpoint's threshold; minmax: (score - smallest) / (largest - smallest) > 0.5; sigma: (score - "  \
    "mean) / standard deviation > 3"

/* The threshold that goes with the rule unless another is given. */
double score_rule_threshold(score_rule rule);

/* One image and what a detector makes of it, all width * height. */
typedef struct scored_image {
    int width, height;
    const float *score; /* probabilities, or raw scores */
    score_kind kind;
    const float *logit;   /* NULL: none */
    const uint8_t *label; /* 0 or 1 */
    const float *image;   /* in [0, 1], for signal-to-clutter ratios; NULL: those stay unknown */
} scored_image;

/* The map on the rule's scale: out[i] is what is compared with the threshold. */
void score_rule_scale(score_rule rule, const scored_image *image, float *out);

/* predicted[i] = 1 where the rule says target; returns their number. RULE_LOGIT asserts that there are logits. */
int64_t score_rule_apply(score_rule rule, double threshold, const scored_image *image, uint8_t *predicted);

#endif
