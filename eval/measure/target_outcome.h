/* One image's detections against its targets, by the two published conventions.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_MEASURE_TARGET_OUTCOME_H
#define IRST_EVAL_MEASURE_TARGET_OUTCOME_H

#include "datasets/check/components.h"
#include "eval/measure/metrics.h"

#include <stdbool.h>
#include <stdint.h>

#define CENTROID_DISTANCE 3.0 /* pixels; a match is nearer than this */

typedef struct target_outcome {
    component_list detections;
    /* Overlap (docs/methods.md). */
    bool *found;  /* per target: one detected pixel lies in it */
    bool *is_hit; /* per detection: one pixel of a target lies in it; else it is a false alarm */
    int found_count, false_count;
    int64_t false_pixels; /* detected pixels outside all targets */
    double iou;           /* of the pixels; 0 if there are none */
    /* Centroids (docs/methods.md): targets in scan order take the first detection that is near enough and not taken. */
    int *nearest; /* per target: its detection; -1: none */
    int near_count;
} target_outcome;

/* `targets`: of the label, width * height; `detected`: 0 or not. Free with target_outcome_free, after a failure too. */
status target_outcome_find(const component_list *targets, const uint8_t *detected, int width, int height,
                           target_outcome *out);
/* By the protocol: whether a target was found, and whether a detection is a false alarm. */
bool target_outcome_is_found(const target_outcome *o, match_protocol protocol, int target);
bool target_outcome_is_false(const target_outcome *o, match_protocol protocol, int targets, int detection);
void target_outcome_free(target_outcome *o); /* accepts a zeroed struct */

double component_distance(const component *a, const component *b); /* of the centroids, pixels */
/* The highest value under component number `index` of a map that is `width` wide. */
double component_peak(const component_list *list, int index, const float *map, int width);

#endif
