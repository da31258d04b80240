/* Finds the ranges that int8 rounds activations in (detector_set_precision): of each channel in question the largest
 * value in some images, and its mean, which serves to correct for the rounding of weights.
 *
 * Thread rule: as the detector's. */
#ifndef IRST_MODULES_CALIBRATION_H
#define IRST_MODULES_CALIBRATION_H

#include "modules/detector.h"

typedef struct calibration calibration;

/* `d` must outlive it. STATUS_USAGE for a method without chains of convolutions that int8 makes faster. Free with
 * calibration_free. */
status calibration_new(detector *d, calibration **out);
void calibration_free(calibration *c); /* accepts NULL */

int calibration_layers(const calibration *c); /* whose ranges are looked for */

/* One image, as detector_run takes it. */
status calibration_add(calibration *c, const float *image, int width, int height);

/* Stores the ranges in the detector's parameters. STATUS_INPUT if a layer has been nothing but 0 in all images, or is
 * not finite. */
status calibration_finish(calibration *c);

#endif
