/* The peak: operations counted by whole vectors with every instruction set, and a rate whatever the threads. */
#include "core/base/runtime.h"
#include "core/tensor/kernels.h"
#include "core/tensor/peak.h"
#include "tests/expect.h"

#include <math.h>

static void test_operations(void **state) {
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512"};
    static const int lanes[] = {4, 8, 16};
    for (int i = 0; i < 3; i++) {
        const kernel_table *table = kernels_named(names[i]);
        if (!table)
            continue;
        double one = table->fma_peak(1);
        assert_true(one > 0 && fmod(one, 2.0 * lanes[i]) == 0); /* whole vectors, a multiply-add counts twice */
        assert_true(table->fma_peak(1000) == 1000 * one);
    }
}

static void test_rate(void **state) {
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        runtime_set_threads(threads);
        double rate = peak_flops(0);
        assert_true(isfinite(rate) && rate > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_operations), cmocka_unit_test(test_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
