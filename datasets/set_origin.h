/* What is known of how a set was made, where it was made by this project: that its masks come from boxes, for instance.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_SET_ORIGIN_H
#define IRST_DATASETS_SET_ORIGIN_H

#include "core/base/status.h"

/* Of a folder the text of the README.txt that `prepare boxes` or `prepare sirst-aug` left there, of a pack its
 * attribute `description`. `out` is new, owned by the caller; "" where nothing is said. */
status set_origin_read(const char *path, char **out);

#endif
