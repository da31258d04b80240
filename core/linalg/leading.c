#include "core/linalg/leading.h"

#include "core/base/parallel.h"
#include "core/base/rng.h"
#include "core/base/whole_numbers.h"
#include "core/linalg/linalg.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum {
    FIRST = 12, /* vectors of the first basis */
    SPARE = 5,  /* vectors beyond those asked for, and one for every ... */
    SPARE_OF = 5,
    PASSES = 12,      /* before the iteration is given up */
    MOST_DEGREE = 6,  /* of the polynomial */
    START_DEGREE = 4, /* of the first one, whose approximations are those of another matrix */
    SEASONING = 3,    /* products after which a random vector tells that nothing has been missed */
    ROWS = 64,        /* of S per parallel item */
    VECTORS = 32      /* of the basis */
};

/* Vectors whose value is this many times the last one's converge at once; a polynomial would only blow them up. */
#define FAR 20.0

#define NOISE 1e-12 /* of the largest value: what rounding leaves of 0 */

#define MARGIN 10.0 /* how much more the error is to shrink than it has to */

/* Products of S and a vector, for each of S's rows, that are worth it: LAPACK takes the time of 2.4 for all vectors. */
#define WORTH 2.0

status leading_new(leading *l, int n, workspace *w) {
    *l = (leading){.n = n, .most = n / 3 + SPARE + n / 3 / SPARE_OF};
    l->most = l->most < n ? l->most : n;
    size_t vectors = (size_t)n * (size_t)l->most;
    double **blocks[] = {&l->ritz, &l->basis, &l->image, &l->ritz_image, &l->older};
    for (int i = 0; i < 5; i++)
        *blocks[i] = workspace_take(w, vectors, sizeof(double));
    l->small = workspace_take(w, (size_t)l->most * (size_t)l->most, sizeof(double));
    l->values = workspace_take(w, (size_t)l->most, sizeof(double));
    l->work = workspace_take(w, linalg_eigen_all_bytes(l->most), 1);
    return workspace_check(w);
}

/* --- products --- */

/* out = scale S x + shift x + back out */
typedef struct product {
    const double *S, *x;
    double *out;
    int n, count;
    double scale, shift, back;
} product;

static void multiply_rows(const worker *w, void *context, int item) {
    (void)w;
    const product *p = context;
    int n = p->n, first = item * ROWS, rows = n - first < ROWS ? n - first : ROWS;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, p->count, n, p->scale, p->S + first, n, p->x, n,
                p->back, p->out + first, n);
    for (int j = 0; j < p->count && p->shift != 0; j++)
        cblas_daxpy(rows, p->shift, p->x + (size_t)j * (size_t)n + first, 1, p->out + (size_t)j * (size_t)n + first, 1);
}

static void multiply(engine *e, const product *p) {
    parallel_for(e, int_pieces(p->n, ROWS), multiply_rows, (void *)p);
}

/* --- the basis --- */

static double *column(double *vectors, const leading *l, int j) {
    return vectors + (size_t)j * (size_t)l->n;
}

static void add_random(leading *l, int count) {
    rng r = rng_new(1, l->draws++);
    for (int j = l->count; j < count; j++) {
        double *x = column(l->basis, l, j);
        for (int i = 0; i < l->n; i++)
            x[i] = rng_normal(&r);
        cblas_dscal(l->n, 1 / cblas_dnrm2(l->n, x, 1), x, 1);
    }
    l->count = count;
}

/* By Cholesky's decomposition of the products of columns, twice, for the rounding of the first time. */
static bool orthonormalise(leading *l) {
    int n = l->n, k = l->count;
    for (int turn = 0; turn < 2; turn++) {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, k, n, 1, l->basis, n, 0, l->small, k);
        if (!linalg_cholesky(k, l->small))
            return false;
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, n, k, 1, l->small, k, l->basis, n);
    }
    return true;
}

