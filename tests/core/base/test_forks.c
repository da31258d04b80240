/* Children of fork(): engines on the one thread that there is, whoever used OpenMP before, and BLAS whose number of
 * threads another thread holds or changes. */
#include "core/base/blas_threads.h"
#include "core/base/parallel.h"
#include "tests/expect.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
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

/* --- the number of BLAS's threads --- */

static bool number_is_lowered_and_given_back(void *context) {
    (void)context;
    blas_hold hold = blas_threads_hold();
    bool lowered = openblas_get_num_threads() == 1;
    blas_threads_release(hold);
    return lowered && openblas_get_num_threads() == 2;
}

static atomic_int stage; /* of the other thread */
enum { HOLDS = 1, MAY_RELEASE };

static void *hold_number(void *context) {
    (void)context;
    blas_hold hold = blas_threads_hold();
    atomic_store(&stage, HOLDS);
    while (atomic_load(&stage) != MAY_RELEASE)
        sched_yield();
    blas_threads_release(hold);
    return NULL;
}

/* A child does not wait for the holds of threads that it does not have. */
static void test_number_that_another_thread_holds(void **state) {
    (void)state;
    pthread_t other;
    if (openblas_get_parallel() != OPENBLAS_THREAD)
        skip();
    openblas_set_num_threads(2);
    assert_int_equal(pthread_create(&other, NULL, hold_number, NULL), 0);
    while (atomic_load(&stage) != HOLDS)
        sched_yield();
    bool right = is_true_in_child(number_is_lowered_and_given_back, NULL);
    atomic_store(&stage, MAY_RELEASE);
    pthread_join(other, NULL);
    assert_true(right);
    assert_true(number_is_lowered_and_given_back(NULL));
}

static atomic_bool enough;

static void *hold_and_release(void *context) {
    (void)context;
    while (!atomic_load(&enough))
        blas_threads_release(blas_threads_hold());
    return NULL;
}

static bool can_hold(void *context) {
    (void)context;
    blas_threads_release(blas_threads_hold());
    return true;
}

/* Some of the forks fall into the moments in which the other thread has the lock. */
static void test_number_that_another_thread_changes(void **state) {
    (void)state;
    enum { FORKS = 60 };
    pthread_t other;
    bool right = true;
    assert_int_equal(pthread_create(&other, NULL, hold_and_release, NULL), 0);
    for (int i = 0; i < FORKS && right; i++)
        right = is_true_in_child(can_hold, NULL);
    atomic_store(&enough, true);
    pthread_join(other, NULL);
    assert_true(right);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_of_the_host),
        cmocka_unit_test(test_number_that_another_thread_holds),
        cmocka_unit_test(test_number_that_another_thread_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
