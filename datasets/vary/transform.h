/* What augmentation does to one stored image, in place.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_VARY_TRANSFORM_H
#define IRST_DATASETS_VARY_TRANSFORM_H

#include "core/base/status.h"
#include "core/io/image.h"

void transform_flip_rows(grey_image *image);    /* upside down */
void transform_flip_columns(grey_image *image); /* left to right */
void transform_transpose(grey_image *image);    /* rows become columns; the image must be square */

/* The window of width x height pixels whose first one is (x, y). Where it reaches beyond the image it is 0. */
status transform_crop(grey_image *image, int x, int y, int width, int height);

/* Blurs by three passes of the kernel (a, 1, a) / (1 + 2 a) in either direction, edges replicated, with a such that
 * their variances add up to sigma^2: Pillow's GaussianBlur of a radius sigma in [0, 1]. */
status transform_blur(grey_image *image, double sigma);

/* Blurs by a Gaussian of standard deviation sigma > 0 pixels, cut off at four of them, edges replicated. */
status transform_gaussian(grey_image *image, double sigma);

/* Makes an 8-bit image a 16-bit one of the same grey values relative to full scale. */
void transform_deepen(grey_image *image);

/* Looks every pixel up at a place in the same image: the centre stays, and a step of one pixel to the right becomes a
 * step of (step_x, step_y); one downward, of (-step_y, step_x): a rotation with a change of scale. Beyond the edge the
 * image is reflected about its outermost pixels. */
status transform_similar_bilinear(grey_image *image, double step_x, double step_y);
status transform_similar_nearest(grey_image *image, double step_x, double step_y);

#endif
