/* From a score map to a list of detections.
 *
 * Thread rule: one thread at a time for each detector and workspace; the rest any thread at any time, on different
 * structs. */
#ifndef IRST_EVAL_DETECT_DETECTIONS_H
#define IRST_EVAL_DETECT_DETECTIONS_H

#include "core/base/status.h"
#include "core/base/workspace.h"
#include "core/io/image.h"
#include "modules/detector.h"

#include <stdint.h>

typedef struct detection {
    double x, y;        /* centroid: mean pixel coordinates, 0-based */
    int x0, y0, x1, y1; /* bounding box, inclusive */
    int area;           /* pixels */
    double peak;        /* largest score inside */
} detection;

typedef struct detection_list {
    int count;
    detection *items;
} detection_list;

/* The 8-connected components of `mask`, in scan order. Free with detection_list_free. */
status detections_find(const float *score, const uint8_t *mask, int width, int height, detection_list *out);
/* The same in memory of the workspace, which the list keeps until workspace_begin: it is not freed. */
status detections_find_in(workspace *w, const float *score, const uint8_t *mask, int width, int height,
                          detection_list *out);
void detection_list_free(detection_list *list); /* accepts a zeroed struct */

typedef struct detect_options {
    int size;         /* the image is resized to size x size for the method, bilinear; 0: native */
    double threshold; /* a pixel is detected if its score is above; see detected_image.score */
    detector_detail detail;
} detect_options;

/* One image's result, in the coordinates of the image whatever the size that the method saw. */
typedef struct detected_image {
    int width, height;
    float *score;  /* probability; for raw scores the ratio to the map's maximum. In [0, 1] */
    uint8_t *mask; /* 0 or 1 */
    detection_list found;
    detector_maps maps; /* as the method gave them, at its size; valid until the detector's next call. Empty where the
                         * image was cut into tiles and only the score was asked for */
} detected_image;

/* Runs the detector on one image. The score map is resized to the image (bilinear), then thresholded: the absolute
 * probability, not its ratio to the maximum, for that would find something in every image. Free with
 * detected_image_free. */
status detect_image(detector *d, const grey_image *image, const detect_options *options, detected_image *out);
void detected_image_free(detected_image *result); /* accepts a zeroed struct */

#endif
