/* Which way up an image is stored, as EXIF and TIFF say it, and turning it the way that it is seen, as OpenCV's imread
 * does.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_CORE_IO_ORIENTATION_H
#define IRST_CORE_IO_ORIENTATION_H

#include "core/io/image.h"

/* What TIFFTAG_ORIENTATION knows: 1 is upright, 2 to 4 are mirrored left to right, turned by half, and upside down;
 * 5 to 8 are stored by columns, so that width and height change places. */
enum { ORIENTATION_UPRIGHT = 1, ORIENTATION_LAST = 8 };

/* The orientation in the data of a JPEG's segment APP1; upright where it has none, is damaged, or is no EXIF. */
int exif_orientation(const uint8_t *data, size_t size);

/* Turns an image that is stored so; others than 1 to 8 count as upright. Fails with STATUS_MEMORY, and leaves the image
 * as it was then. */
status grey_image_turn(grey_image *image, int orientation);

#endif
