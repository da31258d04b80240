/* Whether a given range of grey values leaves anything to see: a wrong one makes every image all black or all white,
 * and a detector finds nothing in it, or anything.
 *
 * Thread rule: one thread at a time for each range_use. */
#ifndef IRST_EVAL_DETECT_RANGE_USE_H
#define IRST_EVAL_DETECT_RANGE_USE_H

#include "core/io/grey_range.h"

#include <stdbool.h>
#include <stddef.h>

/* Of all images so far. A zeroed struct has seen none. */
typedef struct range_use {
    bool is_used, above_black, below_white;
} range_use;

/* Takes note of an image to which the range has been applied. */
void range_use_add(range_use *use, const grey_image *image);

/* Says in one line that all pixels were outside of the range, on one side, and what the values are: `span` is of the
 * images before. False if it was not so, or no range of two values was given. */
bool range_use_remark(const range_use *use, const grey_range *range, const grey_span *span, char *out, size_t size);

#endif
