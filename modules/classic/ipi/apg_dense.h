/* A step of accelerated proximal gradient (ipi_apg.c) with every matrix formed, and every decomposition by LAPACK: what
 * the other way (apg_factored.h) is measured against.
 *
 * Thread rule: the caller's of its engine. */
#ifndef IRST_MODULES_CLASSIC_IPI_APG_DENSE_H
#define IRST_MODULES_CLASSIC_IPI_APG_DENSE_H

#include "core/linalg/svt.h"
#include "modules/classic/ipi/apg_step.h"
#include "modules/classic/ipi/ipi_solver.h"

/* Sums over one item's columns. */
typedef struct dense_sums {
    double step2; /* ||[S_B S_T]||_F^2 */
    double norm2; /* ||[B T]||_F^2 */
    int64_t card; /* entries of T */
} dense_sums;

typedef struct apg_dense {
    const ipi_problem *p;
    svt *decomposition;
    double *B, *B_before;         /* X_k and X_{k-1} */
    double *T, *T_before, *T_new; /* and X_{k+1} */
    double *G;
    double *blocks; /* new columns of B, one piece per thread */
    apg_pace pace;  /* of the step */
    dense_sums *sums;
    int items;
} apg_dense;

/* Takes its memory from `work`. The decomposition, of an exact kind, is the caller's and lasts as long. */
status apg_dense_new(engine *e, apg_dense *s, const ipi_problem *p, svt *decomposition, workspace *work);

/* B_0 = T_0 = 0, and T_1 by the threshold of mu. */
void apg_dense_begin(engine *e, apg_dense *s, double mu);

/* One step; the measure of convergence, the rank and T's entries go into the report. */
status apg_dense_step(engine *e, apg_dense *s, const apg_pace *pace, solver_report *report);

#endif
