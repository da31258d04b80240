#include "core/base/parallel.h"

#include "core/base/blas_threads.h"
#include "core/base/engine_private.h"
#include "core/base/float_mode.h"

#include <assert.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>

worker parallel_caller(const engine *e) {
    return (worker){.thread = 0, .kernels = e->kernels};
}

/* Each thread of a region; the first is the caller. What it wrote before is visible to the others by OpenMP's rules;
 * the load says so to tools that know C's alone. */
static void take_part(engine *e, int thread, int present, void (*body)(void *context), void *context) {
    (void)atomic_load(&e->region_open);
    uint64_t mode = float_mode_flush();
    if (thread == 0) {
        e->present = present;
        body(context);
        crew_close(e->crew);
    } else {
        crew_stand_by(e->crew, &(worker){thread, e->kernels}, present);
    }
    float_mode_restore(mode);
}

/* A child of fork() has none of the threads that OpenMP believes to wait for work, and would wait for them for ever. */
static _Atomic bool threads_are_lost;

static void lose_threads(void) {
    atomic_store(&threads_are_lost, true);
}

static void tell_of_forks(void) {
    pthread_atfork(NULL, NULL, lose_threads);
}

void parallel_watch_forks(void) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    pthread_once(&watched, tell_of_forks);
}

/* How many of `threads` there can be in this process. */
static int threads_left(int threads) {
    return atomic_load(&threads_are_lost) ? 1 : threads;
}

/* OpenMP may give fewer threads than asked for: a caller inside a region of its own has one. */
static void enter(engine *e, int threads, void (*body)(void *context), void *context) {
    if (atomic_load(&e->region_open)) {
        assert(pthread_equal(e->caller, pthread_self()));
        body(context);
        return;
    }
    atomic_store(&e->region_open, true);
    e->caller = pthread_self();
    threads = threads_left(threads);
    blas_hold hold = blas_threads_hold();
    crew_open(e->crew);
    if (threads == 1) {
        take_part(e, 0, 1, body, context);
    } else {
#pragma omp parallel num_threads(threads) firstprivate(e, body, context)
        take_part(e, omp_get_thread_num(), omp_get_num_threads(), body, context);
    }
    crew_left(e->crew);
    blas_threads_release(hold);
    atomic_store(&e->region_open, false);
}

void parallel_region(engine *e, void (*body)(void *context), void *context) {
    assert(!atomic_load(&e->loop_running)); /* not from a body */
    enter(e, e->watch.loop_begins ? 1 : e->threads, body, context);
}

typedef struct loop {
    engine *e;
    int count;
    void (*body)(const worker *w, void *context, int item);
    void *context;
} loop;

static void run_loop(void *context) {
    const loop *l = context;
    worker first = parallel_caller(l->e);
    if (l->count > 1 && l->e->present > 1) {
        crew_run(l->e->crew, &first, l->e->present, l->count, l->body, l->context);
        return;
    }
    const loop_watch *watch = &l->e->watch;
    if (watch->loop_begins)
        watch->loop_begins(watch->context, l->count);
    for (int item = 0; item < l->count; item++) {
        l->body(&first, l->context, item);
        if (watch->item_ended)
            watch->item_ended(watch->context);
    }
}

void parallel_watch(engine *e, const loop_watch *watch) {
    assert(!atomic_load(&e->region_open));
    e->watch = watch ? *watch : (loop_watch){0};
}

void parallel_for(engine *e, int count, void (*body)(const worker *w, void *context, int item), void *context) {
    bool nested = atomic_exchange(&e->loop_running, true);
    assert(!nested);
    (void)nested;
    enter(e, count > 1 && !e->watch.loop_begins ? e->threads : 1, run_loop, &(loop){e, count, body, context});
    atomic_store(&e->loop_running, false);
}
