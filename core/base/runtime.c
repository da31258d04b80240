#include "core/base/runtime.h"

#include <cblas.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

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

/* A stretch of the items of one parallel_for. A thread takes an item by counting `ticket` down: its upper half numbers
 * the call, so that a thread that was away cannot take an item of one call for that of another; its lower half holds
 * the items left. Whoever took an item may read the rest, since the call does not return before all its items are done.
 * A thread that the system takes away between items keeps nobody waiting, unlike in a barrier. */
typedef struct share {
    _Alignas(64) _Atomic uint64_t ticket;
} share;

/* Each thread begins with its own share, the same part of the image in every call: what it wrote before is still in its
 * cache. Then it helps the others. */
static struct {
    share shares[MAXIMUM_THREADS];
    _Atomic int done;
    _Atomic bool closing; /* the region ends */
    int count, threads;
    void (*body)(void *context, int item);
    void *context;
} work;

static bool region_is_open; /* read and written by the region's first thread only */

/* The first item behind a thread's share. */
static int share_end(int count, int threads, int thread) {
    return (int)((int64_t)count * (thread + 1) / threads);
}

/* Runs one item of a share; false if none is left. */
static bool take_from(int owner) {
    _Atomic uint64_t *tickets = &work.shares[owner].ticket;
    uint64_t ticket = atomic_load(tickets);
    while ((uint32_t)ticket > 0)
        if (atomic_compare_exchange_weak(tickets, &ticket, ticket - 1)) {
            work.body(work.context, share_end(work.count, work.threads, owner) - (int)(uint32_t)ticket);
            atomic_fetch_add(&work.done, 1);
            return true;
        }
    return false;
}

static bool take_item(int thread, int threads) {
    for (int i = 0; i < threads; i++)
        if (take_from((thread + i) % threads))
            return true;
    return false;
}

/* Between looks at a variable: a moment at first, then the processor is offered to others. */
static void wait_a_little(int *turns) {
    enum { PATIENCE = 2000 };
    if (++*turns > PATIENCE)
        sched_yield();
#if defined(__x86_64__)
    else
        _mm_pause();
#endif
}

static void stand_by(int thread, int threads) {
    int turns = 0;
    while (!atomic_load(&work.closing)) {
        if (take_item(thread, threads))
            turns = 0;
        else
            wait_a_little(&turns);
    }
}

void parallel_region(void (*body)(void *context), void *context) {
    if (region_is_open || runtime_threads() == 1) {
        body(context);
        return;
    }
    region_is_open = true;
    atomic_store(&work.closing, false);
#pragma omp parallel num_threads(runtime_threads())
    {
        unsigned mode = flush_denormals();
        if (omp_get_thread_num() == 0) {
            body(context);
            atomic_store(&work.closing, true);
        } else {
            stand_by(omp_get_thread_num(), omp_get_num_threads());
        }
        restore_mode(mode);
    }
    region_is_open = false;
}

static void run_alone(int count, void (*body)(void *context, int item), void *context) {
    unsigned mode = flush_denormals();
    for (int item = 0; item < count; item++)
        body(context, item);
    restore_mode(mode);
}

typedef struct loop {
    int count;
    void (*body)(void *context, int item);
    void *context;
} loop;

/* Inside a region: publishes the items, helps, and waits for the last. */
static void run_shared(void *context) {
    const loop *l = context;
    int threads = omp_get_num_threads(), begin = 0;
    work.count = l->count;
    work.threads = threads;
    work.body = l->body;
    work.context = l->context;
    atomic_store(&work.done, 0);
    for (int thread = 0; thread < threads; thread++) {
        int end = share_end(l->count, threads, thread);
        uint64_t call = (atomic_load(&work.shares[thread].ticket) >> 32) + 1;
        atomic_store(&work.shares[thread].ticket, call << 32 | (uint32_t)(end - begin));
        begin = end;
    }
    while (take_item(0, threads)) {
    }
    int turns = 0;
    while (atomic_load(&work.done) < l->count)
        wait_a_little(&turns);
}

void parallel_for(int count, void (*body)(void *context, int item), void *context) {
    if (count <= 1 || runtime_threads() == 1)
        run_alone(count, body, context);
    else
        parallel_region(run_shared, &(loop){count, body, context});
}
