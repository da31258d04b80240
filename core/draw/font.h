/* The typeface of all pictures.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_FONT_H
#define IRST_CORE_DRAW_FONT_H

#include <cairo.h>

void font_select(cairo_t *cairo, double size, cairo_font_weight_t weight);

#endif
