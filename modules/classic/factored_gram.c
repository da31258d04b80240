#include "modules/classic/factored_gram.h"

#include "core/base/parallel.h"

#include <cblas.h>
#include <string.h>

enum { ROWS = 256, COLUMNS = 32, VECTORS = 8 }; /* per parallel item: of m, of n, and of the factors */

static int least(int a, int b) {
    return a < b ? a : b;
}

static int items_of(int count, int size) {
    return (count + size - 1) / size;
}

static status take_background(low_rank *b, int m, int n, workspace *w) {
    size_t square = (size_t)n * (size_t)n;
    b->U = workspace_take(w, (size_t)m * (size_t)n, sizeof(double));
    b->V = workspace_take(w, 2 * square, sizeof(double));
    b->DU = b->V + square;
    return workspace_check(w);
}

static void transpose_columns(const worker *w, void *context, int item) {
    (void)w;
    const factored_gram *f = context;
    int first = item * ROWS, count = least(ROWS, f->m - first);
    for (int j = 0; j < f->n; j++)
        for (int i = first; i < first + count; i++)
            f->Dt[(size_t)i * (size_t)f->n + (size_t)j] = f->D[(size_t)j * (size_t)f->m + (size_t)i];
}

static void square_columns(const worker *w, void *context, int item) {
    (void)w;
    const factored_gram *f = context;
    int first = item * COLUMNS, count = least(COLUMNS, f->n - first);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, f->n, count, f->m, 1, f->D, f->m,
                f->D + (size_t)first * (size_t)f->m, f->m, 0, f->DtD + (size_t)first * (size_t)f->n, f->n);
}

status factored_gram_new(engine *e, factored_gram *f, int m, int n, const double *D, workspace *w) {
    size_t whole = (size_t)m * (size_t)n, square = (size_t)n * (size_t)n;
    *f = (factored_gram){.m = m, .n = n, .D = D};
    f->Dt = workspace_take(w, whole, sizeof(double));
    f->DtD = workspace_take(w, 4 * square, sizeof(double));
    f->Y_T.count = workspace_take(w, (size_t)n, sizeof(int));
    f->Y_T.row = workspace_take(w, whole, sizeof(int));
    f->Y_T.value = workspace_take(w, whole, sizeof(double));
    f->K = workspace_take(w, 4 * square, sizeof(double));
    f->small = workspace_take(w, 2 * square, sizeof(double));
    TRY(take_background(&f->now, m, n, w));
    TRY(take_background(&f->before, m, n, w));
    f->W = f->DtD + square;
    f->F = f->W + square; /* of two backgrounds */
    memset(f->Y_T.count, 0, (size_t)n * sizeof *f->Y_T.count);
    parallel_for(e, items_of(m, ROWS), transpose_columns, f);
    parallel_for(e, items_of(n, COLUMNS), square_columns, f);
    return STATUS_OK;
}

/* --- the Gram matrix ---
 *
 * With M = D - Y_T and the factors U, V of Y_B side by side, 4 G^T G = M^T M + V F^T + F V^T, F = M^T U + V U^T U / 2;
 * and M^T M = D^T D + P + P^T, P = (Y_T / 2 - D)^T Y_T. */

/* Dt with half of Y_T less, or whole again. */
static void set_difference(factored_gram *f, double share) {
    for (int j = 0; j < f->n; j++) {
        size_t at = (size_t)j * (size_t)f->m;
        for (int k = 0; k < f->Y_T.count[j]; k++) {
            size_t i = (size_t)f->Y_T.row[at + (size_t)k];
            f->Dt[i * (size_t)f->n + (size_t)j] = f->D[at + i] - share * f->Y_T.value[at + (size_t)k];
        }
    }
}

/* Some columns of M^T U, and of U^T U / 2 in K. The columns of the older background are weighted by b, the others by
 * a: so is every product of two. */
static void project_factors(const worker *w, void *context, int item) {
    (void)w;
    factored_gram *f = context;
    int r = f->now.rank, all = r + f->before.rank, of_now = items_of(r, VECTORS), m = f->m, n = f->n;
    const low_rank *from = item < of_now ? &f->now : &f->before;
    double weight = item < of_now ? f->a : f->b;
    int first = (item < of_now ? item : item - of_now) * VECTORS, count = least(VECTORS, from->rank - first);
    const double *U = from->U + (size_t)first * (size_t)m, *DU = from->DU + (size_t)first * (size_t)n;
    int column = first + (item < of_now ? 0 : r);
    double *F = f->F + (size_t)column * (size_t)n, *K = f->K + (size_t)column * (size_t)all;
    for (int c = 0; c < count; c++, U += m, DU += n)
        for (int j = 0; j < n; j++) {
            size_t at = (size_t)j * (size_t)m;
            double sum = DU[j];
            for (int k = 0; k < f->Y_T.count[j]; k++)
                sum -= f->Y_T.value[at + (size_t)k] * U[f->Y_T.row[at + (size_t)k]];
            F[(size_t)c * (size_t)n + (size_t)j] = weight * sum;
        }
    U -= (size_t)count * (size_t)m;
    if (r > 0)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, r, count, m, f->a * weight / 2, f->now.U, m, U, m, 0, K,
                    all);
    if (all > r)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, all - r, count, m, f->b * weight / 2, f->before.U, m, U, m,
                    0, K + r, all);
}

