/* Medians of times. */
#include "bench/samples.h"
#include "tests/expect.h"

#include <math.h>

static void add_all(samples *s, const double *values, int count) {
    s->count = 0;
    for (int i = 0; i < count; i++)
        samples_add(s, values[i]);
}

static void test_median(void **state) {
    (void)state;
    static samples s;
    add_all(&s, NULL, 0);
    assert_true(isnan(samples_median(&s)) && isnan(samples_smallest(&s)) && isnan(samples_largest(&s)));
    add_all(&s, (const double[]){3}, 1);
    assert_true(samples_median(&s) == 3);
    add_all(&s, (const double[]){9, 1, 5}, 3);
    assert_true(samples_median(&s) == 5 && samples_smallest(&s) == 1 && samples_largest(&s) == 9);
    add_all(&s, (const double[]){4, 1000, 2, 1}, 4);
    assert_true(samples_median(&s) == 3);
}

static void test_full(void **state) {
    (void)state;
    static samples s;
    for (int i = 0; i < SAMPLES_MAXIMUM + 5; i++)
        samples_add(&s, i);
    assert_int_equal(s.count, SAMPLES_MAXIMUM);
    assert_true(samples_median(&s) == (SAMPLES_MAXIMUM - 1) / 2.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_median), cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
