/* One evaluation as a page to look at (core/html/html_page.h).
 *
 * Thread rule: one thread at a time for each page; different ones at once. */
#ifndef IRST_EVAL_REPORT_EVALUATION_PAGE_H
#define IRST_EVAL_REPORT_EVALUATION_PAGE_H

#include "core/html/html_page.h"
#include "eval/measure/evaluation_report.h"
#include "eval/report/gallery.h"

/* What a report shows of a split of `images` images: about 2 MB. */
gallery_options evaluation_page_gallery(int images, match_protocol protocol);

/* Adds sections with the figures, the ROC, and what the gallery holds. */
status evaluation_page_print(const evaluation *e, const gallery *g, html_page *page);

/* Writes a page of these sections, atomically. */
status evaluation_page_write(const evaluation *e, const gallery *g, const char *path);

/* Refuses a path that does not end in .html, before the work. */
status evaluation_page_check_path(const char *path);

#endif
