/* convert calibrate: ranges of activations for int8. */
#ifndef IRST_EVAL_PROGRAMS_CONVERT_CALIBRATE_H
#define IRST_EVAL_PROGRAMS_CONVERT_CALIBRATE_H

#include "core/io/grey_range.h"
#include "modules/detector.h"

/* Finds them on the engine of `d`, whose checkpoint is at `path`, from up to `images` images of the training split of
 * each set in `data`, a path or several with commas between, spread evenly over its list, and stores them in its
 * parameters; but for chains of convolutions that change too much of what is detected in these images when they are
 * rounded (modules/rounding_trial.h): those are said. `range`: of grey values; `size`: images are resized to size x
 * size, 0: not. STATUS_INPUT if that leaves none. */
status convert_calibrate(detector *d, const char *path, const char *data, const grey_range *range, int size,
                         int images);

#endif
