/* Masks of a set that have no image. */
#ifndef IRST_EVAL_SET_PAIRING_H
#define IRST_EVAL_SET_PAIRING_H

#include "core/file_io.h"
#include "core/status.h"

/* Adds a line for each mask without an image in the folders of the set at `path`. A pack has none. An image without a
 * mask is found when its split is opened. */
status set_find_lone_masks(const char *path, name_list *findings);

#endif
