/* How an iterative method ended.
 *
 * Thread rule: one thread at a time for each report. */
#ifndef IRST_MODULES_CLASSIC_SOLVER_REPORT_H
#define IRST_MODULES_CLASSIC_SOLVER_REPORT_H

#include "modules/detector.h"

#include <stdint.h>

/* Zero for methods that do not iterate. */
typedef struct solver_report {
    int iterations, rank;
    int64_t nonzero;            /* entries of the target part */
    double lambda, mu, measure; /* mu in, and measure of convergence after, the last iteration */
    /* ||D - B - T||_F / ||D||_F after each of the first iterations, of methods whose iterations end by it. */
    int residual_count;
    double residuals[DETECTOR_RESIDUALS];
} solver_report;

/* The next one of the residuals, as long as there is room. */
void solver_report_residual(solver_report *report, double residual);

#endif