static void reverse(leading *l) {
    int k = l->count;
    for (int j = 0; j < k / 2; j++) {
        double value = l->values[j];
        l->values[j] = l->values[k - 1 - j];
        l->values[k - 1 - j] = value;
        cblas_dswap(k, l->small + (size_t)j * (size_t)k, 1, l->small + (size_t)(k - 1 - j) * (size_t)k, 1);
    }
}

/* Some columns of basis^T S basis. */
static void project_vectors(const worker *w, void *context, int item) {
    (void)w;
    leading *l = context;
    int n = l->n, k = l->count, first = item * VECTORS, count = k - first < VECTORS ? k - first : VECTORS;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, k, count, n, 1, l->basis, n, column(l->image, l, first), n, 0,
                l->small + (size_t)first * (size_t)k, k);
}

/* Some of the approximations, by their coefficients in the basis. */
static void combine_vectors(const worker *w, void *context, int item) {
    (void)w;
    leading *l = context;
    int n = l->n, k = l->count, first = item * VECTORS, count = k - first < VECTORS ? k - first : VECTORS;
    const double *small = l->small + (size_t)first * (size_t)k;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, count, k, 1, l->basis, n, small, k, 0,
                column(l->ritz, l, first), n);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, count, k, 1, l->image, n, small, k, 0,
                column(l->ritz_image, l, first), n);
}

/* The best approximations that the basis holds (Rayleigh and Ritz), and S times them. */
static status approximate(engine *e, leading *l, const double *S) {
    int k = l->count, items = int_pieces(k, VECTORS);
    multiply(e, &(product){S, l->basis, l->image, l->n, k, 1, 0, 0});
    parallel_for(e, items, project_vectors, l);
    TRY(linalg_eigen_all(k, l->small, l->values, l->work));
    reverse(l);
    parallel_for(e, items, combine_vectors, l);
    return STATUS_OK;
}

/* Of approximation j: ||S v - value v||^2. */
static double residual2(const leading *l, int j) {
    const double *v = l->ritz + (size_t)j * (size_t)l->n, *image = l->ritz_image + (size_t)j * (size_t)l->n;
    double sum = 0;
    for (int i = 0; i < l->n; i++) {
        double r = image[i] - l->values[j] * v[i];
        sum += r * r;
    }
    return sum;
}

/* How far singular values and vectors may be off, see leading_find; the values above `least` are counted. */
static double error_of(const leading *l, double least, int *count) {
    double sum = 0;
    for (*count = 0; *count < l->count && l->values[*count] > least; ++*count)
        sum += residual2(l, *count) / l->values[*count];
    if (*count < l->count) { /* the first one left out may be larger by its residual */
        double excess = sqrt(fmax(l->values[*count], 0) + sqrt(residual2(l, *count))) - sqrt(least);
        sum += excess > 0 ? excess * excess : 0;
    }
    return sqrt(sum);
}

/* One product is enough to keep the basis at the matrix as it changes. */
static void advance(leading *l) {
    for (int j = 0; j < l->count; j++) {
        cblas_dcopy(l->n, column(l->ritz_image, l, j), 1, column(l->basis, l, j), 1);
        double norm = cblas_dnrm2(l->n, column(l->basis, l, j), 1);
        cblas_dscal(l->n, norm > 0 ? 1 / norm : 0, column(l->basis, l, j), 1);
    }
}

/* x -= V V^T x for the first `locked` approximations V. */
static void project(leading *l, int locked, double *x, int count) {
    if (locked == 0)
        return;
    int n = l->n;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, locked, count, n, 1, l->ritz, n, x, n, 0, l->small, locked);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, count, locked, -1, l->ritz, n, l->small, locked, 1, x, n);
}

/* The end of what a polynomial makes small; above 0 for a matrix of lower rank, too. */
static double last_of(const leading *l) {
    return fmax(l->values[l->count - 1], NOISE * l->values[0]);
}

static int locked_of(const leading *l) {
    int locked = 0;
    while (locked < l->count && l->values[locked] > FAR * last_of(l))
        locked++;
    return locked;
}

