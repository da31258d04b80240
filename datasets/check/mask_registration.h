/* Whether masks lie on what they mark. A target's offset is where its light is, minus where its label is: the centroid
 * of what stands out from the surroundings in and within 2 pixels of the label, minus the label's. Single targets are
 * off for many reasons (noise, an edge beside them); a set whose masks were made at another size, or by another
 * convention for the centres of pixels, is off by the same half pixel, to the same side, again and again. A network
 * learns that as well as anything else - unless flips tell it that any side is as likely.
 *
 * Thread rule: one thread at a time for each registration; different ones at once. */
#ifndef IRST_DATASETS_CHECK_MASK_REGISTRATION_H
#define IRST_DATASETS_CHECK_MASK_REGISTRATION_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stdint.h>

enum { REGISTRATION_REACH = 2, REGISTRATION_CELLS = 2 * REGISTRATION_REACH + 1 };

/* Zeroed before the first mask. */
typedef struct mask_registration {
    int64_t targets; /* those whose offset can be told */
    /* Of these by offset in half pixels, rounded: [row + REACH][column + REACH], the outermost with all beyond. */
    int64_t cells[REGISTRATION_CELLS][REGISTRATION_CELLS];
} mask_registration;

/* Adds the targets of a mask, `maximum` its mask_maximum. Targets of fewer than 4 pixels or more than 64 rows or
 * columns, without light of their own or without surroundings are passed over, and so are masks of another size than
 * their image. */
status mask_registration_add(mask_registration *r, const grey_image *image, const grey_image *mask, int maximum,
                             mask_rule rule);

/* A half pixel, or a whole one and more, in rows (down) and columns (right), that a tenth of the targets and more are
 * off by, 20 at least, and four times as many as to any other side by as much. */
typedef struct registration_shift {
    double rows, columns;
    int64_t targets; /* off by this */
    int64_t others;  /* off by as much to that other side that has most */
} registration_shift;

bool mask_registration_shift(const mask_registration *r, registration_shift *out);

#endif
