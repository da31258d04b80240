/* What a data set holds, as a number to know it again: names, sizes and pixels of its samples, in order. It is the same
 * of a folder and of its pack. Images count as they are read, spread to the set's range where it has one.
 *
 * Thread rule: any thread at any time, on different numbers. */
#ifndef IRST_DATASETS_CHECK_SET_CONTENT_H
#define IRST_DATASETS_CHECK_SET_CONTENT_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/dataset.h"

#include <stdint.h>

/* CRC-32 of what `content` (0 at first) covers and of one more sample. */
uint32_t set_content_add(uint32_t content, const char *name, const grey_image *image, const grey_image *mask);

/* That of all samples, each of which is read. */
status set_content_find(const dataset *d, uint32_t *out);

/* That of several sets: `all` is 0 at first, and then what the last call returned. */
uint32_t set_content_join(uint32_t all, uint32_t content);

#endif
