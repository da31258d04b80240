/* prepare boxes: a data set with masks from images and boxes. */
#ifndef IRST_EVAL_PROGRAMS_PREPARE_BOXES_H
#define IRST_EVAL_PROGRAMS_PREPARE_BOXES_H

#include "core/base/status.h"

/* `fill`: "contrast" or "box". Prints what was made, and what was left out or filled whole. */
status prepare_boxes(const char *images, const char *annotations, const char *to, const char *fill);

#endif
