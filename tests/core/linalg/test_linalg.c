/* Decompositions, the Fourier transform by matrix products, and memory that is taken piece by piece. */
#include "core/base/workspace.h"
#include "core/linalg/dft.h"
#include "core/linalg/linalg.h"
#include "core/linalg/svt.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

static double pseudo(int i) {
    return sin(12.9898 * i) * 0.5 + cos(0.37 * i * i);
}

/* a = u diag(s) vt, with orthonormal u and vt, and s falling. */
static void test_svd(void **state) {
    (void)state;
    for (int n = 1; n <= 41; n += 8) {
        size_t count = (size_t)n * (size_t)n;
        double complex *a = malloc(4 * count * sizeof *a), *u = a + count, *vt = u + count, *kept = vt + count;
        double *s = malloc((size_t)n * sizeof *s);
        void *work = malloc(linalg_svd_bytes(n));
        assert_true(a && s && work);
        for (int i = 0; i < n * n; i++)
            kept[i] = a[i] = pseudo(i) + pseudo(i + 1000) * I;
        assert_ok(linalg_svd(n, a, s, u, vt, work));
        for (int i = 1; i < n; i++)
            assert_true(s[i] <= s[i - 1] && s[i] >= 0);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double complex product = 0, orthogonal = 0;
                for (int k = 0; k < n; k++) {
                    product += u[k * n + i] * s[k] * vt[j * n + k];
                    orthogonal += conj(u[i * n + k]) * u[j * n + k];
                }
                assert_true(cabs(product - kept[j * n + i]) < 1e-12 * n);
                assert_true(cabs(orthogonal - (i == j)) < 1e-12 * n);
            }
        free(a);
        free(s);
        free(work);
    }
}

/* Of the outer product x y^T plus a multiple of another: the values are known for orthogonal vectors. */
static void test_singular_values(void **state) {
    (void)state;
    static const int shapes[][2] = {{6, 4}, {4, 6}, {5, 5}};
    for (int t = 0; t < 3; t++) {
        int m = shapes[t][0], n = shapes[t][1], least = m < n ? m : n;
        double a[36] = {0}, s[6];
        void *work = malloc(linalg_singular_values_bytes(m, n));
        assert_non_null(work);
        a[1 * m + 0] = 3; /* entry (0, 1) */
        a[0 * m + 2] = -7;
        a[2 * m + 3] = 0.5;
        assert_ok(linalg_singular_values(m, n, a, s, work));
        assert_true(fabs(s[0] - 7) < 1e-12 && fabs(s[1] - 3) < 1e-12 && fabs(s[2] - 0.5) < 1e-12);
        for (int i = 3; i < least; i++)
            assert_true(s[i] < 1e-6);
        free(work);
    }
}

/* Entry (i, k) of an orthonormal matrix of n columns. */
static double cosine(int i, int k, int n) {
    return sqrt((k == 0 ? 1.0 : 2.0) / n) * cos(M_PI * (i + 0.5) * k / n);
}

/* G = U S V^T with S = 100, 10, 1, ... shrinks to max(S - threshold, 0), by the Gram matrix and below its limit: by
 * LAPACK, or by iteration that begins with the vectors of the threshold before. */
static void check_threshold(bool exact) {
    enum { M = 300, N = 70, RANK = 9 };
    static const double thresholds[] = {20, 10, 0.05, 5e-5, 0};
    static const int ranks[] = {1, 1, 4, 7, RANK}; /* a value that equals the threshold is not above it */
    double *G = malloc(2 * M * N * sizeof *G), *B = G + M * N;
    assert_non_null(G);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < M; i++) {
            G[j * M + i] = 0;
            for (int k = 0; k < RANK; k++)
                G[j * M + i] += pow(10, 2 - k) * cosine(i, k, M) * cosine(j, k, N);
        }
    workspace work = {0};
    svt s;
    double largest[3];
    workspace_begin(&work);
    assert_ok(svt_new(&s, M, N, exact, &work));
    svt_gram(test_engine(), &s, G);
    assert_ok(svt_largest(&s, G, 3, largest));
    assert_true(fabs(largest[0] - 100) < 1e-10 && fabs(largest[1] - 10) < 1e-10 && fabs(largest[2] - 1) < 1e-9);
    for (int t = 0; t < 5; t++) {
        svt_gram(test_engine(), &s, G);
        assert_ok(svt_decompose(test_engine(), &s, G, thresholds[t]));
        if (thresholds[t] > 0)
            assert_int_equal(s.rank, ranks[t]);
        svt_multiply(test_engine(), &s, G);
        svt_columns(&s, 0, 40, B);
        svt_columns(&s, 40, N - 40, B + 40 * M);
        double worst = 0;
        for (int j = 0; j < N; j++)
            for (int i = 0; i < M; i++) {
                double right = 0;
                for (int k = 0; k < RANK; k++)
                    right += fmax(pow(10, 2 - k) - thresholds[t], 0) * cosine(i, k, M) * cosine(j, k, N);
                worst = deviation_worse(worst, fabs(B[j * M + i] - right));
            }
        assert_true(worst < (exact ? 1e-10 : 1e-10 + 1e-5 * thresholds[t]));
    }
    workspace_free(&work);
    free(G);
}

