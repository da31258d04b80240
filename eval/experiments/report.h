/* The table of an experiment: rows from its grid and the published figures, and what has to be said below.
 *
 * Thread rule: one thread at a time for each grid; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_REPORT_H
#define IRST_EVAL_EXPERIMENTS_REPORT_H

#include "eval/experiments/grid.h"
#include "eval/experiments/published.h"

/* Writes FOLDER/FILE.md, .csv and .tex and FOLDER/report.html, draws what the experiment draws, and prints the first as
 * a document. `p` may be NULL. */
status report_write(const grid *g, const published *p);

/* A line below the table. */
status report_note(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
