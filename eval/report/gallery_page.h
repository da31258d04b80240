/* A gallery as sections of a page.
 *
 * Thread rule: one thread at a time for each page; different ones at once. */
#ifndef IRST_EVAL_REPORT_GALLERY_PAGE_H
#define IRST_EVAL_REPORT_GALLERY_PAGE_H

#include "core/html/html_page.h"
#include "eval/report/gallery.h"

enum { GALLERY_MOST_ROWS = 2000 }; /* images in the table: of a larger split the worst */

/* Adds sections with the misses, the false alarms, the worst and the chosen images, and a table of all images. */
status gallery_print(const gallery *g, html_page *page);

/* Prints the misses, the false alarms and the chosen images without sections, for a page of several galleries. `group`,
 * letters and digits, tells them apart. */
status gallery_print_short(const gallery *g, const char *group, FILE *stream);

#endif
