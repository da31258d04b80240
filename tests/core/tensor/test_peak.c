/* The peak is a rate whatever the threads, and that of the processors that they have. */
#include "core/tensor/peak.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <sched.h>

static double rate_of(int threads, double seconds) {
    use_threads(threads);
    return peak_flops(test_engine(), seconds);
}

/* The first test: threads that are started later stay on that processor too. */
static void test_two_threads_on_one_processor(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    int first = 0;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_true(rate_of(2, 0.1) > 0.3 * rate_of(1, 0.1));
    sched_setaffinity(0, sizeof before, &before);
}

static void test_rate(void **state) {
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        double rate = rate_of(threads, 0);
        assert_true(isfinite(rate) && rate > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_threads_on_one_processor),
                                       cmocka_unit_test(test_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
