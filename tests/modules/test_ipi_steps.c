/* The two ways of a step of IPI's accelerated proximal gradient: by the factors of the background and the entries of
 * the target, as near to the one that forms every matrix as stated, on matrices that suit it and on others. */
#include "core/base/rng.h"
#include "modules/classic/ipi/apg_dense.h"
#include "modules/classic/ipi/apg_factored.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { M = 150, N = 40, COUNT = M * N };

#define LAMBDA 0.2

typedef struct both_ways {
    double D[COUNT], T[COUNT];
    ipi_problem exact, factored;
    workspace work[2];
    svt decompositions[2];
    apg_dense dense;
    apg_factored other;
    double sigma[4];
} both_ways;

static void begin(both_ways *b, int m, int n) {
    b->exact = (ipi_problem){.m = m, .n = n, .D = b->D, .lambda = LAMBDA, .exact = true};
    b->factored = b->exact;
    b->factored.exact = false;
    const ipi_problem *problems[] = {&b->exact, &b->factored};
    for (int i = 0; i < 2; i++) {
        workspace_begin(&b->work[i]);
        assert_ok(svt_new(&b->decompositions[i], m, n, problems[i]->exact, &b->work[i]));
        svt_gram(test_engine(), &b->decompositions[i], b->D);
    }
    assert_ok(apg_dense_new(test_engine(), &b->dense, &b->exact, &b->decompositions[0], &b->work[0]));
    assert_ok(apg_factored_new(test_engine(), &b->other, &b->factored, &b->decompositions[1], &b->work[1]));
    assert_ok(svt_largest(&b->decompositions[0], b->D, n < 4 ? n : 4, b->sigma));
}

static double distance(const double *a, const double *b, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum);
}

/* Steps from mu on, which falls by `shrink`: SVT_TOLERANCE of the thresholds so far is how far T may be off. The last
 * one knows that it is. */
static void compare_steps(both_ways *b, double mu, double shrink, int steps) {
    double t = 1, t_before = 1, bound = 0;
    apg_dense_begin(test_engine(), &b->dense, mu);
    assert_ok(apg_factored_begin(test_engine(), &b->other, mu));
    for (int k = 0; k < steps; k++, mu *= shrink) {
        solver_report right = {0}, report = {0};
        apg_pace pace = {
            .momentum = (t_before - 1) / t, .mu = mu, .next_mu = shrink * mu, .most_rank = k < steps - 1 ? N : -1};
        t_before = t;
        t = (1 + sqrt(1 + 4 * t * t)) / 2;
        pace.next_momentum = (t_before - 1) / t;
        pace.momentum_after = (t - 1) / ((1 + sqrt(1 + 4 * t * t)) / 2);
        bound += SVT_TOLERANCE * mu / APG_TAU;
        assert_ok(apg_dense_step(test_engine(), &b->dense, &pace, &right));
        assert_ok(apg_factored_step(test_engine(), &b->other, &pace, &report));
        target_write(&b->other.target, b->T);
        assert_true(distance(b->T, b->dense.T, b->exact.m * b->exact.n) <= bound + 1e-11);
        assert_int_equal(report.rank, right.rank);
        assert_int_equal(report.nonzero, right.nonzero);
        assert_true(fabs(report.measure - right.measure) <= 1e-5 * right.measure + 1e-7);
    }
}

static both_ways *new_case(void) {
    both_ways *b = calloc(1, sizeof *b);
    assert_non_null(b);
    return b;
}

static void end(both_ways *b) {
    workspace_free(&b->work[0]);
    workspace_free(&b->work[1]);
    free(b);
}

/* Into [0, 1]. */
static void scale_to_unit(double *D) {
    double least = D[0], most = D[0];
    for (int i = 0; i < COUNT; i++) {
        least = fmin(least, D[i]);
        most = fmax(most, D[i]);
    }
    for (int i = 0; i < COUNT; i++)
        D[i] = (D[i] - least) / (most - least);
}

/* Waves, noise, and bright entries: that share of all. */
static void fill(both_ways *b, double noise, double share) {
    rng r = rng_new(7, 0);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < M; i++)
            b->D[j * M + i] = 2 + sin(0.05 * i + 0.1 * j) + 0.3 * cos(0.2 * i) * sin(0.4 * j) + noise * rng_normal(&r);
    for (int i = 0; i < COUNT; i++)
        b->D[i] += rng_uniform(&r) < share ? 2 : 0;
    scale_to_unit(b->D);
}

static void test_background_and_targets(void **state) {
    (void)state;
    both_ways *b = new_case();
    fill(b, 0.02, 0.005);
    begin(b, M, N);
    compare_steps(b, b->sigma[1], 0.9, 30);
    assert_false(b->other.background.formed);
    assert_in_range(b->decompositions[1].rank, 1, N - 1);
    end(b);
}

/* Nothing but noise: hundreds of like singular values, which come all at once. */
static void test_noise(void **state) {
    (void)state;
    both_ways *b = new_case();
    fill(b, 5, 0);
    begin(b, M, N);
    compare_steps(b, b->sigma[1], 0.8, 12);
    assert_int_equal(b->decompositions[1].rank, N);
    end(b);
}

/* Orthogonal columns of one length: all singular values but the first are equal. From far above them to below. */
static void test_equal_values(void **state) {
    (void)state;
    both_ways *b = new_case();
    for (int j = 0; j < N; j++)
        for (int i = 0; i < M; i++)
            b->D[j * M + i] = 0.5 + 0.4 * cos(M_PI * (i + 0.5) * (j + 1) / M);
    begin(b, M, N);
    assert_true(b->sigma[1] - b->sigma[3] < 1e-9);
    compare_steps(b, 3 * b->sigma[1], 0.7, 8);
    end(b);
}

/* Most of D is target: G has to be formed. */
static void test_many_targets(void **state) {
    (void)state;
    both_ways *b = new_case();
    fill(b, 0.02, 0.2);
    begin(b, M, N);
    compare_steps(b, b->sigma[1], 0.7, 12);
    assert_true(b->other.background.formed);
    end(b);
}

/* Thresholds that a Gram matrix does not resolve: G has to be formed here, too. */
static void test_small_thresholds(void **state) {
    (void)state;
    both_ways *b = new_case();
    fill(b, 0, 0);
    begin(b, M, N);
    compare_steps(b, 1e-5 * b->sigma[0], 0.7, 6);
    assert_true(b->other.background.formed);
    end(b);
}

static void test_zero_and_tiny(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {5, 4}, {4, 4}, {M, N}};
    for (int t = 0; t < 4; t++) {
        both_ways *b = new_case();
        int m = sizes[t][0], n = sizes[t][1];
        for (int i = 0; i < m * n && m < M; i++)
            b->D[i] = (i * 37 % 11) / 10.0;
        begin(b, m, n);
        compare_steps(b, m < M ? b->sigma[0] : 1, 0.6, 8);
        end(b);
    }
}

int main(void) {
    use_threads(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_background_and_targets), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_equal_values),           cmocka_unit_test(test_many_targets),
        cmocka_unit_test(test_small_thresholds),       cmocka_unit_test(test_zero_and_tiny),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
