#include "core/base/parallel.h"
#include "modules/classic/ipi/factored_gram_private.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { ROWS = 640, VECTORS = 48 }; /* per parallel item: of m, and of the factors */

/* Of ||B||^2: a smaller ||Y_B - B||^2 would be rounding where it is the difference of such squares. */
#define STEP_LIMIT 1e-8

/* Some rows of U = G V, in the place of G where that is not formed, else transposed. */
static void multiply_rows(const gram_job *job, int first, int count) {
    factored_gram *f = job->f;
    const svt *s = job->s;
    int m = f->m, n = f->n, room = 2 * n, r = s->rank;
    size_t at = (size_t)first * (size_t)n;
    if (f->formed) {
        cblas_dgemm(CblasColMajor, CblasTrans, CblasTrans, r, count, n, 1, s->vectors, n, f->G + first, m, 0,
                    f->next.Ut + at, n);
        return;
    }
    double *U = f->G + first;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, count, r, n, 0.5, f->D + first, m, s->vectors, n, 0, U, m);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, r, f->now.rank, f->a / 2, f->now.Ut + at, n, f->C, room,
                1, U, m);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, r, f->before.rank, f->b / 2, f->before.Ut + at, n,
                f->C + f->now.rank, room, 1, U, m);
    for (int j = 0; j < r; j++)
        for (int i = 0; i < count; i++)
            f->next.Ut[at + (size_t)i * (size_t)n + (size_t)j] = U[(size_t)j * (size_t)m + (size_t)i];
    for (int i = first; i < first + count; i++)
        for (int k = job->t->row_first[i]; k < job->t->row_first[i + 1]; k++)
            cblas_daxpy(r, -job->t->value[k] / 2, f->next.Vt + (size_t)job->t->column[k] * (size_t)n, 1,
                        f->next.Ut + (size_t)i * (size_t)n, 1);
}

/* Some rows of U = G V f, and what goes with them. */
static void finish_rows(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    low_rank *next = &job->f->next;
    int first = item * ROWS, count = int_min(ROWS, job->f->m - first);
    multiply_rows(job, first, count);
    for (int i = first; i < first + count; i++) {
        size_t row = (size_t)i * (size_t)next->room;
        double length2 = 0;
        for (int k = 0; k < next->rank; k++) {
            double x = next->Ut[row + (size_t)k] *= job->s->factors[k];
            next->U_single[row + (size_t)k] = (float)x;
            length2 += x * x;
        }
        next->length[i] = sqrt(length2);
    }
}

/* Some columns of D^T U. */
static void project_image(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    const svt *s = job->s;
    int n = f->n, room = 2 * n, first = item * GRAM_COLUMNS, count = int_min(GRAM_COLUMNS, n - first), r = s->rank;
    double *DU = f->next_DUt + (size_t)first * (size_t)n;
    if (f->formed) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, r, count, f->m, 1, f->next.Ut, n,
                    f->D + (size_t)first * (size_t)f->m, f->m, 0, DU, n);
        return;
    }
    cblas_dgemm(CblasColMajor, CblasTrans, CblasTrans, r, count, n, 0.5, s->vectors, n, f->DtM + first, n, 0, DU, n);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, r, count, f->now.rank, f->a / 2, f->C, room,
                f->DUt + (size_t)first * (size_t)room, room, 1, DU, n);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, r, count, f->before.rank, f->b / 2, f->C + f->now.rank, room,
                f->DUt + (size_t)first * (size_t)room + f->now.rank, room, 1, DU, n);
    for (int j = 0; j < count; j++)
        for (int k = 0; k < r; k++)
            DU[(size_t)j * (size_t)n + (size_t)k] *= s->factors[k];
}

/* Some vectors of C. */
static void relate_vectors(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    int n = f->n, room = 2 * n, first = item * VECTORS, count = int_min(VECTORS, job->s->rank - first);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rank_of_both(f), count, n, 1, f->Vt, room,
                job->s->vectors + (size_t)first * (size_t)n, n, 0, f->C + (size_t)first * (size_t)room, room);
}

