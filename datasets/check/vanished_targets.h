/* Targets that resizing loses: of a label that becomes smaller every so many pixels are kept, and a target may have
 * none of them. Nobody is told then: it counts neither as found nor as missed.
 *
 * Thread rule: any thread at any time, on different masks. */
#ifndef IRST_DATASETS_CHECK_VANISHED_TARGETS_H
#define IRST_DATASETS_CHECK_VANISHED_TARGETS_H

#include "datasets/check/components.h"

#include <stdbool.h>

/* How a mask is resized before it is used. Zeroed: not. */
typedef struct mask_resizing {
    int size;     /* to size x size; 0: not */
    bool centred; /* resize_mask_centred instead of resize_mask */
} mask_resizing;

/* Adds the targets of a mask as stored, and those of them that have no pixel behind the resizing; nothing for a mask
 * that does not become smaller. `maximum` is its mask_maximum. */
status vanished_targets_add(const grey_image *mask, int maximum, mask_rule rule, const mask_resizing *how,
                            int64_t *targets, int64_t *vanished);

#endif
