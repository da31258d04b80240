#include "core/linalg/eigen_many.h"

#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "core/linalg/linalg.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* Fortran symbols; OpenBLAS has no LAPACKE. */
void dsytrd_(const char *uplo, const int *n, double *a, const int *lda, double *d, double *e, double *tau, double *work,
             const int *lwork, int *info);
void dsterf_(const int *n, double *d, double *e, int *info);
void dstedc_(const char *compz, const int *n, double *d, double *e, double *z, const int *ldz, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
void dlarft_(const char *direct, const char *storev, const int *n, const int *k, double *v, const int *ldv,
             const double *tau, double *t, const int *ldt);
void dlarfb_(const char *side, const char *trans, const char *direct, const char *storev, const int *m, const int *n,
             const int *k, const double *v, const int *ldv, const double *t, const int *ldt, double *c, const int *ldc,
             double *work, const int *ldwork);

enum {
    LANES = 8,       /* vectors that are factorised side by side, an item of a parallel loop */
    REFLECTORS = 32, /* of a block */
    VECTORS = 48     /* of an item that applies them */
};

/* Vectors of which less than this is left beside those before them are not told apart. */
#define APART 0.7

static size_t work_length(int n) {
    return 1 + (size_t)n * (size_t)(4 + n);
}

status eigen_many_new(eigen_many *m, int n, workspace *w) {
    size_t square = (size_t)n * (size_t)n, quotients = (size_t)n * (size_t)(int_pieces(n, LANES) * LANES);
    *m = (eigen_many){.n = n};
    double *vectors = workspace_take(w, 5 * (size_t)n + square + 2 * quotients, sizeof(double));
    m->triangles = workspace_take(w, (size_t)int_pieces(n, REFLECTORS) * REFLECTORS * REFLECTORS, sizeof(double));
    m->work = workspace_take(w, work_length(n), sizeof(double));
    m->integer_work = workspace_take(w, 3 + 5 * (size_t)n, sizeof(int));
    TRY(workspace_check(w));
    double **of_one[] = {&m->values, &m->diagonal, &m->beside, &m->scales, &m->residuals};
    for (int i = 0; i < 5; i++, vectors += n)
        *of_one[i] = vectors;
    m->products = vectors;
    m->above = m->products + square;
    m->below = m->above + quotients;
    return STATUS_OK;
}

static status failed(int info) {
    return status_fail(STATUS_NUMERIC, "an eigenvalue decomposition failed (%d)", info);
}

status eigen_many_reduce(eigen_many *m, double *a) {
    int n = m->n, length = (int)work_length(n), info;
    m->reflectors = a;
    dsytrd_("L", &n, a, &n, m->diagonal, m->beside, m->scales, m->work, &length, &info);
    if (info != 0)
        return failed(info);
    memcpy(m->values, m->diagonal, (size_t)n * sizeof *m->values);
    memcpy(m->work, m->beside, (size_t)n * sizeof *m->work);
    dsterf_(&n, m->values, m->work, &info);
    return info == 0 ? STATUS_OK : failed(info);
}

/* --- vectors of the tridiagonal matrix --- */

typedef struct choosing {
    eigen_many *m;
    int first, count; /* of all eigenvalues */
    double *vectors;
} choosing;

static double magnitude_of_all(const eigen_many *m) {
    return fmax(fabs(m->values[0]), fabs(m->values[m->n - 1]));
}

/* The quotients of T - value = L D L^T, from the first row on, and of U D U^T, from the last, for LANES values; and the
 * row of the twist: in which both, put together, leave least. A pivot of nothing is taken for `tiny`. */
static void factorise(const eigen_many *m, const double *value, double tiny, double *above, double *below, int *twist) {
    int n = m->n;
    const double *d = m->diagonal, *e = m->beside;
    double pivot[LANES], least[LANES];
    for (int l = 0; l < LANES; l++)
        pivot[l] = d[0] - value[l];
    for (int i = 0; i + 1 < n; i++)
        for (int l = 0; l < LANES; l++) {
            double safe = fabs(pivot[l]) < tiny ? tiny : pivot[l];
            above[i * LANES + l] = e[i] / safe;
            pivot[l] = d[i + 1] - value[l] - e[i] * above[i * LANES + l];
        }
    for (int l = 0; l < LANES; l++) {
        least[l] = fabs(pivot[l]);
        twist[l] = n - 1;
        pivot[l] = d[n - 1] - value[l];
    }
    for (int i = n - 2; i >= 0; i--)
        for (int l = 0; l < LANES; l++) {
            double safe = fabs(pivot[l]) < tiny ? tiny : pivot[l];
            below[i * LANES + l] = e[i] / safe;
            pivot[l] = d[i] - value[l] - e[i] * below[i * LANES + l];
            double left = fabs(i > 0 ? pivot[l] - e[i - 1] * above[(i - 1) * LANES + l] : pivot[l]);
            twist[l] = left < least[l] ? i : twist[l];
            least[l] = left < least[l] ? left : least[l];
        }
}

/* The vector of one lane, of unit length, and its residual. */
static double solve(const eigen_many *m, double value, const double *above, const double *below, int twist, double *v) {
    int n = m->n;
    const double *d = m->diagonal, *e = m->beside;
    v[twist] = 1;
    for (int i = twist - 1; i >= 0; i--)
        v[i] = -above[i * LANES] * v[i + 1];
    for (int i = twist; i + 1 < n; i++)
        v[i + 1] = -below[i * LANES] * v[i];
    double norm2 = 0, residual2 = 0;
    for (int i = 0; i < n; i++) {
        double left = (d[i] - value) * v[i] + (i > 0 ? e[i - 1] * v[i - 1] : 0) + (i + 1 < n ? e[i] * v[i + 1] : 0);
        norm2 += v[i] * v[i];
        residual2 += left * left;
    }
    cblas_dscal(n, 1 / sqrt(norm2), v, 1);
    return sqrt(residual2 / norm2);
}

static void find_vectors(const worker *w, void *context, int item) {
    (void)w;
    const choosing *c = context;
    eigen_many *m = c->m;
    size_t n = (size_t)m->n, at = (size_t)item * LANES * n;
    int first = item * LANES, count = int_min(LANES, c->count - first), twist[LANES];
    double value[LANES], tiny = fmax(DBL_EPSILON * DBL_EPSILON * magnitude_of_all(m), DBL_MIN);
    for (int l = 0; l < LANES; l++)
        value[l] = m->values[c->first + first + int_min(l, count - 1)];
    factorise(m, value, tiny, m->above + at, m->below + at, twist);
    for (int l = 0; l < count; l++)
        m->residuals[first + l] =
            solve(m, value[l], m->above + at + l, m->below + at + l, twist[l], c->vectors + (size_t)(first + l) * n);
}

/* False if they are not all eigenvectors, or not all different ones. */
static bool orthonormalise(const choosing *c) {
    eigen_many *m = c->m;
    int n = m->n, k = c->count;
    for (int j = 0; j < k; j++)
        if (!(m->residuals[j] <= EIGEN_MANY_RESIDUAL * magnitude_of_all(m)))
            return false;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, k, n, 1, c->vectors, n, 0, m->products, k);
    if (!linalg_cholesky(k, m->products))
        return false;
    for (int j = 0; j < k; j++)
        if (m->products[(size_t)j * (size_t)k + (size_t)j] < APART)
            return false;
    cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, n, k, 1, m->products, k, c->vectors,
                n);
    return true;
}

