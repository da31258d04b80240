/* convert calibrate: ranges of activations for int8. */
#ifndef IRST_EVAL_PROGRAMS_CONVERT_CALIBRATE_H
#define IRST_EVAL_PROGRAMS_CONVERT_CALIBRATE_H

#include "core/io/grey_range.h"
#include "modules/detector.h"

/* Finds them on the engine of `d`, whose checkpoint is at `path`, from images (calibration_images.h), and stores them
 * in its parameters; but for chains of convolutions that change too much of what is detected in these images when they
 * are rounded (modules/rounding_trial.h): those are said. STATUS_INPUT if that leaves none. */
status convert_calibrate(detector *d, const char *path, const char *data, const grey_range *range, int size,
                         int images);

#endif
