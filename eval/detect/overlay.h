/* The picture for the eye: the image with its detections in boxes. */
#ifndef IRST_EVAL_DETECT_OVERLAY_H
#define IRST_EVAL_DETECT_OVERLAY_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "eval/detect/detections.h"

/* Writes an RGB PNG, atomically. Small images are enlarged by a whole factor until the shorter side has 512 pixels,
 * very large ones reduced. 16-bit images are stretched from their darkest to their brightest pixel, 8-bit ones shown
 * as they are. A score that finds no free place beside its box is left out; the box is always there. */
status overlay_write(const char *path, const grey_image *image, const detection_list *found);

#endif