/* All values and vectors anew, and of the vectors those asked for. */
static status divide_and_conquer(choosing *c) {
    eigen_many *m = c->m;
    int n = m->n, length = (int)work_length(n), integer_length = 3 + 5 * n, info;
    memcpy(m->values, m->diagonal, (size_t)n * sizeof *m->values);
    dstedc_("I", &n, m->values, m->beside, c->vectors, &n, m->work, &length, m->integer_work, &integer_length, &info);
    memmove(c->vectors, c->vectors + (size_t)c->first * (size_t)n, (size_t)c->count * (size_t)n * sizeof *c->vectors);
    return info == 0 ? STATUS_OK : failed(info);
}

/* --- back to the matrix --- */

static int rows_of(const eigen_many *m, int block) {
    return m->n - 1 - block * REFLECTORS;
}

static double *block_of(const eigen_many *m, int block) {
    size_t first = (size_t)block * REFLECTORS;
    return m->reflectors + first * (size_t)m->n + first + 1;
}

static void form_triangle(const worker *w, void *context, int block) {
    (void)w;
    eigen_many *m = context;
    int rows = rows_of(m, block), count = int_min(REFLECTORS, rows), room = REFLECTORS;
    dlarft_("F", "C", &rows, &count, block_of(m, block), &m->n, m->scales + block * REFLECTORS,
            m->triangles + (size_t)block * REFLECTORS * REFLECTORS, &room);
}

static void reflect_vectors(const worker *w, void *context, int item) {
    (void)w;
    const choosing *c = context;
    const eigen_many *m = c->m;
    int first = item * VECTORS, columns = int_min(VECTORS, c->count - first), room = REFLECTORS, most = VECTORS;
    double *vectors = c->vectors + (size_t)first * (size_t)m->n, work[VECTORS * REFLECTORS];
    for (int block = int_pieces(m->n - 1, REFLECTORS) - 1; block >= 0; block--) {
        int rows = rows_of(m, block), count = int_min(REFLECTORS, rows);
        dlarfb_("L", "N", "F", "C", &rows, &columns, &count, block_of(m, block), &m->n,
                m->triangles + (size_t)block * REFLECTORS * REFLECTORS, &room, vectors + block * REFLECTORS + 1, &m->n,
                work, &most);
    }
}

status eigen_many_above(engine *e, eigen_many *m, double least, int *count, double *values, double *vectors) {
    choosing c = {.m = m, .vectors = vectors};
    while (c.first < m->n && !(m->values[c.first] > least))
        c.first++;
    c.count = *count = m->n - c.first;
    m->divided = false;
    if (c.count == 0)
        return STATUS_OK;
    parallel_for(e, int_pieces(c.count, LANES), find_vectors, &c);
    m->divided = !orthonormalise(&c);
    if (m->divided)
        TRY(divide_and_conquer(&c));
    memcpy(values, m->values + c.first, (size_t)c.count * sizeof *values);
    parallel_for(e, int_pieces(m->n - 1, REFLECTORS), form_triangle, m);
    parallel_for(e, int_pieces(c.count, VECTORS), reflect_vectors, &c);
    return STATUS_OK;
}
