/* From stored pixels to what networks and metrics take.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_PREPROCESS_H
#define IRST_DATASETS_PREPROCESS_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdint.h>

/* How a grey mask becomes a label (docs/methods.md, Labels): pixels equal to the mask's maximum (the reference), > 127
 * of 255, or > 0. An all-zero mask gives an empty label under every rule. */
typedef enum mask_rule { MASK_MAX, MASK_HALF, MASK_ANY } mask_rule;

/* The largest value of a stored mask: what "target" means in it. Taken before any resizing, which may drop the
 * brightest pixels (the reference divides by it first). */
int mask_maximum(const grey_image *mask);

/* out[i] = pixel / full scale, in [0, 1]; width * height floats. */
void image_to_unit(const grey_image *image, float *out);
/* out[i] = pixel / maximum (soft label); all 0 if maximum is 0. */
void mask_to_soft(const grey_image *mask, int maximum, float *out);
/* out[i] = 1 for target pixels, 0 elsewhere. */
void mask_to_label(const grey_image *mask, int maximum, mask_rule rule, uint8_t *out);

/* Replaces an image by its resized version: OpenCV's bilinear for images, its nearest for masks; or Pillow's
 * antialiased bilinear for images, its nearest, which takes the pixel in the middle, for masks. Does nothing if it
 * already has that size. */
status resize_image(grey_image *image, int width, int height);
status resize_mask(grey_image *mask, int width, int height);
status resize_antialiased(grey_image *image, int width, int height);
status resize_mask_centred(grey_image *mask, int width, int height);

#endif
