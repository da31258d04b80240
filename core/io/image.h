/* Grey images as they are stored (8 or 16 bits deep), and resizing as the reference implementations do it: RPCANet's
 * with OpenCV, others with Pillow.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_CORE_IO_IMAGE_H
#define IRST_CORE_IO_IMAGE_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest image: what a hostile header asks for beyond it is refused before memory is taken. 16384 x 16384 pixels
 * are 512 MiB. */
enum { IMAGE_LARGEST_SIDE = 32768, IMAGE_MOST_PIXELS = 1 << 28 };

/* Floating point from 0 to 1 that was filtered may leave that by so much: it is clipped. */
#define IMAGE_MOST_OUTSIDE 0.01

/* One grey image. `maximum` is the value of full scale: 255 or 65535. Pixels are row-major, `width * height`
 * of them, owned by the image. A zeroed struct is an empty image.
 *
 * A file may count otherwise, in floating point or up to 16383: `value_low` and `value_high` are then what its pixels 0
 * and `maximum` stand for. Both are 0 where pixels are the file's own values. */
typedef struct grey_image {
    int width;
    int height;
    int maximum;
    uint16_t *pixels;
    double value_low, value_high;
    bool own_scale; /* the file has no full scale, and low and high are its own smallest and largest value */
} grey_image;

/* STATUS_INPUT if a side is not in 1..IMAGE_LARGEST_SIDE or if there are more than IMAGE_MOST_PIXELS. */
status grey_image_check_size(int64_t width, int64_t height);
/* Allocates zeroed pixels. Release with grey_image_free. Fails with STATUS_MEMORY, and as grey_image_check_size. */
status grey_image_new(int width, int height, int maximum, grey_image *out);
void grey_image_free(grey_image *image); /* accepts an empty image; leaves an empty image */

static inline size_t grey_image_pixels(const grey_image *image) {
    return (size_t)image->width * (size_t)image->height;
}

/* OpenCV's INTER_LINEAR (half-pixel centres, edge replicated; an exact halving of both sides is the rounded
 * mean of 2x2 pixels), bit-exact for 8-bit images. `out` is new, owned by the caller; the depth is kept. */
status grey_image_resize_bilinear(const grey_image *image, int width, int height, grey_image *out);

/* OpenCV's INTER_NEAREST: source index floor(i * source / target). `out` is new, owned by the caller. */
status grey_image_resize_nearest(const grey_image *image, int width, int height, grey_image *out);

/* Pillow's BILINEAR: where the image shrinks, the triangle filter widens with the step, so that every pixel counts.
 * Bit-exact for 8-bit images. `out` is new, owned by the caller; the depth is kept. */
status grey_image_resize_antialiased(const grey_image *image, int width, int height, grey_image *out);

/* Pillow's NEAREST: source index floor((i + 0.5) * source / target). `out` is new, owned by the caller. */
status grey_image_resize_centred(const grey_image *image, int width, int height, grey_image *out);

#endif
