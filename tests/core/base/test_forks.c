/* Children of fork(): engines on the one thread that there is, whoever used OpenMP before. */
#include "core/base/parallel.h"
#include "tests/expect.h"

#include <omp.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ITEMS = 64 };

static void count_item(const worker *w, void *context, int item) {
    (void)w;
    ((int *)context)[item]++;
}

static bool loop_is_complete(engine *e) {
    int done[ITEMS] = {0};
    parallel_for(e, ITEMS, count_item, done);
    for (int i = 0; i < ITEMS; i++)
        if (done[i] != 1)
            return false;
    return true;
}

/* Whether body(context) is true in a child, and it does not hang. */
static bool is_true_in_child(bool (*body)(void *context), void *context) {
    int result;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        _exit(body(context) ? 0 : 1);
    }
    assert_true(waitpid(child, &result, 0) == child);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

static bool engines_work(void *before) {
    engine *own;
    return loop_is_complete(before) && engine_new(3, &own) == STATUS_OK && loop_is_complete(own);
}

/* The first test: no engine has had more than one thread yet, so that all that OpenMP keeps are the host's. */
static void test_threads_of_the_host(void **state) {
    (void)state;
    engine *before, *alone;
    int present = 0;
    assert_ok(engine_new(1, &alone));
    assert_ok(engine_new(3, &before));
    assert_true(loop_is_complete(alone));
#pragma omp parallel num_threads(3) reduction(+ : present)
    present += 1;
    assert_int_equal(present, 3);
    assert_true(is_true_in_child(engines_work, before));
    assert_true(loop_is_complete(before));
    engine_free(before);
    engine_free(alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_of_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
