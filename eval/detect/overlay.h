/* The picture for the eye: the image with its detections in boxes.
 *
 * Thread rule: any thread at any time, on different pictures. */
#ifndef IRST_EVAL_DETECT_OVERLAY_H
#define IRST_EVAL_DETECT_OVERLAY_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "eval/detect/detections.h"

#include <stdbool.h>
#include <stdint.h>

/* A box around the pixels x0 .. x1, y0 .. y1, inclusive, and what is written beside it. */
typedef struct overlay_mark {
    double x0, y0, x1, y1;
    bool dashed;
    char label[24];
} overlay_mark;

/* Grey levels shown as black and white; levels outside are shown as these. */
typedef struct overlay_levels {
    double black, white;
} overlay_levels;

typedef struct overlay_picture {
    int width, height;
    uint8_t *rgb; /* 3 bytes a pixel, row-major */
} overlay_picture;

/* Small images are enlarged by a whole factor until the shorter side has 512 pixels, very large ones reduced: the sides
 * of the picture of an image with these sides. A title has a strip below the image, so that it hides nothing. */
void overlay_size(int width, int height, bool titled, int *picture_width, int *picture_height);

/* 16-bit images are stretched from their darkest to their brightest pixel, 8-bit ones shown as they are. */
overlay_levels overlay_levels_of(const grey_image *image);

/* The image with its marks. A label that finds no free place beside its box is left out; the box is always there. Boxes
 * keep a distance from what they mark. `title`: NULL for none. Any thread. Free with overlay_picture_free. */
status overlay_draw(const grey_image *image, const overlay_levels *levels, const overlay_mark *marks, int count,
                    const char *title, overlay_picture *out);
void overlay_picture_free(overlay_picture *picture); /* accepts a zeroed struct */

/* The mark of a detection, with its peak score as the label. */
overlay_mark overlay_mark_of(const detection *d);

/* Writes the picture of an image with its detections as an RGB PNG, atomically. */
status overlay_write(const char *path, const grey_image *image, const detection_list *found);

#endif
