/* The two solvers of IPI: low-rank background B and sparse target T of a patch-image D, as the authors published it and
 * as the community's Python version has it.
 *
 * Thread rule: the caller's of its engine. */
#ifndef IRST_MODULES_CLASSIC_IPI_IPI_SOLVER_H
#define IRST_MODULES_CLASSIC_IPI_IPI_SOLVER_H

#include "core/base/workspace.h"
#include "modules/classic/solver_report.h"
#include "modules/detector_type.h"

typedef struct ipi_problem {
    int m, n; /* m >= n, column-major */
    const double *D;
    double lambda;
    int iterations;   /* the most */
    double tolerance; /* of the solver's measure of convergence */
    bool exact;       /* ipi_apg: every decomposition by LAPACK, of the matrix itself, see svt.h */
} ipi_problem;

/* Accelerated proximal gradient with continuation (ipi_apg.c): min ||B||_* + lambda ||T||_1 + 1/(2 mu) ||D - B -
 * T||_F^2, D scaled to [0, 1]. *T points into `work`. */
status ipi_apg(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report);

/* Inexact augmented Lagrangian (ipi_alm.c): min ||B||_* + lambda ||T||_1 with D = B + T, T >= 0, D in grey values. */
status ipi_alm(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report);

#endif
