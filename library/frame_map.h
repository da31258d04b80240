/* A frame of the host as the grey values in [0, 1] that a detector takes.
 *
 * Thread rule: any thread at any time, on different workspaces. */
#ifndef IRST_LIBRARY_FRAME_MAP_H
#define IRST_LIBRARY_FRAME_MAP_H

#include "core/base/status.h"
#include "core/base/workspace.h"
#include "core/io/grey_range.h"
#include "include/irst.h"

/* width * height values in memory of the workspace. `range` counts where the frame has none of its own. 8 and 16 bits
 * give what a file with these pixels gives. STATUS_USAGE for sides, stride, format or range that cannot be,
 * STATUS_INPUT for a float that is not finite, or is well outside of [0, 1] where nothing says what is black and
 * white. */
status frame_map(const irst_frame *frame, const grey_range *range, workspace *w, float **out);

#endif
