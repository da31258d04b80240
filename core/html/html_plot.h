/* A plot in a page: an inline SVG picture that takes its colours from the page's style, light or dark.
 *
 * Thread rule: one thread at a time for each stream. */
#ifndef IRST_CORE_HTML_HTML_PLOT_H
#define IRST_CORE_HTML_HTML_PLOT_H

#include "core/draw/plot.h"

#include <stdio.h>

/* Prints a figure with title, legend and picture. Each point says its values where the pointer stands on it. */
void html_print_plot(FILE *stream, const plot *p);

#endif
