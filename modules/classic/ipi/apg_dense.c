#include "modules/classic/ipi/apg_dense.h"

#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 16 }; /* per parallel item */

/* Matrices of m x n; those that begin as 0 come first. */
enum { MATRICES = 6, ZEROED_MATRICES = 4 };

static int columns_of(const apg_dense *s, int item) {
    return int_min(s->p->n - item * COLUMNS, COLUMNS);
}

status apg_dense_new(engine *e, apg_dense *s, const ipi_problem *p, svt *decomposition, workspace *work) {
    size_t count = (size_t)p->m * (size_t)p->n;
    *s = (apg_dense){.p = p, .decomposition = decomposition, .items = int_pieces(p->n, COLUMNS)};
    double **matrices[MATRICES] = {&s->B, &s->T, &s->B_before, &s->T_before, &s->T_new, &s->G};
    for (int i = 0; i < MATRICES; i++)
        *matrices[i] = workspace_take(work, count, sizeof(double));
    s->blocks = workspace_take(work, (size_t)engine_threads(e) * COLUMNS * (size_t)p->m, sizeof(double));
    s->sums = workspace_take(work, (size_t)s->items, sizeof *s->sums);
    TRY(workspace_check(work));
    for (int i = 0; i < ZEROED_MATRICES; i++)
        memset(*matrices[i], 0, count * sizeof(double));
    return STATUS_OK;
}

static void begin_columns(const worker *w, void *context, int item) {
    (void)w;
    apg_dense *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double threshold = s->p->lambda * s->pace.next_mu / APG_TAU;
    for (size_t i = first; i < end; i++)
        s->T_new[i] = apg_soft(s->p->D[i] / APG_TAU, threshold);
}

void apg_dense_begin(engine *e, apg_dense *s, double mu) {
    s->pace.next_mu = mu;
    parallel_for(e, s->items, begin_columns, s);
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
 * and the T after T_new in the place of T_before. */
static inline void step_pair(const step *c, pair D, pair B, pair B_k, pair T, pair T_k, pair_anywhere *B_before,
                             pair_anywhere *T_before, pair_sums *out) {
    pair Y_B = B_k + c->momentum * (B_k - *B_before), Y_T = T_k + c->momentum * (T_k - *T_before);
    pair E = B + T - Y_B - Y_T;
    pair S_B = APG_TAU * (Y_B - B) + E, S_T = APG_TAU * (Y_T - T) + E;
    out->step2 += S_B * S_B + S_T * S_T;
    out->norm2 += B * B + T * T;
    out->card -= T != 0;
    Y_B = B + c->next * (B - B_k);
    Y_T = T + c->next * (T - T_k);
    *B_before = B;
    *T_before = soft_pair(Y_T - (Y_B + Y_T - D) / APG_TAU, c->threshold);
}

static pair load(const double *at) {
    return *(const pair_anywhere *)at;
}

static void step_column(const step *c, int m, dense_sums *out) {
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

static void step_columns(const worker *w, void *context, int item) {
    apg_dense *s = context;
    size_t m = (size_t)s->p->m;
    int first = item * COLUMNS, count = columns_of(s, item);
    double *block = s->blocks + (size_t)w->thread * COLUMNS * m;
    s->sums[item] = (dense_sums){0};
    svt_columns(s->decomposition, first, count, block);
    for (int j = 0; j < count; j++) {
        size_t at = (size_t)(first + j) * m;
        step_column(&(step){.D = s->p->D + at,
                            .B_new = block + (size_t)j * m,
                            .B = s->B + at,
                            .T_new = s->T_new + at,
                            .T = s->T + at,
                            .B_before = s->B_before + at,
                            .T_before = s->T_before + at,
                            .momentum = s->pace.momentum,
                            .next = s->pace.next_momentum,
                            .threshold = s->p->lambda * s->pace.next_mu / APG_TAU},
                    s->p->m, &s->sums[item]);
    }
}

static void form_columns(const worker *w, void *context, int item) {
    (void)w;
    apg_dense *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    for (size_t i = first; i < end; i++) {
        double Y_B = s->B[i] + s->pace.momentum * (s->B[i] - s->B_before[i]);
        double Y_T = s->T[i] + s->pace.momentum * (s->T[i] - s->T_before[i]);
        s->G[i] = Y_B - (Y_B + Y_T - s->p->D[i]) / APG_TAU;
    }
}

static void swap(double **a, double **b) {
    double *first = *a;
    *a = *b;
    *b = first;
}

status apg_dense_step(engine *e, apg_dense *s, const apg_pace *pace, solver_report *report) {
    s->pace = *pace;
    parallel_for(e, s->items, form_columns, s);
    svt_gram(e, s->decomposition, s->G);
    TRY(svt_decompose(e, s->decomposition, s->G, pace->mu / APG_TAU));
    svt_multiply(e, s->decomposition, s->G);
    parallel_for(e, s->items, step_columns, s);
    dense_sums total = {0};
    for (int i = 0; i < s->items; i++) {
        total.step2 += s->sums[i].step2;
        total.norm2 += s->sums[i].norm2;
        total.card += s->sums[i].card;
    }
    report->rank = s->decomposition->rank;
    report->nonzero = total.card;
    report->measure = sqrt(total.step2) / (APG_TAU * fmax(1, sqrt(total.norm2)));
    /* X_{k-1} <- X_k <- new <- the one after it. */
    swap(&s->B, &s->B_before);
    swap(&s->T_before, &s->T);
    swap(&s->T, &s->T_new);
    return STATUS_OK;
}
