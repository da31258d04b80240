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
#include "modules/classic/ipi_solver.h"

#include "core/base/parallel.h"
#include "core/linalg/svt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAU 2.0
#define MU_SHRINK 0.9
#define MU_BAR 0.005    /* of sigma_4 */
#define RANK_LIMIT 0.3  /* of the smaller side of D: no background is so rich */
#define SETTLED_FOR 10  /* iterations of one rank, while T changed ... */
#define SETTLED_CARD 20 /* ... by fewer entries than this */

#define RANK_NOISE 1e-12 /* of sigma_1: rounding, not a second dimension */

enum { COLUMNS = 16, SIGMAS = 4 }; /* columns per parallel item */

/* Sums over one item's columns. */
typedef struct sums {
    double step2; /* ||[S_B S_T]||_F^2 */
    double norm2; /* ||[B T]||_F^2 */
    int64_t card; /* entries of T */
} sums;

typedef struct apg {
    const ipi_problem *p;
    svt decomposition;
    double *B, *T;       /* X_k */
    double *Y_B, *Y_T;   /* X_{k-1} at first, then Y_X */
    double *G_B, *T_new; /* G_B becomes the new B */
    double momentum;     /* (t_{k-1} - 1) / t_k */
    double mu;
    sums *sums;
    int items;
} apg;

static int columns_of(const apg *s, int item) {
    int rest = s->p->n - item * COLUMNS;
    return rest < COLUMNS ? rest : COLUMNS;
}

static double soft(double x, double threshold) {
    double over = x - threshold, under = x + threshold;
    return over > 0 ? over : under < 0 ? under : 0;
}

/* Y_B, Y_T, G_B and the new T. */
static void step_columns(const worker *w, void *context, int item) {
    (void)w;
    apg *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double momentum = s->momentum, threshold = s->p->lambda * s->mu / TAU;
    for (size_t i = first; i < end; i++) {
        double Y_B = s->B[i] + momentum * (s->B[i] - s->Y_B[i]);
        double Y_T = s->T[i] + momentum * (s->T[i] - s->Y_T[i]);
        double R = Y_B + Y_T - s->p->D[i];
        s->Y_B[i] = Y_B;
        s->Y_T[i] = Y_T;
        s->G_B[i] = Y_B - R / TAU;
        s->T_new[i] = soft(Y_T - R / TAU, threshold);
    }
}

/* The new B in place of G_B, and the sums. */
static void finish_columns(const worker *w, void *context, int item) {
    (void)w;
    apg *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double step2 = 0, norm2 = 0;
    int64_t card = 0;
    svt_columns(&s->decomposition, item * COLUMNS, columns_of(s, item), s->G_B);
    for (size_t i = first; i < end; i++) {
        double B = s->G_B[i], T = s->T_new[i];
        double E = B + T - s->Y_B[i] - s->Y_T[i];
        double S_B = TAU * (s->Y_B[i] - B) + E, S_T = TAU * (s->Y_T[i] - T) + E;
        step2 += S_B * S_B + S_T * S_T;
        norm2 += B * B + T * T;
        card += T != 0;
    }
    s->sums[item] = (sums){step2, norm2, card};
}

static void rotate(double **a, double **b, double **c) {
    double *first = *a;
    *a = *b;
    *b = *c;
    *c = first;
}

/* One iteration; the measure of convergence, the rank and T's entries go into the report. */
static status iterate(engine *e, apg *s, solver_report *report) {
    parallel_for(e, s->items, step_columns, s);
    svt_gram(e, &s->decomposition, s->G_B);
    TRY(svt_decompose(&s->decomposition, s->G_B, s->mu / TAU));
    svt_multiply(e, &s->decomposition, s->G_B);
    parallel_for(e, s->items, finish_columns, s);
    sums total = {0};
    for (int i = 0; i < s->items; i++) {
        total.step2 += s->sums[i].step2;
        total.norm2 += s->sums[i].norm2;
        total.card += s->sums[i].card;
    }
    report->rank = s->decomposition.rank;
    report->nonzero = total.card;
    report->measure = sqrt(total.step2) / (TAU * fmax(1, sqrt(total.norm2)));
    /* X_{k-1} <- X_k <- new; what held Y_X is free for the next G_B and T. */
    rotate(&s->Y_B, &s->B, &s->G_B);
    rotate(&s->Y_T, &s->T, &s->T_new);
    return STATUS_OK;
}

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

static status solve(engine *e, apg *s, double mu_bar, solver_report *report) {
    double t = 1, t_before = 1;
    settling background = {.rank = -1};
    for (int k = 1; k <= s->p->iterations; k++) {
        s->momentum = (t_before - 1) / t;
        TRY(iterate(e, s, report));
        t_before = t;
        t = (1 + sqrt(1 + 4 * t * t)) / 2;
        s->mu = fmax(MU_SHRINK * s->mu, mu_bar);
        report->iterations = k;
        report->mu = s->mu;
        if (report->measure <= s->p->tolerance || has_settled(&background, report) ||
            report->rank > RANK_LIMIT * s->p->n)
            break;
    }
    return STATUS_OK;
}

status ipi_apg(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report) {
    size_t count = (size_t)p->m * (size_t)p->n;
    apg s = {.p = p, .items = (p->n + COLUMNS - 1) / COLUMNS};
    double **maps[] = {&s.B, &s.T, &s.Y_B, &s.Y_T, &s.G_B, &s.T_new};
    for (int i = 0; i < 6; i++)
        *maps[i] = workspace_take(work, count, sizeof(double));
    s.sums = workspace_take(work, (size_t)s.items, sizeof *s.sums);
    TRY(svt_new(&s.decomposition, p->m, p->n, work));
    for (int i = 0; i < 4; i++)
        memset(*maps[i], 0, count * sizeof(double));
    double sigma[SIGMAS];
    TRY(svt_largest(e, &s.decomposition, p->D, SIGMAS, sigma));
    *T = s.T;
    if (sigma[1] <= RANK_NOISE * sigma[0]) /* D is of rank 1: background alone */
        return STATUS_OK;
    s.mu = sigma[1];
    TRY(solve(e, &s, MU_BAR * sigma[3], report));
    *T = s.T;
    return STATUS_OK;
}
