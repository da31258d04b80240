/* One score map at many thresholds: the ROC of the published protocol, that of pixels, and detections by score level.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_MEASURE_THRESHOLD_SWEEP_H
#define IRST_EVAL_MEASURE_THRESHOLD_SWEEP_H

#include "datasets/check/components.h"
#include "eval/measure/metrics.h"

/* Adds the 201 points of the ROC (docs/methods.md, Overlap). An image without target adds nothing. */
status sweep_roc(const scored_image *image, const component_list *targets, metrics *m);

/* Adds the 201 points of the ROC of pixels (AGPCNet's code): pixels whose score is above i / 200, in targets and
 * outside, of every image. The score is that of detect (score_map_to_unit), as of the next. */
status sweep_pixels(const scored_image *image, const component_list *targets, metrics *m);

/* Adds the detections at each score level, and those that have a target by the centroid convention: what target-level
 * average precision is made of. */
status sweep_levels(const scored_image *image, const component_list *targets, metrics *m);

#endif
