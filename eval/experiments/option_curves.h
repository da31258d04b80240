/* An experiment on a network with several values of one or two options: what its table shows, and curves of mIoU
 * against the first option, ours and the published one for each data set and each value of the second.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_OPTION_CURVES_H
#define IRST_EVAL_EXPERIMENTS_OPTION_CURVES_H

#include "core/html/html_page.h"
#include "eval/experiments/grid.h"

typedef struct option_curves {
    const char *title, *x_label;
    const char *varies;                  /* "bottleneck and total channels", for messages */
    const char *x_key;                   /* "model.total_channels" */
    const char *group_key, *group_label; /* "model.bottleneck_channels", "BC"; NULL: no second option */
} option_curves;

/* Parameters, mIoU and F1, beside the published ones. */
enum { OPTION_COLUMNS = 3 };
extern const grid_column option_columns[OPTION_COLUMNS];

/* "4x32" for BC = 4 and TC = 32, or "6" where there is one option; STATUS_USAGE for a method without them. */
status option_label(const option_curves *curves, const experiment_method *m, char out[64]);

/* Draws the table of an experiment without conditions to FOLDER/FILE.svg and .png, and into a page. */
status option_curves_draw(const grid *g, const table *t, const option_curves *curves, html_page *page);

#endif
