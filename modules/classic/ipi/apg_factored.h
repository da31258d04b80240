/* A step of accelerated proximal gradient (ipi_apg.c) by the factors of the background and the entries of the target:
 * the same results as apg_dense.h, but for the singular vectors, which are iterated as far as svt.h says.
 *
 * Thread rule: the caller's of its engine. */
#ifndef IRST_MODULES_CLASSIC_IPI_APG_FACTORED_H
#define IRST_MODULES_CLASSIC_IPI_APG_FACTORED_H

#include "modules/classic/ipi/factored_gram.h"
#include "modules/classic/ipi/ipi_solver.h"
#include "modules/classic/ipi/target_entries.h"

typedef struct apg_factored {
    const ipi_problem *p;
    svt *decomposition;
    factored_gram background;
    target_entries target;
} apg_factored;

/* Takes its memory from `work`. The decomposition is the caller's and lasts as long; it holds the Gram matrix of p->D,
 * which is copied. */
status apg_factored_new(engine *e, apg_factored *s, const ipi_problem *p, svt *decomposition, workspace *work);

/* B_0 = T_0 = 0, and T_1 by the threshold of mu. */
status apg_factored_begin(engine *e, apg_factored *s, double mu);

/* One step; the measure of convergence, the rank and T's entries go into the report. The step of the target, which the
 * decomposition after this one does not wait for, is done beside its first part, on one thread: before one knows
 * whether the measure ends it all. */
status apg_factored_step(engine *e, apg_factored *s, const apg_pace *pace, solver_report *report);

#endif
