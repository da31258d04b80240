/* The page of an experiment, FOLDER/report.html: its table, its curves and pictures, what is said of them, and of each
 * evaluation the worst misses and false alarms, an image, and where its own page is.
 *
 * Thread rule: one thread at a time for each page; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_PAGE_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_PAGE_H

#include "core/html/html_page.h"
#include "eval/experiments/grid.h"

/* Begins the page of an experiment. Free with html_page_free. */
status experiment_page_new(const experiment_kind *kind, const experiment *e, html_page **out);

/* Adds sections with the table, and with the notes, the verdict and the pages of evaluations. */
void experiment_page_print_table(html_page *page, const table *t);
status experiment_page_print_notes(html_page *page, const grid *g, const table *t);

/* Adds a picture that lies in the folder; only its name where the page would become too large with it. */
status experiment_page_print_picture(html_page *page, const char *path);

/* Writes FOLDER/report.html. */
status experiment_page_save(html_page *page, const char *folder);

#endif
