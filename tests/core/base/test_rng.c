/* Random numbers: known answers of Philox, purity of each draw, distributions. */
#include "core/base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <Random123/philox.h>
#include <math.h>
#include <stdlib.h>

/* Lines "philox4x32 10" of Random123's kat_vectors: counter, key, result. */
static void test_known_answers(void **state) {
    (void)state;
    static const uint32_t vectors[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
         0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
         0x24126ea1},
    };
    for (int v = 0; v < 3; v++) {
        const uint32_t *row = vectors[v];
        philox4x32_ctr_t counter = {{row[0], row[1], row[2], row[3]}};
        philox4x32_key_t key = {{row[4], row[5]}};
        philox4x32_ctr_t result = philox4x32_R(10, counter, key);
        for (int w = 0; w < 4; w++)
            assert_int_equal(result.v[w], row[6 + w]);
    }
    /* The first vector is what seed 0, stream 0 draws first. */
    rng r = rng_new(0, 0);
    for (int w = 0; w < 4; w++)
        assert_int_equal(rng_u32(&r), vectors[0][6 + w]);
}

/* Seed, stream and index reach key and counter whole, each in its place. */
static void test_each_draw_is_a_function_of_seed_stream_index(void **state) {
    (void)state;
    static const uint64_t indices[] = {0, 1, 3, 4, 7, 1000003, 0x123456789abcu, UINT64_MAX};
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
        uint64_t block = indices[i] >> 2;
        philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32), 0x13198a2e, 0x03707344}};
        philox4x32_key_t key = {{0xa4093822, 0x299f31d0}};
        rng r = {.seed = 0x299f31d0a4093822u, .stream = 0x0370734413198a2eu, .index = indices[i]};
        assert_int_equal(rng_u32(&r), philox4x32_R(10, counter, key).v[indices[i] & 3]);
        assert_true(r.index == indices[i] + 1);
    }
    rng all = rng_new(7, 3);
    for (int i = 0; i < 100; i++) {
        rng one = rng_new(7, 3);
        one.index = all.index;
        assert_true(rng_uniform(&all) == rng_uniform(&one));
    }
    for (uint64_t first = 0; first < 4; first++)
        for (int count = 0; count < 10; count++) {
            uint32_t draws[10];
            rng many = rng_new(7, 3), one = rng_new(7, 3);
            many.index = one.index = first;
            rng_fill_u32(&many, draws, count);
            for (int i = 0; i < count; i++)
                assert_int_equal(draws[i], rng_u32(&one));
            assert_true(many.index == first + (uint64_t)count);
        }
}

/* With n draws the mean of a variable of standard deviation s strays by more than 5 s / sqrt(n) once in two
 * million streams; the seed is fixed, so the test either always passes or always fails. */
static void test_uniform_and_normal(void **state) {
    (void)state;
    enum { N = 100000 };
    double bound = 5 / sqrt((double)N);
    rng r = rng_new(1, rng_stream_of("test"));
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    assert_true(fabs(sum / N - 0.5) < bound * sqrt(1.0 / 12));
    assert_true(fabs(squares / N - 1.0 / 3) < bound * sqrt(4.0 / 45));
    double m1 = 0, m2 = 0, m4 = 0, lag = 0, previous = 0;
    for (int i = 0; i < N; i++) {
        double z = rng_normal(&r);
        assert_true(isfinite(z));
        m1 += z;
        m2 += z * z;
        m4 += z * z * z * z;
        lag += z * previous;
        previous = z;
    }
    assert_true(fabs(m1 / N) < bound);
    assert_true(fabs(m2 / N - 1) < bound * sqrt(2.0));
    assert_true(fabs(m4 / N - 3) < bound * sqrt(96.0)); /* E z^8 - 9 = 105 - 9 */
    assert_true(fabs(lag / N) < bound);
}

static void test_below_is_unbiased(void **state) {
    (void)state;
    enum { N = 70000, KINDS = 7 };
    int seen[KINDS] = {0};
    rng r = rng_new(5, 5);
    for (int i = 0; i < N; i++) {
        uint32_t k = rng_below(&r, KINDS);
        assert_true(k < KINDS);
        seen[k]++;
    }
    double spread = 5 * sqrt(N * (1.0 / KINDS) * (1 - 1.0 / KINDS)); /* five standard deviations */
    for (int k = 0; k < KINDS; k++)
        assert_true(fabs(seen[k] - (double)N / KINDS) < spread);
    assert_int_equal(rng_below(&r, 1), 0);
    /* Just above 2^31 a plain modulo would give the lower half of the results twice as often. */
    uint32_t n = (1u << 31) + (1u << 30);
    int low = 0;
    for (int i = 0; i < 10000; i++)
        low += rng_below(&r, n) < n / 2;
    assert_true(abs(low - 5000) < 250);
}

static void test_streams(void **state) {
    (void)state;
    assert_true(rng_stream_of("") == 0xcbf29ce484222325u); /* FNV-1a's published values */
    assert_true(rng_stream_of("a") == 0xaf63dc4c8601ec8cu);
    assert_true(rng_stream_of("foobar") == 0x85944171f73967e8u);
    rng a = rng_new(1, rng_stream_of("shuffle")), b = rng_new(1, rng_stream_of("augment"));
    int same = 0;
    for (int i = 0; i < 1000; i++)
        same += rng_u32(&a) == rng_u32(&b);
    assert_int_equal(same, 0);
}

static void test_shuffle(void **state) {
    (void)state;
    enum { N = 4, TRIALS = 24000 };
    int seen[256] = {0};
    rng r = rng_new(9, 0);
    for (int t = 0; t < TRIALS; t++) {
        int items[N] = {0, 1, 2, 3};
        rng_shuffle(&r, items, N);
        int code = 0, bits = 0;
        for (int i = 0; i < N; i++) {
            code = code * 4 + items[i];
            bits |= 1 << items[i];
        }
        assert_int_equal(bits, 15);
        seen[code]++;
    }
    int kinds = 0;
    for (int c = 0; c < 256; c++) {
        if (!seen[c])
            continue;
        kinds++;
        assert_true(abs(seen[c] - TRIALS / 24) < 5 * 31); /* sqrt(1000 * 23 / 24) = 31 */
    }
    assert_int_equal(kinds, 24);
    int items[2] = {5, 6};
    uint64_t before = r.index;
    rng_shuffle(&r, items, 1);
    rng_shuffle(&r, items, 0);
    assert_true(r.index == before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_each_draw_is_a_function_of_seed_stream_index),
        cmocka_unit_test(test_uniform_and_normal),
        cmocka_unit_test(test_below_is_unbiased),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
