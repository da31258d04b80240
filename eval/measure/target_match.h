/* Detections and targets matched one to one, and the errors that are left: the hierarchical IoU of Pang et al.,
 * "Rethinking Evaluation of Infrared Small Target Detection" (NeurIPS 2025, arXiv 2509.16888).
 *
 * First the assignment with the least sum of centroid distances, of which pairs with IoU >= 0.5 stay; then the same
 * among what is left, of which pairs nearer than 3 pixels stay. Their code counts a stray detection in an image without
 * any and a missed target in one without any; here only what there is counts.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_MEASURE_TARGET_MATCH_H
#define IRST_EVAL_MEASURE_TARGET_MATCH_H

#include "datasets/check/components.h"

#include <stddef.h>

typedef struct target_match {
    int *detection; /* per target; -1: none */
    double *iou;    /* per target, with its detection; 0: none */
    int count;      /* of the pairs */
    /* Sums over the pairs, as shares of the pair's union: IoU, and what it lacks to 1, which is pixels of other targets
     * (merge), of the background (interference), and missed ones (perception). */
    double iou_sum, merge_sum, interference_sum, perception_sum;
    int stray_detections, lone_targets; /* without any counterpart that the rule would have allowed */
} target_match;

/* Both lists belong to maps of `pixels` pixels. Free with target_match_free, after a failure too. */
status target_match_find(const component_list *targets, const component_list *detections, size_t pixels,
                         target_match *out);
void target_match_free(target_match *m); /* accepts a zeroed struct */

#endif
