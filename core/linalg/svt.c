#include "core/linalg/svt.h"

#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "core/linalg/linalg.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Of the largest: smaller values of svt_largest, squared, would lose half their digits. */
#define SQUARE_LIMIT 1e-4

/* Above a share of 1 / MANY of all, all eigenvalues are computed: `exact` or not. */
enum { MANY_EXACT = 5, MANY = 10 };

enum { GRAM_PARTS = 4, ROWS = 256 }; /* rows of G per parallel item */

static size_t bytes_of_work(int m, int n) {
    size_t bytes[] = {linalg_eigen_bytes(n), linalg_eigen_all_bytes(n), linalg_right_vectors_bytes(m, n)};
    size_t most = 0;
    for (int i = 0; i < 3; i++)
        most = bytes[i] > most ? bytes[i] : most;
    return most;
}

status svt_new(svt *s, int m, int n, bool exact, workspace *w) {
    size_t square = (size_t)n * (size_t)n, whole = (size_t)m * (size_t)n;
    *s = (svt){.m = m, .n = n, .exact = exact, .many = n / MANY + 1};
    s->gram = workspace_take(w, square, sizeof(double));
    s->partial = workspace_take(w, GRAM_PARTS * square, sizeof(double));
    s->vectors = workspace_take(w, square, sizeof(double));
    s->values = workspace_take(w, (size_t)n, sizeof(double));
    s->factors = workspace_take(w, (size_t)n, sizeof(double));
    s->left = workspace_take(w, whole, sizeof(double));
    s->copy = workspace_take(w, whole, sizeof(double));
    s->work = workspace_take(w, bytes_of_work(m, n), 1);
    if (!exact) {
        TRY(leading_new(&s->leading, n, w));
        TRY(eigen_many_new(&s->all, n, w));
    }
    return workspace_check(w);
}

/* --- Gram matrix --- */

typedef struct product {
    svt *s;
    const double *G;
} product;

/* The lower half of the Gram matrix of a quarter of G's rows: large blocks, which BLAS likes, and equal ones. */
static void gram_part(const worker *w, void *context, int part) {
    (void)w;
    const product *p = context;
    svt *s = p->s;
    int rows = int_pieces(s->m, GRAM_PARTS), first = part * rows, count = int_min(rows, s->m - first);
    double *gram = s->partial + (size_t)part * (size_t)s->n * (size_t)s->n;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, s->n, count > 0 ? count : 0, 1, p->G + (count > 0 ? first : 0),
                s->m, 0, gram, s->n);
}

static void add_parts(const worker *w, void *context, int column) {
    (void)w;
    svt *s = context;
    size_t square = (size_t)s->n * (size_t)s->n, first = (size_t)column * (size_t)s->n;
    for (size_t i = first + (size_t)column; i < first + (size_t)s->n; i++) {
        double sum = 0;
        for (int part = 0; part < GRAM_PARTS; part++)
            sum += s->partial[(size_t)part * square + i];
        s->gram[i] = sum;
        s->gram[(i - first) * (size_t)s->n + (size_t)column] = sum;
    }
}

void svt_gram(engine *e, svt *s, const double *G) {
    parallel_for(e, GRAM_PARTS, gram_part, &(product){s, G});
    parallel_for(e, s->n, add_parts, s);
}

/* --- decomposition --- */

/* Singular values of G itself, falling, and V^T in place of the Gram matrix. */
static status decompose_directly(svt *s, const double *G) {
    memcpy(s->copy, G, (size_t)s->m * (size_t)s->n * sizeof *G);
    return linalg_right_vectors(s->m, s->n, s->copy, s->values, s->gram, s->work);
}

status svt_largest(svt *s, const double *G, int count, double *values) {
    TRY(linalg_eigen_largest(s->n, s->gram, count, s->values, s->vectors, s->work));
    for (int i = 0; i < count; i++)
        values[i] = sqrt(fmax(s->values[count - 1 - i], 0));
    if (values[count - 1] >= SQUARE_LIMIT * values[0])
        return STATUS_OK;
    TRY(decompose_directly(s, G));
    memcpy(values, s->values, (size_t)count * sizeof *values);
    return STATUS_OK;
}

/* Those above the threshold, their vectors as columns. */
static status select_directly(svt *s, const double *G, double threshold, int *count) {
    int n = s->n;
    TRY(decompose_directly(s, G));
    for (*count = 0; *count < n && s->values[*count] > threshold; ++*count)
        cblas_dcopy(n, s->gram + *count, n, s->vectors + (size_t)*count * (size_t)n, 1);
    return STATUS_OK;
}