/* A Chebyshev polynomial of S, small on the values below the last approximation and growing fast above, times the
 * approximations. Those far above get one plain product; they are taken out of S for the others. */
static void filter(engine *e, leading *l, const double *S, int degree) {
    int n = l->n, locked = locked_of(l);
    int rest = l->count - locked;
    double half = last_of(l) / 2, *now = column(l->image, l, locked), *before = column(l->older, l, locked);
    memcpy(before, column(l->ritz, l, locked), (size_t)rest * (size_t)n * sizeof *before);
    multiply(e, &(product){S, before, now, n, rest, 1 / half, -1, 0});
    project(l, locked, now, rest);
    for (int i = 2; i <= degree; i++) {
        multiply(e, &(product){S, now, before, n, rest, 2 / half, -2, -1});
        project(l, locked, before, rest);
        double *next = before;
        before = now;
        now = next;
    }
    memcpy(column(l->ritz_image, l, locked), now, (size_t)rest * (size_t)n * sizeof *now);
}

/* The degree at which the polynomial grows from `last` to `least` as much as the error has to shrink. */
static double degree_for(const leading *l, double least, double error, double tolerance) {
    double growth = acosh(fmax(2 * least / last_of(l) - 1, 1 + 1e-6));
    return ceil(log(MARGIN * error / tolerance) / growth);
}

static int limited(double degree) {
    return degree < 2 ? 2 : degree > MOST_DEGREE ? MOST_DEGREE : (int)degree;
}

/* How many vectors the basis had in the passes before: random ones have a small share of every eigenvector, and so
 * small values and residuals even where they miss the largest of all. */
typedef struct seasoning {
    int count[SEASONING]; /* of the last passes, the oldest first */
} seasoning;

static seasoning seasoned_all(const leading *l) {
    seasoning s;
    for (int i = 0; i < SEASONING; i++)
        s.count[i] = l->count;
    return s;
}

static void season(seasoning *s, const leading *l) {
    memmove(s->count, s->count + 1, (SEASONING - 1) * sizeof *s->count);
    s->count[SEASONING - 1] = l->count;
}

/* The basis for a matrix near that of the last call. */
static void start(engine *e, leading *l, const double *S) {
    if (l->degree > 0 && l->values[0] > 0) { /* as then, the approximations of the call before would not do */
        multiply(e, &(product){S, l->ritz, l->ritz_image, l->n, locked_of(l), 1, 0, 0});
        filter(e, l, S, l->degree < START_DEGREE ? l->degree : START_DEGREE);
    }
    advance(l);
    if (l->wanted > l->count)
        add_random(l, l->wanted);
}

status leading_find(engine *e, leading *l, const double *S, double least, double tolerance, bool *found, int *count) {
    seasoning seasoned = seasoned_all(l);
    *found = false;
    if (l->count == 0)
        add_random(l, FIRST < l->most ? FIRST : l->most);
    else
        start(e, l, S);
    for (int pass = 0; pass < PASSES; pass++) {
        if (!orthonormalise(l))
            break;
        TRY(approximate(e, l, S));
        double error = error_of(l, least, count);
        int wanted = *count + SPARE + *count / SPARE_OF;
        *found = error <= tolerance && (*count < seasoned.count[0] || l->count == l->n);
        double degree = degree_for(l, least, error, tolerance);
        bool too_far = error * error < least && degree * l->count > WORTH * l->n;
        if (*found || wanted > l->most || too_far) {
            l->wanted = wanted < l->most ? wanted : l->most;
            l->count = l->wanted < l->count ? l->wanted : l->count;
            return STATUS_OK;
        }
        if (error > tolerance && error * error < least) {
            filter(e, l, S, limited(degree));
            l->degree = pass == 0 ? limited(degree) : l->degree;
        }
        advance(l);
        season(&seasoned, l);
        if (wanted > l->count)
            add_random(l, wanted);
    }
    l->count = 0; /* a fresh start the next time */
    return STATUS_OK;
}
