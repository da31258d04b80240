/* A gallery as sections of a page. */
#ifndef IRST_EVAL_REPORT_GALLERY_PAGE_H
#define IRST_EVAL_REPORT_GALLERY_PAGE_H

#include "core/html/html_page.h"
#include "eval/report/gallery.h"

enum { GALLERY_MOST_ROWS = 2000 }; /* images in the table: of a larger split the worst */

/* Adds sections with the misses, the false alarms, the worst and the chosen images, and a table of all images. */
status gallery_print(const gallery *g, html_page *page);

#endif
