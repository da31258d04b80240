#include "modules/classic/factored_gram.h"

#include "core/base/parallel.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum {
    ROWS = 640, /* per parallel item: of m, of n, and of the factors */
    COLUMNS = 112,
    VECTORS = 48,
    FEW = 50 /* T of at most one entry in so many is few */
};

/* Of ||B||^2: a smaller ||Y_B - B||^2 would be rounding where it is the difference of such squares. */
#define STEP_LIMIT 1e-8

static int least(int a, int b) {
    return a < b ? a : b;
}

static int items_of(int count, int size) {
    return (count + size - 1) / size;
}

static double square(double x) {
    return x * x;
}

static int rank_of_both(const factored_gram *f) {
    return f->now.rank + f->before.rank;
}

static double weight_of(const factored_gram *f, int vector) {
    return vector < f->now.rank ? f->a : f->b;
}

static void transpose_columns(const worker *w, void *context, int item) {
    (void)w;
    const factored_gram *f = context;
    int first = item * COLUMNS, end = least(first + COLUMNS, f->m);
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
    double *squares = workspace_take(w, 20 * square, sizeof(double));
    f->sums = workspace_take(w, (size_t)n, sizeof(double));
    take_factors(&f->next, m, n, w);
    take_factors(&f->now, m, n, w);
    take_factors(&f->before, m, n, w);
    TRY(workspace_check(w));
    double **of_one[] = {&f->DtD, &f->DtM, &f->half, &f->next_DUt};
    double **of_two[] = {&f->Vt, &f->DUt, &f->Ft, &f->Zt, &f->next_K, &f->C, &f->K};
    for (int i = 0; i < 4; i++, squares += square)
        *of_one[i] = squares;
    for (int i = 0; i < 7; i++, squares += 2 * square) /* K, the last, has four */
        *of_two[i] = squares;
    memcpy(f->DtD, DtD, square * sizeof *DtD);
    parallel_for(e, items_of(m, COLUMNS), transpose_columns, f);
    return STATUS_OK;
}

/* --- the Gram matrix --- */

typedef struct gram_job {
    factored_gram *f;
    const target_entries *t;
    const svt *s;
} gram_job;

/* Column j of DtM and of H, the latter in the place of Z. */
static void subtract_target(factored_gram *f, const target_entries *t, int j) {
    size_t n = (size_t)f->n, r = (size_t)f->now.rank, room = 2 * n;
    target_range range = target_column(t, j);
    double *DtM = f->DtM + (size_t)j * n, *H = f->Zt + (size_t)j * room;
    cblas_dcopy(f->n, f->DtD + (size_t)j * n, 1, DtM, 1);
    cblas_dcopy(rank_of_both(f), f->DUt + (size_t)j * room, 1, H, 1);
    for (size_t k = range.begin; k < range.end; k++) {
        const target_entry *entry = &t->entries[k];
        size_t row = (size_t)entry->row;
        cblas_daxpy(f->n, -entry->Y_T, f->Dt + row * n, 1, DtM, 1);
        cblas_daxpy(f->now.rank, -entry->Y_T, f->now.Ut + row * n, 1, H, 1);
        cblas_daxpy(f->before.rank, -entry->Y_T, f->before.Ut + row * n, 1, H + r, 1);
    }
}

/* Column j of D^T (D - Y_T) - D^T D / 2 + Y_T^T Y_T / 2, half of the first product of G^T G, into half. */
static void add_square_of_target(factored_gram *f, const target_entries *t, int j) {
    size_t n = (size_t)f->n, at = (size_t)j * n;
    double *half = f->half + at;
    for (size_t i = 0; i < n; i++)
        half[i] += f->DtM[at + i] - f->DtD[at + i] / 2;
    target_range range = target_column(t, j);
    for (size_t k = range.begin; k < range.end; k++) {
        const target_entry *entry = &t->entries[k];
        for (int i = t->row_first[entry->row]; i < t->row_first[entry->row + 1]; i++)
            half[t->column[i]] += entry->Y_T * t->value[i] / 2;
    }
}

