/* What all drawn pictures share: colours, text, files. Lengths are points.
 *
 * Thread rule: one thread at a time for each canvas; different ones at once. */
#ifndef IRST_CORE_DRAW_CANVAS_H
#define IRST_CORE_DRAW_CANVAS_H

#include "core/base/status.h"

#include <cairo.h>

#define CANVAS_TEXT 0x202020 /* colours are 0xRRGGBB */
#define CANVAS_FRAME 0x606060
#define CANVAS_GRID 0xe4e4e4

void canvas_colour(cairo_t *cairo, unsigned rgb);
/* A colour for number `index` of several things; eight before they repeat. */
unsigned canvas_palette(int index);

double canvas_text_width(cairo_t *cairo, const char *text);
/* Writes with the given share of the width left of x (0, 0.5, 1); y is the middle of the digits' height. */
void canvas_text(cairo_t *cairo, double x, double y, double share, const char *text);
/* Writes upwards, centred on (x, y). */
void canvas_text_upwards(cairo_t *cairo, double x, double y, const char *text);

void canvas_line(cairo_t *cairo, double x0, double y0, double x1, double y1, unsigned colour);

/* How a PNG file is made; an SVG file has no use for it. */
typedef struct canvas_png {
    double scale; /* pixels for a point */
    int colours;  /* a palette of that many, at most 256, for a smaller file; 0: as drawn */
} canvas_png;

/* Draws on white to a PNG or SVG file, by the suffix of `path`, replaced atomically. Another suffix is STATUS_USAGE. */
status canvas_write(const char *path, double width, double height, canvas_png png,
                    void (*draw)(void *context, cairo_t *cairo), void *context);

#endif
