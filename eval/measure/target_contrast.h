/* How far targets stand out of what is around them.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_TARGET_CONTRAST_H
#define IRST_EVAL_MEASURE_TARGET_CONTRAST_H

#include "datasets/check/components.h"

/* The signal-to-clutter ratio |mean of the target - mean around it| / standard deviation around it (Gao et al., TIP
 * 2013, section IV), of each target. Around it is its bounding box widened by 20 pixels on every side, without targets.
 * A flat surrounding gives infinity, or 0 for a target as bright as it; nothing around it gives NaN. `image`: width *
 * height. */
void target_contrast(const float *image, const component_list *targets, int width, int height, double *ratios);

#endif
