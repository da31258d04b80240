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
#include "modules/classic/factored_gram.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TAU 2.0
#define MU_SHRINK 0.9
#define MU_BAR 0.005    /* of sigma_4 */
#define RANK_LIMIT 0.3  /* of the smaller side of D: no background is so rich */
#define SETTLED_FOR 10  /* iterations of one rank, while T changed ... */
#define SETTLED_CARD 20 /* ... by fewer entries than this */

#define RANK_NOISE 1e-12 /* of sigma_1: rounding, not a second dimension */

enum {
    COLUMNS = 16, /* per parallel item */
    SIGMAS = 4,
    FEW = 50 /* T of at most one entry in so many is few */
};

/* Sums over one item's columns. */
typedef struct sums {
    double step2; /* ||[S_B S_T]||_F^2 */
    double norm2; /* ||[B T]||_F^2 */
    int64_t card; /* entries of T */
} sums;

typedef struct apg {
    const ipi_problem *p;
    svt decomposition;
    factored_gram factored;
    double *B, *B_before;           /* X_k and X_{k-1} */
    double *T, *T_before, *T_new;   /* and X_{k+1} */
    double *G;                      /* where it has to be formed */
    double *blocks;                 /* new columns of B, one piece per thread */
    double momentum, next_momentum; /* (t_{k-1} - 1) / t_k */
    double mu, next_mu;
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

/* T_1, from B = T = 0. */
static void begin_columns(const worker *w, void *context, int item) {
    (void)w;
    apg *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double threshold = s->p->lambda * s->mu / TAU;
    for (size_t i = first; i < end; i++)
        s->T_new[i] = soft(s->p->D[i] / TAU, threshold);
}

/* Two entries at a time; columns need not be aligned. */
typedef double pair __attribute__((vector_size(16)));
typedef pair pair_anywhere __attribute__((aligned(8)));
typedef int64_t pair_mask __attribute__((vector_size(16)));

static pair soft_pair(pair x, double threshold) {
    pair over = x - threshold, under = x + threshold;
    return (pair)(((pair_mask)over & (over > 0)) | ((pair_mask)under & (under < 0)));
}

/* The columns of step k, and its numbers. */
typedef struct step {
    const double *D, *B_new, *B, *T_new, *T;
    double *B_before, *T_before;
    double momentum, next, threshold;
} step;

typedef struct pair_sums {
    pair step2, norm2;
    pair_mask card;
} pair_sums;

/* What step k leaves and step k + 1 needs of the entries: their share of the sums; the new B in the place of B_before,
 * and the T behind T_new in the place of T_before. */
static inline void step_pair(const step *c, pair D, pair B, pair B_k, pair T, pair T_k, pair_anywhere *B_before,
                             pair_anywhere *T_before, pair_sums *out) {
    pair Y_B = B_k + c->momentum * (B_k - *B_before), Y_T = T_k + c->momentum * (T_k - *T_before);
    pair E = B + T - Y_B - Y_T;
    pair S_B = TAU * (Y_B - B) + E, S_T = TAU * (Y_T - T) + E;
    out->step2 += S_B * S_B + S_T * S_T;
    out->norm2 += B * B + T * T;
    out->card -= T != 0;
    Y_B = B + c->next * (B - B_k);
    Y_T = T + c->next * (T - T_k);
    *B_before = B;
    *T_before = soft_pair(Y_T - (Y_B + Y_T - D) / TAU, c->threshold);
}

static pair load(const double *at) {
    return *(const pair_anywhere *)at;
}

static void step_column(const step *c, int m, sums *out) {
    pair_sums total = {0};
    int i = 0;
    for (; i + 2 <= m; i += 2)
        step_pair(c, load(c->D + i), load(c->B_new + i), load(c->B + i), load(c->T_new + i), load(c->T + i),
                  (pair_anywhere *)(c->B_before + i), (pair_anywhere *)(c->T_before + i), &total);
    if (i < m) {
        pair_anywhere B_before = {c->B_before[i]}, T_before = {c->T_before[i]};
        step_pair(c, (pair){c->D[i]}, (pair){c->B_new[i]}, (pair){c->B[i]}, (pair){c->T_new[i]}, (pair){c->T[i]},
                  &B_before, &T_before, &total);
        c->B_before[i] = B_before[0];
        c->T_before[i] = T_before[0];
    }
    out->step2 += total.step2[0] + total.step2[1];
    out->norm2 += total.norm2[0] + total.norm2[1];
    out->card += total.card[0] + total.card[1];
}

static void list_entry(apg *s, size_t first, size_t row, int *count) {
    double T = s->T_new[first + row], T_k = s->T[first + row];
    if (T == 0 && T_k == 0)
        return;
    s->factored.Y_T.row[first + (size_t)*count] = (int)row;
    s->factored.Y_T.value[first + (size_t)*count] = T + s->next_momentum * (T - T_k);
    ++*count;
}

/* The entries of the next Y_T. */
static void list_column(apg *s, int column) {
    size_t m = (size_t)s->p->m, first = (size_t)column * m, i = 0;
    int *count = &s->factored.Y_T.count[column];
    *count = 0;
    for (; i + 4 <= m; i += 4) {
        const double *T = s->T_new + first + i, *T_k = s->T + first + i;
        pair_mask some = (load(T) != 0) | (load(T + 2) != 0) | (load(T_k) != 0) | (load(T_k + 2) != 0);
        if (some[0] | some[1])
            for (size_t k = i; k < i + 4; k++)
                list_entry(s, first, k, count);
    }
    for (; i < m; i++)
        list_entry(s, first, i, count);
}

static void step_columns(const worker *w, void *context, int item) {
    apg *s = context;
    size_t m = (size_t)s->p->m;
    int first = item * COLUMNS, count = columns_of(s, item);
    double *block = s->blocks + (size_t)w->thread * COLUMNS * m;
    s->sums[item] = (sums){0};
    svt_columns(&s->decomposition, first, count, block);
    for (int j = 0; j < count; j++) {
        size_t at = (size_t)(first + j) * m;
        step_column(&(step){.D = s->p->D + at,
                            .B_new = block + (size_t)j * m,
                            .B = s->B + at,
                            .T_new = s->T_new + at,
                            .T = s->T + at,
                            .B_before = s->B_before + at,
                            .T_before = s->T_before + at,
                            .momentum = s->momentum,
                            .next = s->next_momentum,
                            .threshold = s->p->lambda * s->next_mu / TAU},
                    s->p->m, &s->sums[item]);
        list_column(s, first + j);
    }
}

static void form_columns(const worker *w, void *context, int item) {
    (void)w;
    apg *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    for (size_t i = first; i < end; i++) {
        double Y_B = s->B[i] + s->momentum * (s->B[i] - s->B_before[i]);
        double Y_T = s->T[i] + s->momentum * (s->T[i] - s->T_before[i]);
        s->G[i] = Y_B - (Y_B + Y_T - s->p->D[i]) / TAU;
    }
}

/* Forms G and decomposes it. */
static status decompose_formed(engine *e, apg *s) {
    parallel_for(e, s->items, form_columns, s);
    svt_gram(e, &s->decomposition, s->G);
    TRY(svt_decompose(e, &s->decomposition, s->G, s->mu / TAU));
    svt_multiply(e, &s->decomposition, s->G);
    return STATUS_OK;
}

/* The same by the factors of G, where T has few entries and rounding allows. */
static status decompose_factored(engine *e, apg *s, bool *done) {
    int64_t entries = 0;
    for (int j = 0; j < s->p->n; j++)
        entries += s->factored.Y_T.count[j];
    *done = false;
    if (s->decomposition.exact || entries * FEW > (int64_t)s->p->m * s->p->n)
        return STATUS_OK;
    s->factored.a = 1 + s->momentum;
    s->factored.b = -s->momentum;
    factored_gram_make(e, &s->factored, &s->decomposition);
    TRY(svt_decompose(e, &s->decomposition, NULL, s->mu / TAU));
    *done = !s->decomposition.imprecise;
    if (*done)
        factored_gram_multiply(e, &s->factored, &s->decomposition);
    return STATUS_OK;
}

static void swap(double **a, double **b) {
    double *first = *a;
    *a = *b;
    *b = first;
}

/* One iteration; the measure of convergence, the rank and T's entries go into the report. */
static status iterate(engine *e, apg *s, solver_report *report) {
    bool done;
    TRY(decompose_factored(e, s, &done));
    if (!done)
        TRY(decompose_formed(e, s));
    if (!s->decomposition.exact)
        factored_gram_keep(e, &s->factored, &s->decomposition);
    parallel_for(e, s->items, step_columns, s);
    sums total = {0};
    for (int i = 0; i < s->items; i++) {
        total.step2 += s->sums[i].step2;
        total.norm2 += s->sums[i].norm2;
        total.card += s->sums[i].card;
    }
    report->rank = s->decomposition.rank;
    report->nonzero = total.card;
    report->measure = sqrt(total.step2) / (TAU * fmax(1, sqrt(total.norm2)));
    /* X_{k-1} <- X_k <- new <- the one behind. */
    swap(&s->B, &s->B_before);
    swap(&s->T_before, &s->T);
    swap(&s->T, &s->T_new);
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
    parallel_for(e, s->items, begin_columns, s);
    for (int k = 1; k <= s->p->iterations; k++) {
        s->momentum = (t_before - 1) / t;
        t_before = t;
        t = (1 + sqrt(1 + 4 * t * t)) / 2;
        s->next_momentum = (t_before - 1) / t;
        s->next_mu = fmax(MU_SHRINK * s->mu, mu_bar);
        TRY(iterate(e, s, report));
        s->mu = s->next_mu;
        report->iterations = k;
        report->mu = s->mu;
        if (report->measure <= s->p->tolerance || has_settled(&background, report) ||
            report->rank > RANK_LIMIT * s->p->n)
            break;
    }
    return STATUS_OK;
}

/* All iterations in one region: an iteration has dozens of short loops. */
typedef struct solving {
    engine *e;
    apg *s;
    double mu_bar;
    solver_report *report;
    status result;
} solving;

static void solve_in_region(void *context) {
    solving *job = context;
    job->result = solve(job->e, job->s, job->mu_bar, job->report);
}

status ipi_apg(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report) {
    size_t count = (size_t)p->m * (size_t)p->n;
    apg s = {.p = p, .items = (p->n + COLUMNS - 1) / COLUMNS};
    double **maps[] = {&s.B, &s.T, &s.B_before, &s.T_before, &s.T_new, &s.G};
    for (int i = 0; i < 6; i++)
        *maps[i] = workspace_take(work, count, sizeof(double));
    s.blocks = workspace_take(work, (size_t)engine_threads(e) * COLUMNS * (size_t)p->m, sizeof(double));
    s.sums = workspace_take(work, (size_t)s.items, sizeof *s.sums);
    TRY(svt_new(&s.decomposition, p->m, p->n, p->exact, work));
    for (int i = 0; i < 4; i++)
        memset(*maps[i], 0, count * sizeof(double));
    double sigma[SIGMAS];
    TRY(svt_largest(e, &s.decomposition, p->D, SIGMAS, sigma));
    *T = s.T;
    if (sigma[1] <= RANK_NOISE * sigma[0]) /* D is of rank 1: background alone */
        return STATUS_OK;
    TRY(factored_gram_new(e, &s.factored, p->m, p->n, p->D, work));
    s.mu = sigma[1];
    solving job = {.e = e, .s = &s, .mu_bar = MU_BAR * sigma[3], .report = report};
    parallel_region(e, solve_in_region, &job);
    *T = s.T;
    return job.result;
}
