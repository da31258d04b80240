#include "modules/classic/ipi/factored_gram_private.h"

#include "core/base/parallel.h"

#include <cblas.h>
#include <string.h>

enum { FEW = 50 }; /* T of at most one entry in that many is few */

/* Matrices of n x n, and of 2 n x n but K, the last one, which is 2 n x 2 n; all of them in n x n numbers. */
enum { OF_ONE = 5, OF_TWO = 7, SQUARES = OF_ONE + 2 * (OF_TWO - 1) + 4 };

static void transpose_columns(const worker *w, void *context, int item) {
    (void)w;
    const factored_gram *f = context;
    int first = item * GRAM_COLUMNS, end = int_min(first + GRAM_COLUMNS, f->m);
    for (int j = 0; j < f->n; j++)
        for (int i = first; i < end; i++)
            f->Dt[(size_t)i * (size_t)f->n + (size_t)j] = f->D[(size_t)j * (size_t)f->m + (size_t)i];
}

static void take_factors(low_rank *b, int m, int n, workspace *w) {
    size_t upright = (size_t)m * (size_t)n, square = (size_t)n * (size_t)n;
    *b = (low_rank){.room = n};
    b->Ut = workspace_take(w, upright + square + (size_t)m, sizeof(double));
    b->U_single = workspace_take(w, upright + square, sizeof(float));
    if (!b->Ut || !b->U_single)
        return;
    b->Vt = b->Ut + upright;
    b->length = b->Vt + square;
    b->V_single = b->U_single + upright;
    memset(b->length, 0, (size_t)m * sizeof(double));
}

status factored_gram_new(engine *e, factored_gram *f, int m, int n, const double *D, const double *DtD, workspace *w) {
    size_t whole = (size_t)m * (size_t)n, square = (size_t)n * (size_t)n;
    *f = (factored_gram){.m = m, .n = n, .D = D};
    f->Dt = workspace_take(w, whole, sizeof(double));
    f->G = workspace_take(w, whole, sizeof(double));
    double *squares = workspace_take(w, SQUARES * square, sizeof(double));
    f->sums = workspace_take(w, (size_t)n, sizeof(double));
    take_factors(&f->next, m, n, w);
    take_factors(&f->now, m, n, w);
    take_factors(&f->before, m, n, w);
    TRY(workspace_check(w));
    double **of_one[OF_ONE] = {&f->DtD, &f->DtM, &f->next_DtM, &f->half, &f->next_DUt};
    double **of_two[OF_TWO] = {&f->Vt, &f->DUt, &f->Ft, &f->Zt, &f->next_K, &f->C, &f->K};
    for (int i = 0; i < OF_ONE; i++, squares += square)
        *of_one[i] = squares;
    for (int i = 0; i < OF_TWO; i++, squares += 2 * square)
        *of_two[i] = squares;
    memcpy(f->DtD, DtD, square * sizeof *DtD);
    memcpy(f->DtM, DtD, square * sizeof *DtD); /* Y_T of step 1 is 0 */
    parallel_for(e, int_pieces(m, GRAM_COLUMNS), transpose_columns, f);
    return STATUS_OK;
}

/* --- the Gram matrix --- */

/* Column j of H, in the place of Z. */
static void subtract_target(factored_gram *f, const target_entries *t, double momentum, int j) {
    size_t n = (size_t)f->n, r = (size_t)f->now.rank, room = 2 * n;
    target_range range = target_column(t, j);
    double *H = f->Zt + (size_t)j * room;
    cblas_dcopy(rank_of_both(f), f->DUt + (size_t)j * room, 1, H, 1);
    for (size_t k = range.begin; k < range.end; k++) {
        size_t row = (size_t)t->entries[k].row;
        double Y_T = target_next(&t->entries[k], momentum);
        cblas_daxpy(f->now.rank, -Y_T, f->now.Ut + row * n, 1, H, 1);
        cblas_daxpy(f->before.rank, -Y_T, f->before.Ut + row * n, 1, H + r, 1);
    }
}

/* Column j of D^T (D - Y_T) - D^T D / 2 + Y_T^T Y_T / 2, half of the first product of G^T G, into half. */
static void add_square_of_target(factored_gram *f, const target_entries *t, double momentum, int j) {
    size_t n = (size_t)f->n, at = (size_t)j * n;
    double *half = f->half + at;
    for (size_t i = 0; i < n; i++)
        half[i] += f->DtM[at + i] - f->DtD[at + i] / 2;
    target_range range = target_column(t, j);
    for (size_t k = range.begin; k < range.end; k++) {
        int row = t->entries[k].row;
        double Y_T = target_next(&t->entries[k], momentum);
        for (int i = t->row_first[row]; i < t->row_first[row + 1]; i++)
            half[t->column[i]] += Y_T * t->value[i] / 2;
    }
}

