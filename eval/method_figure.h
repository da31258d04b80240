/* What several methods make of one image: their score maps, the targets enlarged, found ones and false alarms marked,
 * and each map as a surface in space. */
#ifndef IRST_EVAL_METHOD_FIGURE_H
#define IRST_EVAL_METHOD_FIGURE_H

#include "core/status.h"

#include <stdint.h>

typedef struct method_map {
    const char *name;
    const float *score;      /* in [0, 1] */
    const uint8_t *detected; /* 0 or 1 */
} method_map;

typedef struct method_figure {
    const char *title;
    const char *score_name; /* of the colour scale */
    int width, height;
    const float *image;   /* in [0, 1], shown from its darkest to its brightest value */
    const uint8_t *label; /* 0 or 1 */
    const method_map *methods;
    int method_count;
    int columns; /* maps side by side: image, ground truth and methods */
} method_figure;

/* Draws to a PNG or SVG file, with `png_scale` pixels for a point. A target is marked as found if one detected pixel
 * lies in it; a detected component without a target's pixel is a false alarm. */
status method_figure_write(const method_figure *f, double png_scale, const char *path);

#endif
