#include "core/base/blas_threads.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>

/* Of the process, as the number that they guard. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int holders, before;

static void hold_number(void) {
    pthread_mutex_lock(&lock);
    if (holders++ == 0) {
        before = openblas_get_num_threads();
        if (before != 1)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

static void release_number(void) {
    pthread_mutex_lock(&lock);
    if (--holders == 0 && before != 1)
        openblas_set_num_threads(before);
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
