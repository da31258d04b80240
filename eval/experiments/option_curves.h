/* Curves of mIoU against an option of the methods: ours and the published one for each data set and, where methods
 * differ in a second option, for each of its values. */
#ifndef IRST_EVAL_EXPERIMENTS_OPTION_CURVES_H
#define IRST_EVAL_EXPERIMENTS_OPTION_CURVES_H

#include "eval/experiments/grid.h"

typedef struct option_curves {
    const char *title, *x_label;
    const char *x_key;                   /* "model.total_channels" */
    const char *group_key, *group_label; /* "model.bottleneck_channels", "BC"; NULL: no second option */
} option_curves;

/* Draws the table of an experiment without conditions to FOLDER/FILE.svg and .png. */
status option_curves_draw(const grid *g, const table *t, const option_curves *curves);

#endif
