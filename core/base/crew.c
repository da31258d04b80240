#include "core/base/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A stretch of the items of one loop. A thread takes an item by counting `ticket` down: its upper half numbers the
 * loop, so that a thread that was away cannot take an item of one loop for that of another; its lower half holds the
 * items left. Whoever took an item may read the rest, since the loop does not end before all its items are done. A
 * thread that the system takes away between items keeps nobody waiting, unlike in a barrier. */
typedef struct share {
    _Alignas(64) _Atomic uint64_t ticket;
} share;

/* Threads that found nothing to do for a while sleep until `event` moves on. */
typedef struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    _Atomic uint32_t event;
    _Atomic int sleepers;
} bell;

/* Each thread begins with its own share, the same part of the image in every loop: what it wrote before is still in its
 * cache. Then it helps the others. */
struct crew {
    share *shares; /* one per thread */
    bell work;     /* rings when a loop is published, and at the end */
    bell finished; /* rings when the last item of a loop is done */
    _Atomic bool closing;
    _Atomic int leaving; /* counts the threads that left; see crew_left */
    int count, present;
    void (*body)(const worker *w, void *context, int item);
    void *context;
    _Alignas(64) _Atomic int done;
};

/* --- waiting --- */

static status bell_new(bell *b) {
    if (pthread_mutex_init(&b->lock, NULL) != 0)
        return status_fail(STATUS_MEMORY, "out of memory for the threads of an engine");
    if (pthread_cond_init(&b->rung, NULL) != 0) {
        pthread_mutex_destroy(&b->lock);
        return status_fail(STATUS_MEMORY, "out of memory for the threads of an engine");
    }
    return STATUS_OK;
}

static void bell_free(bell *b) {
    pthread_cond_destroy(&b->rung);
    pthread_mutex_destroy(&b->lock);
}

/* The order matters: a sleeper counts itself, then looks at `event`; the ringer moves `event`, then looks for sleepers.
 * One of them sees the other. */
static void bell_ring(bell *b) {
    atomic_fetch_add(&b->event, 1);
    if (atomic_load(&b->sleepers) == 0)
        return;
    pthread_mutex_lock(&b->lock);
    pthread_cond_broadcast(&b->rung);
    pthread_mutex_unlock(&b->lock);
}

/* Returns once `event` is another than `seen`. */
static void bell_sleep(bell *b, uint32_t seen) {
    pthread_mutex_lock(&b->lock);
    atomic_fetch_add(&b->sleepers, 1);
    while (atomic_load(&b->event) == seen)
        pthread_cond_wait(&b->rung, &b->lock);
    atomic_fetch_sub(&b->sleepers, 1);
    pthread_mutex_unlock(&b->lock);
}

/* Waits a little between two looks at what `b` tells of: at first a moment, then the processor is offered to others,
 * and in the end the thread sleeps. `seen`: the event before the last look. */
static void wait_a_little(bell *b, uint32_t seen, int *turns) {
    enum { MOMENTS = 2000, OFFERS = 100 };
    if (++*turns > MOMENTS + OFFERS)
        bell_sleep(b, seen);
    else if (*turns > MOMENTS)
        sched_yield();
#if defined(__x86_64__)
    else
        _mm_pause();
#endif
}

/* --- items --- */

/* The first item after a thread's share. */
static int share_end(int count, int threads, int thread) {
    return (int)((int64_t)count * (thread + 1) / threads);
}

/* Runs one item of a share; false if none is left. */
static bool take_from(crew *c, const worker *w, int owner) {
    _Atomic uint64_t *tickets = &c->shares[owner].ticket;
    uint64_t ticket = atomic_load(tickets);
    while ((uint32_t)ticket > 0)
        if (atomic_compare_exchange_weak(tickets, &ticket, ticket - 1)) {
            int count = c->count;
            c->body(w, c->context, share_end(count, c->present, owner) - (int)(uint32_t)ticket);
            if (atomic_fetch_add(&c->done, 1) + 1 == count)
                bell_ring(&c->finished);
            return true;
        }
    return false;
}

static bool take_item(crew *c, const worker *w, int present) {
    for (int i = 0; i < present; i++)
        if (take_from(c, w, (w->thread + i) % present))
            return true;
    return false;
}

void crew_stand_by(crew *c, const worker *w, int present) {
    int turns = 0;
    for (;;) {
        uint32_t seen = atomic_load(&c->work.event);
        if (atomic_load(&c->closing))
            break;
        if (take_item(c, w, present))
            turns = 0;
        else
            wait_a_little(&c->work, seen, &turns);
    }
    atomic_fetch_add(&c->leaving, 1);
}

static void publish(crew *c) {
    int begin = 0;
    for (int thread = 0; thread < c->present; thread++) {
        int end = share_end(c->count, c->present, thread);
        uint64_t loop = (atomic_load(&c->shares[thread].ticket) >> 32) + 1;
        atomic_store(&c->shares[thread].ticket, loop << 32 | (uint32_t)(end - begin));
        begin = end;
    }
    bell_ring(&c->work);
}

void crew_run(crew *c, const worker *first, int present, int count,
              void (*body)(const worker *w, void *context, int item), void *context) {
    c->count = count;
    c->present = present;
    c->body = body;
    c->context = context;
    atomic_store(&c->done, 0);
    publish(c);
    while (take_item(c, first, present)) {
    }
    for (int turns = 0;;) {
        uint32_t seen = atomic_load(&c->finished.event);
        if (atomic_load(&c->done) == count)
            break;
        wait_a_little(&c->finished, seen, &turns);
    }
}

/* --- regions --- */

void crew_open(crew *c) {
    atomic_store(&c->closing, false);
}

void crew_close(crew *c) {
    atomic_store(&c->closing, true);
    bell_ring(&c->work);
}

void crew_left(crew *c) {
    (void)atomic_load(&c->leaving);
}

status crew_new(int threads, crew **out) {
    crew *c = *out = aligned_alloc(64, sizeof *c);
    if (!c)
        return status_fail(STATUS_MEMORY, "out of memory for the threads of an engine");
    *c = (crew){.shares = aligned_alloc(64, (size_t)threads * sizeof *c->shares)};
    status result = c->shares ? bell_new(&c->work)
                              : status_fail(STATUS_MEMORY, "out of memory for %d threads of an engine", threads);
    if (result == STATUS_OK && (result = bell_new(&c->finished)) != STATUS_OK)
        bell_free(&c->work);
    if (result != STATUS_OK) {
        free(c->shares);
        free(c);
        *out = NULL;
        return result;
    }
    for (int i = 0; i < threads; i++)
        c->shares[i] = (share){0};
    return STATUS_OK;
}

void crew_free(crew *c) {
    if (!c)
        return;
    bell_free(&c->work);
    bell_free(&c->finished);
    free(c->shares);
    free(c);
}
