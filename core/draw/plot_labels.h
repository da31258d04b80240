/* The names of points: each stands beside its point, clear of other points and names. Where they stand is the same for
 * every format; how long a text is and how it is written, the caller says. Used by plot.c and the plots in pages.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_PLOT_LABELS_H
#define IRST_CORE_DRAW_PLOT_LABELS_H

#include "core/draw/plot_area.h"

/* Lengths are those of the picture; y grows downwards. */
typedef struct plot_box {
    double left, top, right, bottom;
} plot_box;

typedef struct plot_labels {
    const plot_area *area; /* names stay in it where they can */
    double height;         /* of a text */
    void *context;         /* handed to what follows */
    double (*width)(void *context, const char *text);
    void (*print)(void *context, const plot_box *at, const char *text);
} plot_labels;

/* Prints the names of all series that have them: right below the point, left above it, right, left, above or below, the
 * first of these places that is free, else the first. Beyond 256 points and names none is kept apart from the others.
 */
void plot_labels_print(const plot_labels *l, const plot *p);

#endif
