/* The ROC curves of several methods in one plot: detected targets over false alarms, which span decades.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_EVAL_FIGURES_ROC_PLOT_H
#define IRST_EVAL_FIGURES_ROC_PLOT_H

#include "core/base/status.h"
#include "eval/measure/metrics.h"

#include <stdio.h>

/* Writes FOLDER/NAME.csv (method, threshold, fpr, tpr), .png and .svg; legends hold the area under each curve. */
status roc_plot_write(const char *title, const char *const *methods, const metrics *counts, int count,
                      const char *folder, const char *name);
/* The same into a page. */
status roc_plot_print(const char *title, const char *const *methods, const metrics *counts, int count, FILE *page);

/* Writes the 201 points of one curve, atomically: as CSV (threshold, fpr, tpr), or drawn if the path ends in .png or
 * .svg. Another suffix is STATUS_USAGE. */
status roc_plot_write_one(const char *method, const char *set, const metrics *counts, const char *path);
/* The check of the suffix alone, to refuse a path before the work. */
status roc_plot_check_path(const char *path);

#endif
