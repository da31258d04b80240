/* Line charts: learning curves, ROC curves, a metric over a setting. Drawn with cairo.
 *
 * Thread rule: one thread at a time for each plot; different ones at once. */
#ifndef IRST_CORE_DRAW_PLOT_H
#define IRST_CORE_DRAW_PLOT_H

#include "core/base/status.h"

#include <stdbool.h>

typedef enum plot_axis { PLOT_LEFT, PLOT_RIGHT } plot_axis;

typedef struct plot_series {
    const char *name;    /* in the legend; NULL keeps it out of there */
    const double *x, *y; /* `count` points, joined in order; one with a NaN or infinity is left out */
    int count;
    plot_axis axis;       /* the y axis that it is measured on; right: the line is dashed */
    const double *spread; /* error bars: each point's half length; NULL for none */
    /* A name beside each point, clear of other points and names where there is room; NULL for none. */
    const char *const *labels;
    bool is_scattered; /* the points alone, not joined */
} plot_series;

/* A tick that a caller sets: categories at 0, 1, 2, ..., or decades of a logarithm. */
typedef struct plot_tick {
    double value;
    const char *label;
} plot_tick;

/* What a quantity can be at all: neither its axis nor an error bar goes beyond. */
typedef struct plot_range {
    double low, high;
} plot_range;

typedef struct plot {
    const char *title;             /* UTF-8; NULL or "" for none, here and in the labels */
    const char *x_label, *y_label; /* y_label: the left axis */
    const char *y2_label;          /* the right axis, drawn if a series uses it */
    const plot_series *series;     /* colours go by position; eight before they repeat */
    int series_count;
    const plot_tick *x_ticks; /* in place of round numbers; NULL: those */
    int x_tick_count;
    const plot_range *y_range; /* of the left axis's values; NULL: any */
} plot;

/* Draws to a PNG (1200 x 750 pixels) or SVG file, by the suffix of `path`, replaced atomically. The axes span
 * all points that can be drawn; without any they are empty. Another suffix is STATUS_USAGE. */
status plot_write(const plot *p, const char *path);

/* Several plots, each with a legend of its own, smaller, row by row in `columns` columns. */
status plot_panels_write(const plot *plots, int count, int columns, const char *path);

/* Several plots of the same series, smaller, row by row in `columns` columns, under one title and one legend: that of
 * the first plot. */
status plot_grid_write(const char *title, const plot *plots, int count, int columns, const char *path);

#endif
