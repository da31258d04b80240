/* The threshold that goes with a rate of false alarms. */
#ifndef IRST_EVAL_MEASURE_OPERATING_POINT_H
#define IRST_EVAL_MEASURE_OPERATING_POINT_H

#include "eval/measure/evaluate.h"

/* The lowest threshold of the options' rule at which at most `fa` of the background of all images, those without a
 * target too, is predicted; `reached` is what it comes to. Scores count in steps of 2^-14 of their size, so a slightly
 * lower one may do as well. Runs the source over the whole split. `fa` outside [0, 1) is STATUS_USAGE. */
status operating_point_find(const score_source *source, const dataset *data, const evaluate_options *options, double fa,
                            double *threshold, double *reached);

#endif
