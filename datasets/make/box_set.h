/* A data set with masks from images and boxes.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_DATASETS_MAKE_BOXES_BOX_SET_H
#define IRST_DATASETS_MAKE_BOXES_BOX_SET_H

#include "core/base/status.h"
#include "datasets/make/box_mask.h"

typedef struct box_set_counts {
    const char *format; /* of the annotations */
    int images, boxes;
    int empty;       /* images without a box */
    int flat;        /* boxes that BOX_FILL_CONTRAST filled whole */
    int unannotated; /* images that were left out, since they have no annotation */
    int named;       /* images that the annotations are about, */
    int absent;      /* and those of them that are not there */
    int stray;       /* boxes of an image that the annotations do not name */
    int recounted;   /* images whose files count otherwise than the PNG that they became */
} box_set_counts;

/* Reads the images in the folder `images` and their boxes at `annotations` (see box_format.h) and writes OUT/images,
 * OUT/masks and OUT/README.txt, which says how the masks were made, or a pack where `to` ends in .h5, all as the split
 * "all"; it appears whole or not at all. `on_sample` (may be NULL) is called after each image. */
status box_set_write(const char *images, const char *annotations, const char *to, box_fill fill, box_set_counts *counts,
                     void (*on_sample)(void *context, int done, int total), void *context);

#endif
