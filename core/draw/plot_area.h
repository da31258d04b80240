/* The area between the axes of a plot, and where values lie in it: the same in every format. Used by plot.c and the
 * plots in pages.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_PLOT_AREA_H
#define IRST_CORE_DRAW_PLOT_AREA_H

#include "core/draw/plot_axes.h"

/* Lengths are those of the picture, and y grows downwards in it. */
typedef struct plot_area {
    plot_axes axes;
    double left, top, right, bottom;
} plot_area;

double plot_area_x(const plot_area *a, double value);
double plot_area_y(const plot_area *a, int axis, double value); /* axis: 0 left, 1 right */

/* Hands on each tick of the horizontal axis, from the left: the plot's own that lie in it, else those of its scale. */
void plot_area_x_ticks(const plot_area *a, const plot *p, void (*draw)(void *context, double x, const char *label),
                       void *context);

#endif
