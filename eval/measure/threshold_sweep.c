#include "eval/measure/threshold_sweep.h"

#include "eval/measure/score_map.h"
#include "eval/measure/target_outcome.h"

#include <math.h>
#include <stdlib.h>

static size_t pixel_count(const scored_image *image) {
    return (size_t)image->width * (size_t)image->height;
}

/* --- ROC --- */

static float maximum_of(const float *score, size_t pixels) {
    float most = score[0];
    for (size_t i = 1; i < pixels; i++)
        most = score[i] > most ? score[i] : most;
    return most;
}

static void roc_thresholds(float *out) {
    for (int i = 0; i < ROC_POINTS; i++)
        out[i] = (float)(i / (ROC_POINTS - 1.0));
}

/* Number of thresholds that a value reaches: it is predicted at thresholds 0 .. result - 1. */
static int thresholds_reached(float value, const float *thresholds) {
    if (!(value >= thresholds[0])) /* also NaN */
        return 0;
    if (value >= thresholds[ROC_POINTS - 1])
        return ROC_POINTS;
    int reached = (int)(value * (ROC_POINTS - 1)) + 1;
    while (reached > 0 && !(value >= thresholds[reached - 1]))
        reached--;
    while (reached < ROC_POINTS && value >= thresholds[reached])
        reached++;
    return reached;
}

/* Adds histogram[b] to all points that b thresholds reach. */
static void add_cumulated(const int64_t *histogram, int64_t *points) {
    int64_t above = 0;
    for (int i = ROC_POINTS; i > 0; i--) {
        above += histogram[i];
        points[i - 1] += above;
    }
}

/* `best`: zeros, one for each target. */
static void add_roc(const scored_image *image, const component_list *targets, int *best, metrics *m) {
    float thresholds[ROC_POINTS], most = maximum_of(image->score, pixel_count(image));
    roc_thresholds(thresholds);
    int64_t false_histogram[ROC_POINTS + 1] = {0}, target_histogram[ROC_POINTS + 1] = {0};
    for (size_t i = 0; i < pixel_count(image); i++) {
        int reached = thresholds_reached(image->score[i] / most, thresholds);
        int32_t target = targets->labels[i];
        m->roc_background += !target;
        if (!target)
            false_histogram[reached]++;
        else if (reached > best[target - 1])
            best[target - 1] = reached;
    }
    for (int i = 0; i < targets->count; i++)
        target_histogram[best[i]]++;
    add_cumulated(false_histogram, m->roc_false_pixels);
    add_cumulated(target_histogram, m->roc_detected);
    m->roc_targets += targets->count;
}

status sweep_roc(const scored_image *image, const component_list *targets, metrics *m) {
    if (targets->count == 0)
        return STATUS_OK;
    int *best = calloc((size_t)targets->count, sizeof *best);
    if (!best)
        return status_fail(STATUS_MEMORY, "out of memory for the ROC of %d targets", targets->count);
    add_roc(image, targets, best, m);
    free(best);
    return STATUS_OK;
}

/* --- pixels --- */

/* The score of detect; to be freed by release_unit. NULL: no memory. */
static const float *unit_of(const scored_image *image) {
    if (image->kind == SCORE_PROBABILITY)
        return image->score;
    float *unit = malloc(pixel_count(image) * sizeof *unit);
    if (unit)
        score_map_to_unit(image->score, pixel_count(image), image->kind, unit);
    return unit;
}

static void release_unit(const scored_image *image, const float *unit) {
    if (unit != image->score)
        free((void *)unit);
}

static status out_of_memory(const scored_image *image) {
    return status_fail(STATUS_MEMORY, "out of memory for the metrics of a %dx%d map", image->width, image->height);
}

status sweep_pixels(const scored_image *image, const component_list *targets, metrics *m) {
    const float *unit = unit_of(image);
    if (!unit)
        return out_of_memory(image);
    float thresholds[ROC_POINTS];
    roc_thresholds(thresholds);
    int64_t right[ROC_POINTS + 1] = {0}, wrong[ROC_POINTS + 1] = {0};
    for (size_t i = 0; i < pixel_count(image); i++) {
        /* What is above a threshold reaches it with the next smaller value. */
        int above = unit[i] > 0 ? thresholds_reached(nextafterf(unit[i], 0), thresholds) : 0;
        (targets->labels[i] ? right : wrong)[above]++;
    }
    release_unit(image, unit);
    add_cumulated(right, m->pixel_roc_right);
    add_cumulated(wrong, m->pixel_roc_false);
    return STATUS_OK;
}

/* --- levels --- */

static int64_t reach(const float *unit, size_t pixels, float level, uint8_t *detected) {
    int64_t count = 0;
    for (size_t i = 0; i < pixels; i++) {
        detected[i] = unit[i] >= level;
        count += detected[i];
    }
    return count;
}

static status add_level(const scored_image *image, const component_list *targets, const uint8_t *detected, int level,
                        metrics *m) {
    target_outcome o;
    status result = target_outcome_find(targets, detected, image->width, image->height, &o);
    m->level_detections[level] += o.detections.count;
    m->level_detected[level] += o.near_count;
    target_outcome_free(&o);
    return result;
}

/* `detected`: room for a mask. */
static status add_levels(const scored_image *image, const component_list *targets, const float *unit, uint8_t *detected,
                         metrics *m) {
    for (int i = 0; i < SCORE_LEVELS; i++)
        if (reach(unit, pixel_count(image), (float)(i + 1) / SCORE_LEVELS, detected) > 0)
            TRY(add_level(image, targets, detected, i, m));
    return STATUS_OK;
}

status sweep_levels(const scored_image *image, const component_list *targets, metrics *m) {
    uint8_t *detected = malloc(pixel_count(image));
    if (!detected)
        return out_of_memory(image);
    const float *unit = unit_of(image);
    status result = unit ? add_levels(image, targets, unit, detected, m) : out_of_memory(image);
    release_unit(image, unit);
    free(detected);
    return result;
}
