/* Variations of an image's grey values, as another camera would give them: blur, then gain and offset, then noise. The
 * mask stays as it is.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_VARY_VARY_GREY_H
#define IRST_DATASETS_VARY_VARY_GREY_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdbool.h>
#include <stdint.h>

/* Grey values are in units of full scale here; results are clipped to 0..1. */
typedef struct vary_grey_options {
    double blur;  /* a Gaussian's standard deviation in pixels is drawn uniformly from 0..blur */
    double gain;  /* value * factor + offset, drawn uniformly from 1 - gain..1 + gain and -gain / 2..gain / 2 */
    double noise; /* Gaussian, independent in every pixel; its standard deviation is drawn uniformly from 0..noise */
} vary_grey_options;

bool vary_grey_any(const vary_grey_options *o); /* something is above 0 */

/* A function of the arguments alone; each number has draws of its own, so that one more leaves the others'. Grey values
 * are rounded to the image's depth once, and once more after the blur. */
status vary_grey(const vary_grey_options *o, uint64_t seed, int64_t epoch, int sample, grey_image *image);

#endif
