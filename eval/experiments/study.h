/* What eval-table, eval-stages and eval-channels share: command line, trainings, evaluations, and the table of figures
 * beside the published ones. */
#ifndef IRST_EVAL_EXPERIMENTS_STUDY_H
#define IRST_EVAL_EXPERIMENTS_STUDY_H

#include "core/base/status.h"
#include "eval/experiments/experiment.h"
#include "eval/experiments/published.h"
#include "eval/experiments/results.h"
#include "eval/experiments/table.h"

/* A figure of a cell, in the units of the published tables. */
typedef enum study_figure {
    FIGURE_MIOU, /* percent, as F1 and Pd; the first four in the order of the published lines */
    FIGURE_F1,
    FIGURE_PD,
    FIGURE_FA,     /* 1e-5 */
    FIGURE_PARAMS, /* millions */
    FIGURE_SECONDS /* an image */
} study_figure;

typedef struct study {
    const struct study_program *program;
    const experiment *e;
    const results *r;
    const published *p;
    const char *folder; /* what it writes goes there */
    /* Its rows: data set by data set, method by method; row data * method_count + method. Then those of `summarise`. */
    table t;
} study;

typedef struct study_program {
    const char *name, *summary, *examples; /* as in cli_program */
    const char *title, *row_label;         /* of the table */
    const table_column *columns;
    const study_figure *figures; /* what stands in each column */
    int column_count;
    const char *published; /* the published table: sections NAME, NAME_params and NAME_seconds, notes NAME */
    /* The name of a method's rows, in the table and among the published lines. */
    status (*label)(const experiment_method *m, char out[64]);
    status (*summarise)(study *s);  /* adds rows that summarise the others; may be NULL */
    status (*draw)(const study *s); /* may be NULL */
} study_program;

/* The whole program; its exit code. */
int study_main(const study_program *program, int argc, char **argv);

/* Curves of mIoU against an option of the methods: ours and the published one for each data set and, where methods
 * differ in a second option, for each of its values. */
typedef struct study_curves {
    const char *title, *x_label;
    const char *x_key;                   /* "model.total_channels" */
    const char *group_key, *group_label; /* "model.bottleneck_channels", "BC"; NULL: no second option */
} study_curves;

/* Draws them to FOLDER/NAME.svg and .png, NAME being the program's published table. */
status study_draw_curves(const study *s, const study_curves *curves);

#endif
