/* Edge cases follow the reference (docs/methods.md, Overlap), where numpy decides by NaN: under RULE_MAX a zero map
 * predicts nothing (0 / 0 is NaN, and NaN > 0.5 is false), a map whose maximum is negative predicts every pixel (the
 * quotient is
 * >= 1). */
#include "eval/measure/score_rule.h"

#include <assert.h>
#include <math.h>

/* A map comes to its scale as (value - offset) / unit. */
typedef struct scale {
    const float *map;
    float offset, unit;
} scale;

static size_t pixel_count(const scored_image *image) {
    return (size_t)image->width * (size_t)image->height;
}

static void extremes(const scored_image *image, float *least, float *most) {
    *least = *most = image->score[0];
    for (size_t i = 1; i < pixel_count(image); i++) {
        *least = image->score[i] < *least ? image->score[i] : *least;
        *most = image->score[i] > *most ? image->score[i] : *most;
    }
}

static scale scale_max(const scored_image *image) {
    float least, most;
    extremes(image, &least, &most);
    return (scale){image->score, 0, most};
}

static scale scale_logit(const scored_image *image) {
    assert(image->logit);
    return (scale){image->logit, 0, 1};
}

static scale scale_score(const scored_image *image) {
    scale s = scale_max(image);
    if (image->kind == SCORE_PROBABILITY)
        s.unit = 1;
    else if (!(s.unit > 0))
        s.unit = INFINITY; /* every score is 0 */
    return s;
}

static scale scale_minmax(const scored_image *image) {
    float least, most;
    extremes(image, &least, &most);
    return (scale){image->score, least, most - least};
}

static scale scale_sigma(const scored_image *image) {
    size_t pixels = pixel_count(image);
    double mean = 0, squares = 0;
    for (size_t i = 0; i < pixels; i++)
        mean += image->score[i];
    mean /= (double)pixels;
    for (size_t i = 0; i < pixels; i++)
        squares += (image->score[i] - mean) * (image->score[i] - mean);
    return (scale){image->score, (float)mean, (float)sqrt(squares / (double)pixels)};
}

static const struct {
    double threshold;
    scale (*scale)(const scored_image *image);
} rules[SCORE_RULES] = {
    [RULE_MAX] = {0.5, scale_max},       [RULE_LOGIT] = {0, scale_logit}, [RULE_SCORE] = {0.5, scale_score},
    [RULE_MINMAX] = {0.5, scale_minmax}, [RULE_SIGMA] = {3, scale_sigma},
};

const char *const score_rule_names[SCORE_RULES] = {
    [RULE_MAX] = "max",       [RULE_LOGIT] = "logit", [RULE_SCORE] = "score",
    [RULE_MINMAX] = "minmax", [RULE_SIGMA] = "sigma",
};

double score_rule_threshold(score_rule rule) {
    return rules[rule].threshold;
}

void score_rule_scale(score_rule rule, const scored_image *image, float *out) {
    scale s = rules[rule].scale(image);
    for (size_t i = 0; i < pixel_count(image); i++)
        out[i] = (s.map[i] - s.offset) / s.unit;
}

int64_t score_rule_apply(score_rule rule, double threshold, const scored_image *image, uint8_t *predicted) {
    scale s = rules[rule].scale(image);
    float limit = (float)threshold;
    int64_t count = 0;
    for (size_t i = 0; i < pixel_count(image); i++) {
        predicted[i] = (s.map[i] - s.offset) / s.unit > limit;
        count += predicted[i];
    }
    return count;
}
