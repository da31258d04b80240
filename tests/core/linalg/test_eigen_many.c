/* The eigenpairs above a limit, where they are many: those of the other way, residuals, orthogonality, the same bits on
 * any number of threads. */
#include "core/base/rng.h"
#include "core/linalg/eigen_many.h"
#include "core/linalg/linalg.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 97 };

typedef struct decomposition {
    double S[MOST * MOST], copy[MOST * MOST], values[MOST], vectors[MOST * MOST];
    int n, count;
    bool divided;
} decomposition;

/* Entry (i, k) of an orthonormal matrix of n columns. */
static double cosine(int i, int k, int n) {
    return sqrt((k == 0 ? 1.0 : 2.0) / n) * cos(M_PI * (i + 0.5) * k / n);
}

/* S with these eigenvalues. */
static void compose(decomposition *d, int n, double (*value)(int k)) {
    d->n = n;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            d->S[j * n + i] = 0;
            for (int k = 0; k < n; k++)
                d->S[j * n + i] += value(k) * cosine(i, k, n) * cosine(j, k, n);
        }
}

static void decompose(decomposition *d, double least) {
    workspace work = {0};
    eigen_many m;
    workspace_begin(&work);
    assert_ok(eigen_many_new(&m, d->n, &work));
    memcpy(d->copy, d->S, sizeof d->S);
    assert_ok(eigen_many_reduce(&m, d->copy));
    assert_ok(eigen_many_above(test_engine(), &m, least, &d->count, d->values, d->vectors));
    d->divided = m.divided;
    workspace_free(&work);
}

/* Residuals and products of vectors, of a matrix whose largest value is `largest`. */
static void check_vectors(const decomposition *d, double largest) {
    int n = d->n;
    double image[MOST];
    for (int k = 0; k < d->count; k++) {
        const double *v = d->vectors + k * n;
        cblas_dsymv(CblasColMajor, CblasLower, n, 1, d->S, n, v, 1, 0, image, 1);
        cblas_daxpy(n, -d->values[k], v, 1, image, 1);
        assert_true(cblas_dnrm2(n, image, 1) <= 1e-14 * largest);
        for (int l = 0; l <= k; l++)
            assert_true(fabs(cblas_ddot(n, d->vectors + l * n, 1, v, 1) - (l == k)) < 1e-14);
    }
}

/* Checks the values, too, by the other way. */
static void check(decomposition *d, double least, double largest) {
    double *vectors = malloc(sizeof d->vectors), right[MOST];
    void *work = malloc(linalg_eigen_bytes(d->n));
    int count;
    assert_true(vectors && work);
    memcpy(d->copy, d->S, sizeof d->S);
    assert_ok(linalg_eigen_above(d->n, d->copy, least, &count, right, vectors, work));
    decompose(d, least);
    assert_int_equal(d->count, count);
    for (int k = 0; k < count; k++)
        assert_true(fabs(d->values[k] - right[k]) <= 1e-14 * largest);
    check_vectors(d, largest);
    free(work);
    free(vectors);
}

/* As those of a patch-image: from 1e5 down to 1e-4, each but a few per cent below the one before. */
static double falling(int k) {
    return 1e5 * exp(-0.21 * k);
}

static double in_pairs(int k) {
    return k < 40 ? 100 - k / 2 - 1e-7 * (k % 2) : 1;
}

static double alike(int k) { /* 10 .. 5, then 14 times 2, then 1 */
    return k < 6 ? 10 - k : k < 20 ? 2 : 1;
}

static void test_separate_values(void **state) {
    (void)state;
    static const int sizes[] = {2, 9, 33, 34, MOST};
    decomposition *d = malloc(sizeof *d);
    assert_non_null(d);
    for (int t = 0; t < 5; t++)
        for (int k = 0; k <= sizes[t]; k += 1 + sizes[t] / 3) { /* none, some, most */
            compose(d, sizes[t], falling);
            check(d, k == 0 ? 2e5 : sqrt(falling(k - 1) * falling(k)), 1e5);
            assert_int_equal(d->count, k);
            assert_false(d->divided);
        }
    free(d);
}

/* Values a billionth apart: vectors as they are found are far from orthogonal. */
static void test_near_values(void **state) {
    (void)state;
    decomposition *d = malloc(sizeof *d);
    assert_non_null(d);
    compose(d, MOST, in_pairs);
    check(d, 50, 100);
    assert_int_equal(d->count, 40);
    assert_false(d->divided);
    free(d);
}

static void test_equal_values(void **state) {
    (void)state;
    static const double limits[] = {100, 4.5, 1.5, 0.5, -1};
    static const int counts[] = {0, 6, 20, 37, 37};
    decomposition *d = malloc(sizeof *d);
    assert_non_null(d);
    compose(d, 37, alike);
    for (int t = 0; t < 5; t++) {
        check(d, limits[t], 10);
        assert_int_equal(d->count, counts[t]);
        assert_int_equal(d->divided, t > 1);
    }
    free(d);
}

/* Matrices of which nothing is left beside the diagonal, or nothing at all; one with two parts that are the same. */
static void test_parts(void **state) {
    (void)state;
    decomposition *d = calloc(1, sizeof *d);
    assert_non_null(d);
    for (d->n = 1; d->n <= 40; d->n += 13) {
        int n = d->n;
        memset(d->S, 0, sizeof d->S);
        decompose(d, -1);
        assert_int_equal(d->count, n);
        check_vectors(d, 1);
        for (int i = 0; i < n; i++)
            d->S[i * n + i] = 1 + i;
        check(d, 0, n);
        assert_int_equal(d->count, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                d->S[i * n + j] = i * 2 / n == j * 2 / n ? 1.0 / (1 + abs(i - j)) : 0;
        check(d, 0, n);
        assert_int_equal(d->count, n);
    }
    free(d);
}

static void test_threads(void **state) {
    (void)state;
    decomposition *d = malloc(2 * sizeof *d);
    assert_non_null(d);
    rng r = rng_new(3, 0);
    for (int i = 0; i < MOST * MOST; i++) /* the upper half is not looked at */
        d[0].S[i] = rng_normal(&r);
    d[0].n = MOST;
    for (int threads = 1; threads <= 3; threads++) {
        use_threads(threads);
        d[1] = d[0];
        check(&d[1], -1, 20);
        assert_false(d[1].divided);
        if (threads == 1)
            d[0] = d[1];
        assert_int_equal(d[1].count, d[0].count);
        assert_memory_equal(d[1].values, d[0].values, (size_t)d[0].count * sizeof *d->values);
        assert_memory_equal(d[1].vectors, d[0].vectors, (size_t)d[0].count * MOST * sizeof *d->vectors);
    }
    use_threads(0);
    free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separate_values), cmocka_unit_test(test_near_values), cmocka_unit_test(test_equal_values),
        cmocka_unit_test(test_parts),           cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
