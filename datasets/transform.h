/* What augmentation does to one stored image, in place. Rows and columns are moved, never mixed, except by the blur. */
#ifndef IRST_DATASETS_TRANSFORM_H
#define IRST_DATASETS_TRANSFORM_H

#include "core/image.h"
#include "core/status.h"

void transform_flip_rows(grey_image *image);    /* upside down */
void transform_flip_columns(grey_image *image); /* left to right */
void transform_transpose(grey_image *image);    /* rows become columns; the image must be square */

/* The window of width x height pixels whose first one is (x, y). Where it reaches beyond the image it is 0. */
status transform_crop(grey_image *image, int x, int y, int width, int height);

/* Blurs by three passes of the kernel (a, 1, a) / (1 + 2 a) in either direction, edges replicated, with a such that
 * their variances add up to sigma^2: Pillow's GaussianBlur of a radius sigma in [0, 1]. */
status transform_blur(grey_image *image, double sigma);

#endif
