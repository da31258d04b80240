/* What stands behind irst_detector, for the files of this folder.
 *
 * Thread rule: one thread at a time for each handle; different ones at once. */
#ifndef IRST_LIBRARY_DETECTOR_HANDLE_H
#define IRST_LIBRARY_DETECTOR_HANDLE_H

#include "core/base/status.h"
#include "core/base/workspace.h"
#include "core/io/grey_range.h"
#include "core/io/text_buffer.h"
#include "include/irst.h"
#include "modules/detector.h"

struct irst_detector {
    engine *e;
    detector *d;
    grey_range range;
    double threshold;            /* as it was given; scores are compared with the nearest float */
    int size;                    /* frames are resized to size x size; 0: not */
    workspace maps;              /* of the last frame */
    char *checkpoint;            /* NULL for a method */
    text_buffer report, remarks; /* of the last evaluation */
};

/* Keeps the message of what failed for irst_error; returns the exit code. */
int irst_outcome(status result);

#endif