/* Some columns of Z, F and half, and their part of ||Y_B||_F^2. */
static void project_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    factored_gram *f = job->f;
    int n = f->n, room = 2 * n, r = f->now.rank, all = rank_of_both(f);
    int first = item * COLUMNS, count = least(COLUMNS, n - first);
    size_t at = (size_t)first * (size_t)room;
    double *F = f->Ft + at, *Z = f->Zt + at, *half = f->half + (size_t)first * (size_t)n;
    const double *V = f->Vt + at;
    for (int j = first; j < first + count; j++)
        subtract_target(f, job->t, j);
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
        add_square_of_target(f, job->t, j);
}

static void symmetrise_columns(const worker *w, void *context, int item) {
    (void)w;
    const gram_job *job = context;
    const double *half = job->f->half;
    size_t n = (size_t)job->f->n, end = (size_t)least((item + 1) * COLUMNS, job->f->n);
    for (size_t j = (size_t)item * COLUMNS; j < end; j++)
        for (size_t i = 0; i < n; i++)
            job->s->gram[j * n + i] = (half[j * n + i] + half[i * n + j]) / 4;
}

static void make_gram(engine *e, gram_job *job) {
    int items = items_of(job->f->n, COLUMNS);
    parallel_for(e, items, project_columns, job);
    parallel_for(e, items, symmetrise_columns, job);
}

/* Some columns of x U_1 V_1^T + a U V^T + b U' V'^T, into G; x = 0 leaves out the first. */
static void expand_columns(factored_gram *f, double x, int first, int count) {
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
    int first = item * COLUMNS, count = least(COLUMNS, f->n - first);
    size_t m = (size_t)f->m, begin = (size_t)first * m, end = begin + (size_t)count * m;
    expand_columns(f, 0, first, count);
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

status factored_gram_decompose(engine *e, factored_gram *f, target_entries *t, svt *s, double threshold) {
    gram_job job = {f, t, s};
    f->formed = target_list_rows(t) * FEW > (int64_t)f->m * f->n;
    if (!f->formed) {
        make_gram(e, &job);
        TRY(svt_decompose(e, s, NULL, threshold));
        f->formed = s->imprecise;
    }
    if (!f->formed)
        return STATUS_OK;
    parallel_for(e, items_of(f->n, COLUMNS), form_columns, &job);
    svt_gram(e, s, f->G);
    return svt_decompose(e, s, f->G, threshold);
}

/* --- the next background --- */

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
    int first = item * ROWS, count = least(ROWS, job->f->m - first);
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
    int n = f->n, room = 2 * n, first = item * COLUMNS, count = least(COLUMNS, n - first), r = s->rank;
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
    int n = f->n, room = 2 * n, first = item * VECTORS, count = least(VECTORS, job->s->rank - first);
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
    int first = item * VECTORS, count = least(VECTORS, s->rank - first);
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
    int first = item * COLUMNS, count = least(COLUMNS, f->n - first);
    expand_columns(f, -1, first, count);
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
    size_t n = (size_t)job->f->n, end = (size_t)least((item + 1) * COLUMNS, job->f->n);
    for (size_t j = (size_t)item * COLUMNS; j < end; j++)
        for (size_t k = 0; k < (size_t)job->s->rank; k++) {
            next->Vt[j * n + k] = job->s->vectors[k * n + j];
            next->V_single[j * n + k] = (float)job->s->vectors[k * n + j];
        }
}

void factored_gram_next(engine *e, factored_gram *f, const target_entries *t, const svt *s, double *step2,
                        double *norm2) {
    gram_job job = {f, t, s};
    int by_columns = items_of(f->n, COLUMNS), by_vectors = items_of(s->rank, VECTORS);
    double Y_B2 = sum_of(f, by_columns);
    f->next.rank = s->rank;
    parallel_for(e, by_columns, take_vectors, &job);
    parallel_for(e, by_vectors, relate_vectors, &job);
    parallel_for(e, items_of(f->m, ROWS), finish_rows, &job);
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

void factored_gram_advance(factored_gram *f, const svt *s) {
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
    low_rank oldest = f->before;
    f->before = f->now;
    f->now = f->next;
    f->next = oldest;
}
