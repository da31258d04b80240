/* A close look at the stages of an unrolled network: B, T, N and D of each, for one image.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_EVAL_FIGURES_STAGE_FIGURE_H
#define IRST_EVAL_FIGURES_STAGE_FIGURE_H

#include "core/base/status.h"
#include "core/draw/canvas.h"
#include "modules/detector.h"

#include <stdint.h>

typedef struct stage_figure {
    const char *title;
    int width, height;
    const float *image;        /* in [0, 1] */
    const uint8_t *label;      /* 0 or 1 */
    const detector_maps *maps; /* with DETAIL_STAGES */
} stage_figure;

/* Draws to a PNG or SVG file. Each map has its own scale beside it, for their
 * ranges differ by orders of magnitude. A scale leaves out the lowest and highest 0.5 % of the values, but not the
 * highest of T; that of N lies evenly about its median. A method without stages is STATUS_USAGE. */
status stage_figure_write(const stage_figure *f, canvas_png png, const char *path);

#endif
