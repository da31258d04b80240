/* Masks of a set that have no image.
 *
 * Thread rule: any thread at any time, on different lists. */
#ifndef IRST_DATASETS_CHECK_SET_PAIRING_H
#define IRST_DATASETS_CHECK_SET_PAIRING_H

#include "core/base/status.h"
#include "core/io/file_io.h"

/* Adds a line for each mask without an image in the folders of the set at `path`. A pack has none. An image without a
 * mask is found when its split is opened. */
status set_find_lone_masks(const char *path, name_list *findings);

#endif
