/* From boxes to a mask.
 *
 * Thread rule: any thread at any time, on different masks. */
#ifndef IRST_DATASETS_MAKE_BOXES_BOX_MASK_H
#define IRST_DATASETS_MAKE_BOXES_BOX_MASK_H

#include "core/io/image.h"
#include "datasets/make/box_format.h"

typedef enum box_fill {
    BOX_FILL_CONTRAST, /* what stands out in the box */
    BOX_FILL_WHOLE     /* every pixel of the box */
} box_fill;

extern const char *const box_fill_names[2]; /* "contrast", "box" */

/* The rule in a sentence, for those who get the masks. */
const char *box_fill_description(box_fill fill);

/* Adds a box to a mask of 0 and 255 of the image's size. The box has the pixels whose centre lies in it, at least the
 * one that its own centre lies in; what lies outside the image is left out.
 *
 * BOX_FILL_CONTRAST: the target is brighter than half way from the background - the median of a frame around the box,
 * as wide as half the longer side of the box and at least 3 pixels - to the brightest pixel of the box, and connected
 * to it within the box. A box that has nothing above its background is filled whole, and *flat is counted up.
 *
 * STATUS_INPUT if no pixel of the box lies in the image. */
status box_mask_add(const grey_image *image, const box *b, box_fill fill, grey_image *mask, int *flat);

#endif
