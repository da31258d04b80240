/* Score maps in image coordinates: scaled to [0, 1], resized, thresholded.
 *
 * Thread rule: any thread at any time, on different maps. */
#ifndef IRST_EVAL_MEASURE_SCORE_MAP_H
#define IRST_EVAL_MEASURE_SCORE_MAP_H

#include "modules/detector.h"

#include <stddef.h>
#include <stdint.h>

/* STATUS_NUMERIC if a score is not finite. */
status score_map_check(const float *score, size_t pixels);

/* Probabilities are copied. Raw scores become their ratio to the map's maximum, negative ones 0; all 0 if the maximum
 * is not positive. `out` may be `score`. */
void score_map_to_unit(const float *score, size_t pixels, score_kind kind, float *out);

/* Bilinear between pixel centres (half-pixel convention), edges replicated. `out`: out_width * out_height. */
void score_map_resize(const float *map, int width, int height, int out_width, int out_height, float *out);

/* mask[i] = score > threshold, rounded to a float as scores are: one that was printed with nine digits is that score.
 */
void score_map_threshold(const float *score, size_t pixels, double threshold, uint8_t *mask);

#endif
