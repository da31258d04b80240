#include "core/base/blas_threads.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>

/* Of the process, as the number that they guard. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int holders, before; /* `before`: what the number was, if it is ours to give back; else at most 1 */

static void stop_changes(void) {
    pthread_mutex_lock(&lock);
}

static void go_on(void) {
    pthread_mutex_unlock(&lock);
}

/* Who held the number is not there. It comes back with the child's own first hold: OpenBLAS starts threads when it is
 * told one, which is nothing for a handler of fork(). */
static void go_on_alone(void) {
    holders = 0;
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void) {
    pthread_atfork(stop_changes, go_on, go_on_alone);
}

static void hold_number(void) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    pthread_once(&watched, watch_forks);
    pthread_mutex_lock(&lock);
    holders++;
    int now = openblas_get_num_threads();
    if (now != 1) { /* by the host, which may have said it while others hold */
        before = now;
        openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

static void release_number(void) {
    pthread_mutex_lock(&lock);
    if (--holders == 0) {
        if (before > 1 && openblas_get_num_threads() == 1)
            openblas_set_num_threads(before);
        before = 1;
    }
    pthread_mutex_unlock(&lock);
}

blas_hold blas_threads_hold(void) {
    blas_hold hold = {.openmp_threads = omp_get_max_threads()};
    if (openblas_get_parallel() == OPENBLAS_THREAD)
        hold_number();
    else if (openblas_get_parallel() == OPENBLAS_OPENMP)
        omp_set_num_threads(1);
    return hold;
}

void blas_threads_release(blas_hold hold) {
    if (openblas_get_parallel() == OPENBLAS_THREAD)
        release_number();
    else if (openblas_get_parallel() == OPENBLAS_OPENMP)
        omp_set_num_threads(hold.openmp_threads);
}