static void test_singular_value_threshold(void **state) {
    (void)state;
    check_threshold(true);
    check_threshold(false);
}

/* A matrix whose eigenvalues fall slowly and which turns a little from call to call: those above a falling limit are
 * what LAPACK finds. */
static void test_leading_eigenvalues(void **state) {
    (void)state;
    enum { N = 90, CALLS = 12 };
    double *S = malloc(3 * N * N * sizeof *S), *copy = S + N * N, *vectors = copy + N * N, values[N];
    void *room = malloc(linalg_eigen_bytes(N));
    workspace work = {0};
    leading l;
    assert_true(S && room);
    workspace_begin(&work);
    assert_ok(leading_new(&l, N, &work));
    for (int call = 0; call < CALLS; call++) {
        for (int j = 0; j < N; j++)
            for (int i = 0; i < N; i++) {
                double sum = 0;
                for (int k = 0; k < N; k++)
                    sum += 1e4 * pow(0.8, k) * cosine(i, k, N) * cosine(j, k, N);
                S[j * N + i] =
                    sum + 0.1 * call * (cosine(i, 3, N) * cosine(j, 9, N) + cosine(i, 9, N) * cosine(j, 3, N));
            }
        double limit = 1e4 * pow(0.8, call + 3.5), tolerance = 1e-6 * sqrt(limit);
        bool found;
        int count, right;
        assert_ok(leading_find(test_engine(), &l, S, limit, tolerance, &found, &count));
        memcpy(copy, S, N * N * sizeof *S);
        assert_ok(linalg_eigen_above(N, copy, limit, &right, values, vectors, room));
        assert_true(found && count == right);
        for (int k = 0; k < count; k++) {
            double dot = 0;
            for (int i = 0; i < N; i++)
                dot += l.ritz[k * N + i] * vectors[(count - 1 - k) * N + i];
            assert_true(fabs(sqrt(l.values[k]) - sqrt(values[count - 1 - k])) < 1e-6 * sqrt(limit));
            assert_true(fabs(fabs(dot) - 1) < 1e-5);
        }
    }
    bool found;
    int count;
    assert_ok(leading_find(test_engine(), &l, S, 1e-9, 1e-9, &found, &count)); /* too many to be called leading */
    assert_false(found);
    workspace_free(&work);
    free(room);
    free(S);
}

/* A first call, which begins with random vectors, knows nothing of a matrix: it misses no eigenvalue of a few large
 * ones, of many equal ones, or of such as fall slowly, wherever the limit lies. */
static void test_leading_from_random_vectors(void **state) {
    (void)state;
    enum { N = 200, SPECTRA = 4, LIMITS = 19 };
    double *S = malloc(N * N * sizeof *S);
    assert_non_null(S);
    for (int spectrum = 0; spectrum < SPECTRA; spectrum++) {
        double values[N];
        for (int k = 0; k < N; k++)
            values[k] = (const double[SPECTRA]){k < 1 ? 1 : 1e-6, k < 5 ? 1 : 0.01, 1 / (1 + 0.3 * k),
                                                1 - 0.9 * k / N}[spectrum];
        for (int j = 0; j < N; j++)
            for (int i = 0; i < N; i++) {
                S[j * N + i] = 0;
                for (int k = 0; k < N; k++)
                    S[j * N + i] += values[k] * cosine(i, k, N) * cosine(j, k, N);
            }
        int calls_found = 0;
        for (int step = 1; step <= LIMITS; step++) {
            double limit = 0.05 * step;
            workspace work = {0};
            leading l;
            bool found;
            int count, right = 0;
            workspace_begin(&work);
            assert_ok(leading_new(&l, N, &work));
            assert_ok(leading_find(test_engine(), &l, S, limit, 1e-5 * sqrt(limit), &found, &count));
            while (right < N && values[right] > limit)
                right++;
            if (found && count != right)
                fail_msg("spectrum %d, limit %g: %d eigenvalues, expected %d", spectrum, limit, count, right);
            calls_found += found;
            workspace_free(&work);
        }
        assert_true(spectrum == 3 || calls_found > LIMITS / 2);
    }
    free(S);
}

