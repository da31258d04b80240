/* The ROC curves of several methods in one plot: detected targets over false alarms, which span decades. */
#ifndef IRST_EVAL_MEASURE_ROC_PLOT_H
#define IRST_EVAL_MEASURE_ROC_PLOT_H

#include "core/base/status.h"
#include "eval/measure/metrics.h"

/* Draws to a PNG or SVG file. The legend holds the area under each curve. */
status roc_plot_draw(const char *title, const char *const *methods, const metrics *counts, int count, const char *path);

/* Writes FOLDER/NAME.csv (method, threshold, fpr, tpr), .png and .svg. */
status roc_plot_write(const char *title, const char *const *methods, const metrics *counts, int count,
                      const char *folder, const char *name);

#endif
