#include "core/runtime.h"

#include <cblas.h>
#include <omp.h>
#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { MAXIMUM_THREADS = 64 };

static int thread_count;

static int available_processors(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : omp_get_num_procs();
    return count < 1 ? 1 : count > MAXIMUM_THREADS ? MAXIMUM_THREADS : count;
}

void runtime_set_threads(int count) {
    thread_count = count <= 0 ? available_processors() : count > MAXIMUM_THREADS ? MAXIMUM_THREADS : count;
    /* BLAS is called from inside our own parallel regions, where more threads would only fight. */
    openblas_set_num_threads(1);
}

int runtime_threads(void) {
    if (thread_count == 0)
        runtime_set_threads(0);
    return thread_count;
}

int runtime_thread_index(void) {
    return omp_get_thread_num();
}

/* Denormals cost up to a hundred cycles each on many processors and carry nothing here. The mode belongs to the
 * thread, so every thread of every region sets it, and gives the caller's mode back. */
#if defined(__x86_64__)
static unsigned flush_denormals(void) {
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* FTZ and DAZ */
    return before;
}

static void restore_mode(unsigned mode) {
    _mm_setcsr(mode);
}
#else
static unsigned flush_denormals(void) {
    return 0;
}

static void restore_mode(unsigned mode) {
    (void)mode;
}
#endif

void parallel_for(int count, void (*body)(void *context, int item), void *context) {
    int threads = runtime_threads();
    if (threads > count)
        threads = count;
    if (threads <= 1) {
        unsigned mode = flush_denormals();
        for (int item = 0; item < count; item++)
            body(context, item);
        restore_mode(mode);
        return;
    }
    /* Dynamic: when another process takes a core away for a moment, the other threads take over its items. */
#pragma omp parallel num_threads(threads)
    {
        unsigned mode = flush_denormals();
#pragma omp for schedule(dynamic, 1)
        for (int item = 0; item < count; item++)
            body(context, item);
        restore_mode(mode);
    }
}