/* Without a warning from the calls before, far more singular values than ever are above the threshold, all equal. */
static void test_threshold_of_many_equal(void **state) {
    (void)state;
    enum { M = 120, N = 60, EQUAL = 30 };
    static const double thresholds[] = {5, 1.5, 0.5, 0.5};
    double *G = malloc(2 * M * N * sizeof *G), *B = G + M * N;
    assert_non_null(G);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < M; i++) {
            G[j * M + i] = 0;
            for (int k = 0; k < EQUAL; k++)
                G[j * M + i] += (k < 2 ? 10 - k : 1) * cosine(i, k, M) * cosine(j, k, N);
        }
    workspace work = {0};
    svt s;
    workspace_begin(&work);
    assert_ok(svt_new(&s, M, N, false, &work));
    for (int t = 0; t < 4; t++) {
        svt_gram(test_engine(), &s, G);
        assert_ok(svt_decompose(test_engine(), &s, G, thresholds[t]));
        assert_int_equal(s.rank, t < 2 ? 2 : EQUAL);
        svt_multiply(test_engine(), &s, G);
        svt_columns(&s, 0, N, B);
        double off2 = 0;
        for (int j = 0; j < N; j++)
            for (int i = 0; i < M; i++) {
                double right = 0;
                for (int k = 0; k < EQUAL; k++)
                    right += fmax((k < 2 ? 10 - k : 1) - thresholds[t], 0) * cosine(i, k, M) * cosine(j, k, N);
                off2 += (B[j * M + i] - right) * (B[j * M + i] - right);
            }
        assert_true(sqrt(off2) < SVT_TOLERANCE * thresholds[t]);
    }
    workspace_free(&work);
    free(G);
}

static void test_dft(void **state) {
    (void)state;
    static const int lengths[] = {1, 2, 3, 8, 12, 49};
    enum { COLUMNS = 3, STRIDE = 5 };
    for (int t = 0; t < 6; t++) {
        int length = lengths[t], frequencies = dft_frequencies(length);
        double *forward = malloc(2 * dft_matrix_count(length) * sizeof *forward);
        double *inverse = forward + dft_matrix_count(length);
        double x[49 * STRIDE] = {0}, back[49 * STRIDE], spectrum[100 * STRIDE];
        assert_non_null(forward);
        for (int i = 0; i < length * STRIDE; i++)
            x[i] = pseudo(i);
        dft_matrices(length, forward, inverse);
        dft_forward(length, forward, x, COLUMNS, STRIDE, spectrum);
        dft_inverse(length, inverse, spectrum, COLUMNS, STRIDE, back);
        for (int c = 0; c < COLUMNS; c++) {
            for (int f = 0; f < frequencies; f++) {
                double complex right = 0;
                for (int k = 0; k < length; k++)
                    right += x[k * STRIDE + c] * cexp(-2 * M_PI * I * f * k / length);
                assert_true(fabs(spectrum[2 * f * STRIDE + c] - creal(right)) < 1e-11);
                assert_true(fabs(spectrum[(2 * f + 1) * STRIDE + c] - cimag(right)) < 1e-11);
            }
            for (int k = 0; k < length; k++)
                assert_true(fabs(back[k * STRIDE + c] - x[k * STRIDE + c]) < 1e-12);
        }
        free(forward);
    }
}

static void test_workspace(void **state) {
    (void)state;
    workspace w = {0};
    workspace_begin(&w);
    char *small = workspace_take(&w, 100, 1), *large = workspace_take(&w, 1 << 18, sizeof(double));
    assert_ok(workspace_check(&w));
    assert_true((uintptr_t)small % 64 == 0 && (uintptr_t)large % 64 == 0);
    memset(small, 1, 100);
    memset(large, 1, (1 << 18) * sizeof(double));
    workspace_begin(&w); /* the same memory serves what is not larger */
    assert_ptr_equal(workspace_take(&w, 60, 1), small);
    assert_ptr_equal(workspace_take(&w, 1 << 18, sizeof(double)), large);
    assert_true(workspace_size(&w) >= 100 + (1 << 18) * sizeof(double));
    workspace_begin(&w);
    assert_non_null(workspace_take(&w, 1000, 1));
    assert_ok(workspace_check(&w));
    workspace_take(&w, SIZE_MAX / 4, sizeof(double));
    assert_fails(workspace_check(&w), STATUS_MEMORY, "cannot be addressed", "8 bytes");
    assert_non_null(workspace_take(&w, 10, 1)); /* goes on, and the failure stays */
    assert_int_equal(workspace_check(&w), STATUS_MEMORY);
    workspace_free(&w);
    assert_null(w.pieces[0].data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svd),
        cmocka_unit_test(test_singular_values),
        cmocka_unit_test(test_singular_value_threshold),
        cmocka_unit_test(test_leading_eigenvalues),
        cmocka_unit_test(test_leading_from_random_vectors),
        cmocka_unit_test(test_threshold_of_many_equal),
        cmocka_unit_test(test_dft),
        cmocka_unit_test(test_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