/* Some vectors of next_K, and their part of the product of Y_B and B_{k+1}. */
static void relate_factors(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    const svt *s = job->s;
    int n = f->n, room = 2 * n, all = rank_of_both(f), r = f->now.rank;
    int first = item * VECTORS, count = int_min(VECTORS, s->rank - first);
    double *K = f->next_K + (size_t)first * (size_t)room;
    if (f->formed) {
        const double *U = f->next.Ut + first;
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, r, count, f->m, 1, f->now.Ut, n, U, n, 0, K, room);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, all - r, count, f->m, 1, f->before.Ut, n, U, n, 0, K + r,
                    room);
    } else {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, all, count, n, 0.5, f->Zt, room,
                    s->vectors + (size_t)first * (size_t)n, n, 0, K, room);
    }
    f->sums[item] = 0;
    for (int j = 0; j < count; j++)
        for (int i = 0; i < all; i++) {
            size_t k = (size_t)j * (size_t)room + (size_t)i;
            K[k] *= f->formed ? 1 : s->factors[first + j];
            f->sums[item] += weight_of(f, i) * K[k] * f->C[(size_t)first * (size_t)room + k];
        }
}

/* Some columns of Y_B - B_{k+1}. */
static void measure_columns(const worker *w, void *context, int item) {
    (void)w;
    factored_gram *f = context;
    int first = item * GRAM_COLUMNS, count = int_min(GRAM_COLUMNS, f->n - first);
    factored_gram_expand(f, -1, first, count);
    f->sums[item] = square(cblas_dnrm2(count * f->m, f->G + (size_t)first * (size_t)f->m, 1));
}

static double sum_of(const factored_gram *f, int items) {
    double sum = 0;
    for (int i = 0; i < items; i++)
        sum += f->sums[i];
    return sum;
}

static void take_vectors(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    low_rank *next = &job->f->next;
    size_t n = (size_t)job->f->n, end = (size_t)int_min((item + 1) * GRAM_COLUMNS, job->f->n);
    for (size_t j = (size_t)item * GRAM_COLUMNS; j < end; j++)
        for (size_t k = 0; k < (size_t)job->s->rank; k++) {
            next->Vt[j * n + k] = job->s->vectors[k * n + j];
            next->V_single[j * n + k] = (float)job->s->vectors[k * n + j];
        }
}

void factored_gram_compute_next(engine *e, factored_gram *f, target_entries *t, svt *s, bool last, double *step2,
                                double *norm2) {
    gram_job job = {.f = f, .t = t, .s = s};
    int by_columns = int_pieces(f->n, GRAM_COLUMNS), by_vectors = int_pieces(s->rank, VECTORS);
    double Y_B2 = sum_of(f, by_columns);
    f->next.rank = s->rank;
    parallel_for(e, by_columns, take_vectors, &job);
    parallel_for(e, by_vectors, relate_vectors, &job);
    parallel_for(e, int_pieces(f->m, ROWS), finish_rows, &job);
    if (!last)
        parallel_for(e, by_columns, project_image, &job);
    parallel_for(e, by_vectors, relate_factors, &job);
    *norm2 = 0;
    for (int i = 0; i < s->rank; i++)
        *norm2 += square(s->factors[i] * s->values[i]);
    *step2 = Y_B2 - 2 * sum_of(f, by_vectors) + *norm2;
    if (f->formed || *step2 < STEP_LIMIT * *norm2) {
        parallel_for(e, by_columns, measure_columns, f);
        *step2 = sum_of(f, by_columns);
    }
}

/* `rows` new rows above the first `kept` of the others; columns `room` and 2 `room` apart. */
static void put_above(const factored_gram *f, const double *rows, int count, int kept, double *others) {
    size_t n = (size_t)f->n;
    for (size_t j = 0; j < n; j++) {
        memmove(others + 2 * n * j + count, others + 2 * n * j, (size_t)kept * sizeof *others);
        memcpy(others + 2 * n * j, rows + n * j, (size_t)count * sizeof *others);
    }
}

void factored_gram_shift(factored_gram *f, const svt *s) {
    size_t room = 2 * (size_t)f->n, r = (size_t)f->next.rank, kept = (size_t)f->now.rank;
    put_above(f, f->next.Vt, (int)r, (int)kept, f->Vt);
    put_above(f, f->next_DUt, (int)r, (int)kept, f->DUt);
    for (size_t j = kept; j-- > 0;)
        memmove(f->K + (r + j) * room + r, f->K + j * room, kept * sizeof *f->K);
    for (size_t j = 0; j < r; j++) {
        memset(f->K + j * room, 0, r * sizeof *f->K);
        f->K[j * room + j] = square(s->factors[j] * s->values[j]); /* U^T U = f V^T G^T G V f */
        for (size_t i = 0; i < kept; i++)
            f->K[j * room + r + i] = f->K[(r + i) * room + j] = f->next_K[j * room + i];
    }
    double *DtM = f->DtM;
    f->DtM = f->next_DtM;
    f->next_DtM = DtM;
    low_rank oldest = f->before;
    f->before = f->now;
    f->now = f->next;
    f->next = oldest;
}
