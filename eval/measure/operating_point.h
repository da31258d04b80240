/* The threshold that goes with a rate of false alarms.
 *
 * Thread rule: as evaluate.h. */
#ifndef IRST_EVAL_MEASURE_OPERATING_POINT_H
#define IRST_EVAL_MEASURE_OPERATING_POINT_H

#include "eval/measure/evaluate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lowest threshold of the options' rule at which at most `fa` of the background of all images, those without a
 * target too, is predicted: a score of the background itself, the highest that may not be; 0 if all may be. `reached`
 * is what it comes to. Runs the source over the whole split twice, in every process of a job, and only the first one's
 * results count. `fa` outside [0, 1) is STATUS_USAGE; STATUS_NUMERIC if more than that is infinite by the rule. */
status operating_point_find(const score_source *source, const dataset *data, const evaluate_options *options, double fa,
                            double *threshold, double *reached);

/* Whether `fa` of so many pixels of background is hardly one, so that a single pixel decides the threshold; `text` says
 * so then. */
bool operating_point_remark(double fa, int64_t pixels, char *text, size_t size);

#endif