/* The same by iteration, if it converges. */
static status select_leading(engine *e, svt *s, double threshold, bool *found, int *count) {
    size_t n = (size_t)s->n;
    TRY(leading_find(e, &s->leading, s->gram, threshold * threshold, SVT_TOLERANCE * threshold, found, count));
    for (int i = 0; i < *count && *found; i++) { /* they fall */
        s->values[*count - 1 - i] = s->leading.values[i];
        memcpy(s->vectors + (size_t)(*count - 1 - i) * n, s->leading.ritz + (size_t)i * n, n * sizeof(double));
    }
    return STATUS_OK;
}

bool svt_is_reducible(const svt *s) {
    return !s->exact && s->rank >= s->many;
}

status svt_reduce(svt *s) {
    TRY(eigen_many_reduce(&s->all, s->gram));
    s->reduced = true;
    return STATUS_OK;
}

/* The same from every eigenvalue of the Gram matrix. */
static status select_of_all(svt *s, double threshold, int *count) {
    int n = s->n, first = 0;
    TRY(linalg_eigen_all(n, s->gram, s->values, s->work));
    while (first < n && s->values[first] <= threshold * threshold)
        first++;
    *count = n - first;
    memmove(s->values, s->values + first, (size_t)*count * sizeof *s->values);
    memcpy(s->vectors, s->gram + (size_t)first * (size_t)n, (size_t)*count * (size_t)n * sizeof *s->vectors);
    return STATUS_OK;
}

/* The same by the Gram matrix; they rise. Which way is faster depends on how many there are: about as many as last
 * time. */
static status select_by_gram(engine *e, svt *s, double threshold, int *count) {
    int n = s->n;
    double least_square = threshold * threshold;
    if (s->exact && s->rank * MANY_EXACT > n)
        return select_of_all(s, threshold, count);
    if (s->exact)
        return linalg_eigen_above(n, s->gram, least_square, count, s->values, s->vectors, s->work);
    bool found = false;
    if (!svt_is_reducible(s))
        TRY(select_leading(e, s, threshold, &found, count));
    if (found)
        return STATUS_OK;
    if (!s->reduced)
        TRY(svt_reduce(s));
    s->reduced = false;
    TRY(eigen_many_above(e, &s->all, least_square, count, s->values, s->vectors));
    s->many = *count < s->many ? *count : s->many;
    return STATUS_OK;
}

status svt_decompose(engine *e, svt *s, const double *G, double threshold) {
    int count, n = s->n;
    TRY(select_by_gram(e, s, threshold, &count));
    double largest = count > 0 ? sqrt(s->values[count - 1]) : 0;
    s->imprecise = threshold < SVT_GRAM_LIMIT * largest;
    for (int i = 0; i < count; i++)
        s->values[i] = sqrt(s->values[i]);
    if (s->imprecise && G)
        TRY(select_directly(s, G, threshold, &count));
    s->rank = 0;
    for (int i = 0; i < count; i++) {
        if (!(s->values[i] > threshold * (1 + SVT_TIE)))
            continue;
        if (s->rank < i)
            cblas_dcopy(n, s->vectors + (size_t)i * (size_t)n, 1, s->vectors + (size_t)s->rank * (size_t)n, 1);
        s->values[s->rank] = s->values[i];
        s->factors[s->rank++] = 1 - threshold / s->values[i];
    }
    return STATUS_OK;
}

/* --- result --- */

/* left = G V diag(1 - threshold / S), some rows. */
static void multiply_rows(const worker *w, void *context, int item) {
    (void)w;
    const product *p = context;
    const svt *s = p->s;
    int first = item * ROWS, count = int_min(ROWS, s->m - first);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, count, s->rank, s->n, 1, p->G + first, s->m, s->vectors,
                s->n, 0, s->left + first, s->m);
    for (int i = 0; i < s->rank; i++)
        cblas_dscal(count, s->factors[i], s->left + (size_t)i * (size_t)s->m + first, 1);
}

void svt_multiply(engine *e, svt *s, const double *G) {
    if (s->rank > 0)
        parallel_for(e, int_pieces(s->m, ROWS), multiply_rows, &(product){s, G});
}

void svt_columns(const svt *s, int first, int count, double *B) {
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, s->m, count, s->rank, 1, s->left, s->m, s->vectors + first,
                s->n, 0, B, s->m);
}
