/* The images that convert calibrate looks at: of training splits, or of folders that hold nothing but images.
 *
 * Thread rule: one thread at a time for each. */
#ifndef IRST_EVAL_PROGRAMS_CALIBRATION_IMAGES_H
#define IRST_EVAL_PROGRAMS_CALIBRATION_IMAGES_H

#include "core/base/status.h"
#include "core/io/grey_range.h"

#include <stddef.h>

typedef struct calibration_images calibration_images;

/* `data`: a path or several with commas between. Of a set its training split, or all of one that is not split; of a
 * folder without folders its images. Up to `most` of each, spread evenly over its list; `range`: of grey values;
 * `size`: they are resized to size x size, 0: not. Close with calibration_images_close. */
status calibration_images_open(const char *data, const grey_range *range, int size, int most, calibration_images **out);
void calibration_images_close(calibration_images *all); /* accepts NULL */

/* Reads one after the other, in [0, 1], and hands it on. Masks are not read. */
status calibration_images_each(calibration_images *all,
                               status (*use)(void *context, const float *image, int width, int height), void *context);

int calibration_images_sources(const calibration_images *all);
/* "50 images of NUDT-SIRST, split train, at 256x256". */
void calibration_images_name(const calibration_images *all, int source, char *out, size_t size);

/* What the range leaves of the grey values that were read, as grey_span_remark says it; false if nothing is to be said.
 */
bool calibration_images_remark(const calibration_images *all, char *out, size_t size);

#endif
