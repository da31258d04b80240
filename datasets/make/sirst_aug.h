/* The geometry of SIRST-Aug: an image of SIRST enlarged, windows of 256x256 pixels in it, turned for training.
 *
 * The set was published without saying how it was made. The published position, box and area of every target tell it:
 * exactly for the test split, nearly for the training split; docs/datasets.md says what is known and what is not.
 *
 * Thread rule: any thread at any time, on different images and generators. */
#ifndef IRST_DATASETS_MAKE_SIRST_AUG_H
#define IRST_DATASETS_MAKE_SIRST_AUG_H

#include "core/base/rng.h"
#include "core/base/status.h"
#include "core/io/image.h"

enum {
    SIRST_AUG_SIDE = 256,        /* of a window */
    SIRST_AUG_LONG_SIDE = 512,   /* of an enlarged image */
    SIRST_AUG_MARGIN = 128,      /* how far a window may reach beyond the image */
    SIRST_AUG_WINDOWS = 5,       /* of a target in the test split, of an image in the training split */
    SIRST_AUG_TURNS = 5,         /* of each training window */
    SIRST_AUG_TURN_DEGREES = 50, /* turn i is by a whole number of degrees in [50 i, 50 (i + 1)) */
};

/* Both to a long side of 512: the image bilinearly, the mask by its nearest pixels and then to 0 and 255. Replaces the
 * images, which may differ in size. */
status sirst_aug_enlarge(grey_image *image, grey_image *mask);

/* What a window with its upper left corner at (x, y) shows; black beyond the image. `out` is owned by the caller. */
status sirst_aug_cut(const grey_image *enlarged, int x, int y, grey_image *out);

/* Where window number `window` of an image of this size begins such that a target's centre lies in the part of it that
 * belongs to the number: lower right, lower left, upper right, upper left quarter, centre. Drawn uniformly. */
void sirst_aug_place(rng *r, int window, double centre_x, double centre_y, int width, int height, int *x, int *y);

/* A window turned anticlockwise about pixel (128, 128), bilinearly, black beyond it; computed in integers, so that it
 * is the same on every machine. */
status sirst_aug_turn(const grey_image *window, int degrees, grey_image *out);

/* The same of a mask of 0 and 255, which is so again: a pixel is a target's from a sixth of its weight on. The
 * published masks are larger by about as much as that makes them. */
status sirst_aug_turn_mask(const grey_image *window, int degrees, grey_image *out);

#endif
