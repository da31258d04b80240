/* A frame of the host as the grey values in [0, 1] that a detector takes.
 *
 * Thread rule: any thread at any time, on different workspaces. */
#ifndef IRST_LIBRARY_FRAME_MAP_H
#define IRST_LIBRARY_FRAME_MAP_H

#include "core/base/status.h"
#include "core/base/workspace.h"
#include "core/io/grey_range.h"
#include "include/irst.h"

/* A detector's view of a frame. */
typedef struct frame_view {
    float *values; /* width * height */
    int width, height;
} frame_view;

/* At size x size, or, with size = 0, as large as the frame, in memory of the workspace. `range` counts where the frame
 * has none of its own. 8 and 16 bits give what a file with these pixels gives. STATUS_USAGE for sides, stride, format
 * or range that cannot be, STATUS_INPUT for a float that is not finite, or is well outside of [0, 1] where nothing says
 * what is black and white. */
status frame_map(const irst_frame *frame, const grey_range *range, int size, workspace *w, frame_view *out);

#endif
