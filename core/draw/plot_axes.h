/* What the axes of a plot span, and which of its points are drawn: the same in every format. Used by plot.c and the
 * plots in pages.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_PLOT_AXES_H
#define IRST_CORE_DRAW_PLOT_AXES_H

#include "core/draw/plot.h"
#include "core/draw/plot_scale.h"

#include <stdbool.h>

typedef struct plot_axes {
    plot_scale x, y[2]; /* y: left, right */
    bool has_right;     /* a series uses it */
} plot_axes;

/* Axes that span all points of the plot, with ticks that suit sides of `width` and `height` points (of length). */
plot_axes plot_axes_of(const plot *p, double width, double height);

/* Neither a NaN nor an infinity. */
bool plot_point_is_drawn(const plot_series *s, int i);

/* The end of an error bar, `side` (-1 or 1) of the point; the point itself where there is none. */
double plot_bar_end(const plot *p, const plot_series *s, int i, int side);

#endif
