/* How large the images of a set are.
 *
 * Thread rule: any thread at any time, on different sets. */
#ifndef IRST_CORE_IO_IMAGE_SIZES_H
#define IRST_CORE_IO_IMAGE_SIZES_H

#include "core/io/image.h"

/* Zeroed: of no image. */
typedef struct image_sizes {
    int64_t images;
    int64_t width, height; /* sums, in pixels */
    double least, most;    /* pixels of the smallest and of the largest image */
    double shortest;       /* side of an image, in pixels */
} image_sizes;

void image_sizes_add(image_sizes *sizes, const image_sizes *others);
void image_sizes_add_image(image_sizes *sizes, const grey_image *image);

#endif
