/* Maps of one scene side by side: the image, the ground truth, and what methods make of it, with the targets enlarged,
 * found ones and false alarms marked, and each map as a surface in space.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_EVAL_FIGURES_METHOD_FIGURE_H
#define IRST_EVAL_FIGURES_METHOD_FIGURE_H

#include "core/base/status.h"
#include "core/draw/canvas.h"
#include "eval/measure/metrics.h"

#include <stdint.h>

typedef enum figure_kind {
    FIGURE_IMAGE, /* grey, from its darkest to its brightest value */
    FIGURE_TRUTH, /* the label; needs no map */
    FIGURE_SCORE  /* in [0, 1], with marks of what is found */
} figure_kind;

typedef struct figure_cell {
    figure_kind kind;
    const char *name;
    const float *map;        /* width * height */
    const uint8_t *detected; /* FIGURE_SCORE: 0 or 1 */
} figure_cell;

typedef enum figure_surfaces { WITH_SURFACES, WITHOUT_SURFACES } figure_surfaces;

typedef struct method_figure {
    const char *title;
    const char *score_name; /* of the colour scale */
    int width, height;
    const uint8_t *label; /* 0 or 1 */
    const figure_cell *cells;
    int cell_count; /* at least one */
    int columns;    /* cells side by side */
    figure_surfaces surfaces;
    match_protocol protocol;
} method_figure;

/* Draws to a PNG or SVG file. The protocol says which targets are marked as found, and which detections as false
 * alarms. */
status method_figure_write(const method_figure *f, canvas_png png, const char *path);

#endif
