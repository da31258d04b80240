/* The peak is a rate whatever the threads. */
#include "core/tensor/peak.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>

static void test_rate(void **state) {
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        use_threads(threads);
        double rate = peak_flops(test_engine(), 0);
        assert_true(isfinite(rate) && rate > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
