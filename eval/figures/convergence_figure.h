/* Curves of convergence.h as a table and as charts: residual and change by stage, mIoU of each stage's T, and the
 * residual by iteration of model-driven methods.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_EVAL_FIGURES_CONVERGENCE_FIGURE_H
#define IRST_EVAL_FIGURES_CONVERGENCE_FIGURE_H

#include "eval/figures/convergence.h"

#include <stdio.h>

typedef struct named_convergence {
    const char *name;
    convergence curve;
} named_convergence;

/* FOLDER/NAME.csv, .png and .svg, each replaced atomically. */
status convergence_figure_write(const char *title, const named_convergence *methods, int count, const char *folder,
                                const char *name);

/* The charts in a page. */
status convergence_figure_print(const char *title, const named_convergence *methods, int count, FILE *page);

#endif
