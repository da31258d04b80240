/* One image's detections against its targets. */
#ifndef IRST_EVAL_MEASURE_TARGET_OUTCOME_H
#define IRST_EVAL_MEASURE_TARGET_OUTCOME_H

#include "datasets/check/components.h"

#include <stdbool.h>

typedef struct target_outcome {
    component_list detections;
    bool *found;  /* per target: one detected pixel lies in it */
    bool *is_hit; /* per detection: one pixel of a target lies in it; else it is a false alarm */
    int found_count, false_count;
    double iou; /* of the pixels; 0 if there are none */
} target_outcome;

/* `targets`: of the label, width * height; `detected`: 0 or not. Free with target_outcome_free, after a failure too. */
status target_outcome_find(const component_list *targets, const uint8_t *detected, int width, int height,
                           target_outcome *out);
void target_outcome_free(target_outcome *o); /* accepts a zeroed struct */

#endif