/* Some columns of W = V F^T + P. */
static void fill_columns(const worker *w, void *context, int item) {
    (void)w;
    factored_gram *f = context;
    int n = f->n, r = f->now.rank, first = item * COLUMNS, count = least(COLUMNS, n - first);
    double *W = f->W + (size_t)first * (size_t)n;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, count, r, 1, f->now.V, n, f->F + first, n, 0, W, n);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, count, f->before.rank, 1, f->before.V, n,
                f->F + (size_t)r * (size_t)n + first, n, 1, W, n);
    for (int j = first; j < first + count; j++) {
        size_t at = (size_t)j * (size_t)f->m;
        for (int k = 0; k < f->Y_T.count[j]; k++)
            cblas_daxpy(n, -f->Y_T.value[at + (size_t)k], f->Dt + (size_t)f->Y_T.row[at + (size_t)k] * (size_t)n, 1,
                        f->W + (size_t)j * (size_t)n, 1);
    }
}

typedef struct gram_job {
    factored_gram *f;
    svt *s;
} gram_job;

static void add_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    const factored_gram *f = job->f;
    size_t n = (size_t)f->n, end = (size_t)least((item + 1) * COLUMNS, f->n);
    for (size_t j = (size_t)item * COLUMNS; j < end; j++)
        for (size_t i = 0; i < n; i++)
            job->s->gram[j * n + i] = (f->DtD[j * n + i] + f->W[j * n + i] + f->W[i * n + j]) / 4;
}

void factored_gram_make(engine *e, factored_gram *f, svt *s) {
    int n = f->n, r = f->now.rank, all = r + f->before.rank;
    parallel_for(e, items_of(r, VECTORS) + items_of(all - r, VECTORS), project_factors, f);
    if (r > 0)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, all, r, 1, f->now.V, n, f->K, all, 1, f->F, n);
    if (all > r)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, all, all - r, 1, f->before.V, n, f->K + r, all, 1,
                    f->F, n);
    set_difference(f, 0.5);
    parallel_for(e, items_of(n, COLUMNS), fill_columns, f);
    set_difference(f, 0);
    parallel_for(e, items_of(n, COLUMNS), add_columns, &(gram_job){f, s});
}

/* --- G V --- */

/* left = (D + Y_B) V, some rows. */
static void multiply_rows(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    const factored_gram *f = job->f;
    svt *s = job->s;
    int first = item * ROWS, rows = least(ROWS, f->m - first), r = f->now.rank, m = f->m;
    double *left = s->left + first;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, s->rank, f->n, 1, f->D + first, m, s->vectors, f->n, 0,
                left, m);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, s->rank, r, f->a, f->now.U + first, m, f->small, f->n,
                1, left, m);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, s->rank, f->before.rank, f->b, f->before.U + first, m,
                f->small + (size_t)f->n * (size_t)f->n, f->n, 1, left, m);
}

/* Less Y_T V; weighted. */
static void finish_vector(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    const factored_gram *f = job->f;
    double *left = job->s->left + (size_t)item * (size_t)f->m;
    const double *V = job->s->vectors + (size_t)item * (size_t)f->n;
    for (int j = 0; j < f->n; j++) {
        size_t at = (size_t)j * (size_t)f->m;
        for (int k = 0; k < f->Y_T.count[j]; k++)
            left[f->Y_T.row[at + (size_t)k]] -= f->Y_T.value[at + (size_t)k] * V[j];
    }
    cblas_dscal(f->m, job->s->factors[item] / 2, left, 1);
}

void factored_gram_multiply(engine *e, factored_gram *f, svt *s) {
    int n = f->n;
    if (s->rank == 0)
        return;
    const low_rank *both[] = {&f->now, &f->before};
    for (int i = 0; i < 2; i++)
        if (both[i]->rank > 0)
            cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, both[i]->rank, s->rank, n, 1, both[i]->V, n,
                        s->vectors, n, 0, f->small + (size_t)i * (size_t)n * (size_t)n, n);
    parallel_for(e, items_of(f->m, ROWS), multiply_rows, &(gram_job){f, s});
    parallel_for(e, s->rank, finish_vector, &(gram_job){f, s});
}

/* --- the next background --- */

static void image_columns(const worker *w, void *context, int item) {
    (void)w;
    const factored_gram *f = context;
    int first = item * COLUMNS, count = least(COLUMNS, f->n - first);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, f->now.rank, f->m, 1,
                f->D + (size_t)first * (size_t)f->m, f->m, f->now.U, f->m, 0, f->now.DU + first, f->n);
}

void factored_gram_keep(engine *e, factored_gram *f, const svt *s) {
    low_rank oldest = f->before;
    f->before = f->now;
    f->now = oldest;
    f->now.rank = s->rank;
    memcpy(f->now.U, s->left, (size_t)f->m * (size_t)s->rank * sizeof(double));
    memcpy(f->now.V, s->vectors, (size_t)f->n * (size_t)s->rank * sizeof(double));
    if (s->rank > 0)
        parallel_for(e, items_of(f->n, COLUMNS), image_columns, f);
}