/* Some columns of Z, F and half, and their part of ||Y_B||_F^2. */
static void project_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    int n = f->n, room = 2 * n, r = f->now.rank, all = rank_of_both(f);
    int first = item * GRAM_COLUMNS, count = int_min(GRAM_COLUMNS, n - first);
    size_t at = (size_t)first * (size_t)room;
    double *F = f->Ft + at, *Z = f->Zt + at, *half = f->half + (size_t)first * (size_t)n;
    const double *V = f->Vt + at;
    for (int j = first; j < first + count; j++)
        subtract_target(f, job->t, job->pace->next_momentum, j);
    f->sums[item] = 0;
    memset(half, 0, (size_t)count * (size_t)n * sizeof *half);
    if (all > 0) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, all, count, r, f->a, f->K, room, V, room, 0, F, room);
        if (all > r)
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, all, count, all - r, f->b,
                        f->K + (size_t)r * (size_t)room, room, V + r, room, 1, F, room);
        for (int j = 0; j < count; j++)
            for (int i = 0; i < all; i++) {
                size_t k = (size_t)j * (size_t)room + (size_t)i;
                double Q = F[k], weight = weight_of(f, i);
                f->sums[item] += weight * V[k] * Q;
                F[k] = weight * (Z[k] + Q / 2);
                Z[k] += Q;
            }
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, count, all, 1, f->Vt, room, F, room, 0, half, n);
    }
    for (int j = first; j < first + count; j++)
        add_square_of_target(f, job->t, job->pace->next_momentum, j);
}

static void symmetrise_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    const double *half = job->f->half;
    size_t n = (size_t)job->f->n, end = (size_t)int_min((item + 1) * GRAM_COLUMNS, job->f->n);
    for (size_t j = (size_t)item * GRAM_COLUMNS; j < end; j++)
        for (size_t i = 0; i < n; i++)
            job->s->gram[j * n + i] = (half[j * n + i] + half[i * n + j]) / 4;
}

/* Some columns of next_DtM, after the target's step. */
static void subtract_next(const gram_job *job, int item) {
    const factored_gram *f = job->f;
    size_t n = (size_t)f->n;
    int end = int_min((item + 1) * GRAM_COLUMNS, f->n);
    for (int j = item * GRAM_COLUMNS; j < end; j++) {
        target_range range = target_column(job->t, j);
        double *DtM = f->next_DtM + (size_t)j * n;
        memcpy(DtM, f->DtD + (size_t)j * n, n * sizeof *DtM);
        for (size_t k = range.begin; k < range.end; k++) {
            const target_entry *entry = &job->t->entries[k];
            cblas_daxpy(f->n, -target_next(entry, job->pace->momentum_after), f->Dt + (size_t)entry->row * n, 1, DtM,
                        1);
        }
    }
}

/* Item 0 begins the decomposition, where one thread does that; the others are the target's step, and what the Gram
 * matrix after this one needs of it. */
static void prepare_beside(const worker *w, void *context, int item) {
    gram_job *job = context;
    if (item > 0) {
        target_step_columns(w, job->t, item - 1);
        subtract_next(job, item - 1);
    } else if (job->reduces) {
        job->outcome = svt_reduce(job->s);
    }
}

static void make_gram(engine *e, gram_job *job) {
    int items = int_pieces(job->f->n, GRAM_COLUMNS);
    parallel_for(e, items, project_columns, job);
    parallel_for(e, items, symmetrise_columns, job);
}

void factored_gram_expand(factored_gram *f, double x, int first, int count) {
    const low_rank *parts[] = {&f->next, &f->now, &f->before};
    const double weights[] = {x, f->a, f->b};
    double *G = f->G + (size_t)first * (size_t)f->m;
    memset(G, 0, (size_t)count * (size_t)f->m * sizeof *G);
    for (int i = 0; i < 3; i++)
        if (parts[i]->rank > 0 && weights[i] != 0)
            cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, f->m, count, parts[i]->rank, weights[i], parts[i]->Ut,
                        f->n, parts[i]->Vt + (size_t)first * (size_t)f->n, f->n, 1, G, f->m);
}

static void form_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    int first = item * GRAM_COLUMNS, count = int_min(GRAM_COLUMNS, f->n - first);
    size_t m = (size_t)f->m, begin = (size_t)first * m, end = begin + (size_t)count * m;
    factored_gram_expand(f, 0, first, count);
    for (size_t i = begin; i < end; i++)
        f->G[i] += f->D[i];
    for (int j = first; j < first + count; j++) {
        target_range range = target_column(job->t, j);
        for (size_t k = range.begin; k < range.end; k++)
            f->G[(size_t)j * m + (size_t)job->t->entries[k].row] -= job->t->entries[k].Y_T;
    }
    for (size_t i = begin; i < end; i++)
        f->G[i] /= APG_TAU;
}

status factored_gram_prepare_step(engine *e, factored_gram *f, target_entries *t, svt *s, const apg_pace *pace) {
    gram_job job = {.f = f, .t = t, .s = s, .pace = pace};
    f->a = 1 + pace->next_momentum;
    f->b = -pace->next_momentum;
    f->formed = target_list_rows(t, pace->next_momentum) * FEW > (int64_t)f->m * f->n;
    if (!f->formed)
        make_gram(e, &job);
    job.reduces = !f->formed && svt_is_reducible(s);
    parallel_for(e, 1 + t->items, prepare_beside, &job);
    if (job.outcome != STATUS_OK) /* its message stayed in the thread that met it */
        return status_fail(job.outcome, "the singular values of a patch-image could not be computed");
    return STATUS_OK;
}

status factored_gram_decompose(engine *e, factored_gram *f, target_entries *t, svt *s, double threshold) {
    if (!f->formed) {
        TRY(svt_decompose(e, s, NULL, threshold));
        f->formed = s->imprecise;
    }
    if (!f->formed)
        return STATUS_OK;
    parallel_for(e, int_pieces(f->n, GRAM_COLUMNS), form_columns, &(gram_job){.f = f, .t = t});
    svt_gram(e, s, f->G);
    return svt_decompose(e, s, f->G, threshold);
}
