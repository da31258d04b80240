/* The authors' solver. With X for B and for T, tau = 2, and t_0 = t_{-1} = 1:
 *
 *     Y_X = X_k + (t_{k-1} - 1) / t_k (X_k - X_{k-1})
 *     R   = Y_B + Y_T - D,     G_X = Y_X - R / tau
 *     B   = singular values of G_B, less mu / tau         T = sign(G_T) max(|G_T| - lambda mu / tau, 0)
 *     t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2,              mu = max(0.9 mu, mu_bar)
 *
 * from B = T = 0, mu_0 = sigma_2(D), to mu_bar = 0.005 sigma_4(D). On real images the rank, which grows as mu falls,
 * ends it. In the first iteration sigma_2(G_B) = mu / tau by construction: a tie, which does not count into the rank.
 */
#include "core/linalg/svt.h"
#include "modules/classic/ipi/apg_dense.h"
#include "modules/classic/ipi/apg_factored.h"
#include "modules/classic/ipi/ipi_solver.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MU_SHRINK 0.9
#define MU_BAR 0.005    /* of sigma_4 */
#define RANK_LIMIT 0.3  /* of the smaller side of D: no background is so rich */
#define SETTLED_FOR 10  /* iterations of one rank, while T changed ... */
#define SETTLED_CARD 20 /* ... by fewer entries than this */

#define RANK_NOISE 1e-12 /* of sigma_1: rounding, not a second dimension */

enum { SIGMAS = 4 };

/* One of the two ways. */
typedef struct apg {
    const ipi_problem *p;
    svt decomposition;
    apg_dense dense; /* if p->exact */
    apg_factored factored;
    double mu, mu_bar;
} apg;

/* The background's rank stays the same while T hardly changes. */
typedef struct settling {
    int rank, since;
    int64_t card; /* when the rank changed last */
} settling;

static bool has_settled(settling *s, const solver_report *report) {
    if (report->rank == s->rank) {
        s->since++;
        return s->since > SETTLED_FOR && llabs(report->nonzero - s->card) < SETTLED_CARD;
    }
    *s = (settling){report->rank, 0, report->nonzero};
    return false;
}

static double next_t(double t) {
    return (1 + sqrt(1 + 4 * t * t)) / 2;
}

static status solve(engine *e, apg *s, solver_report *report) {
    double t = 1, t_before = 1;
    settling background = {.rank = -1};
    if (s->p->exact)
        apg_dense_begin(e, &s->dense, s->mu);
    else
        TRY(apg_factored_begin(e, &s->factored, s->mu));
    for (int k = 1; k <= s->p->iterations; k++) {
        apg_pace pace = {.momentum = (t_before - 1) / t,
                         .mu = s->mu,
                         .next_mu = fmax(MU_SHRINK * s->mu, s->mu_bar),
                         .most_rank = (int)(RANK_LIMIT * s->p->n)};
        t_before = t;
        t = next_t(t);
        pace.next_momentum = (t_before - 1) / t;
        pace.momentum_after = (t - 1) / next_t(t);
        TRY(s->p->exact ? apg_dense_step(e, &s->dense, &pace, report)
                        : apg_factored_step(e, &s->factored, &pace, report));
        s->mu = pace.next_mu;
        report->iterations = k;
        report->mu = s->mu;
        if (report->measure <= s->p->tolerance || has_settled(&background, report) || report->rank > pace.most_rank)
            break;
    }
    return STATUS_OK;
}

status ipi_apg(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report) {
    apg s = {.p = p};
    double sigma[SIGMAS], *target = workspace_take(work, (size_t)p->m * (size_t)p->n, sizeof *target);
    TRY(svt_new(&s.decomposition, p->m, p->n, p->exact, work));
    svt_gram(e, &s.decomposition, p->D);
    TRY(p->exact ? apg_dense_new(e, &s.dense, p, &s.decomposition, work)
                 : apg_factored_new(e, &s.factored, p, &s.decomposition, work));
    TRY(svt_largest(&s.decomposition, p->D, SIGMAS, sigma));
    *T = target;
    if (sigma[1] <= RANK_NOISE * sigma[0]) { /* D is of rank 1: background alone */
        memset(target, 0, (size_t)p->m * (size_t)p->n * sizeof *target);
        return STATUS_OK;
    }
    s.mu = sigma[1];
    s.mu_bar = MU_BAR * sigma[3];
    TRY(solve(e, &s, report));
    if (p->exact)
        *T = s.dense.T;
    else
        target_write(&s.factored.target, target);
    return STATUS_OK;
}
