#include "tests/thread_peers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RANKS = 8, MOST_SUMS = 256 };

typedef struct sum {
    float *values;
    size_t count;
} sum;

/* What the ranks share: each writes at its own place, and reads the others' between two barriers. */
typedef struct meeting {
    int count;
    pthread_barrier_t barrier;
    const double *values[MOST_RANKS];
    sum sums[MOST_RANKS][MOST_SUMS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct {
        const float *values; /* NULL: the rank has sent nothing that waits to be received */
        int to;
    } sent[MOST_RANKS];
    status results[MOST_RANKS];
    status (*body)(void *context, peers *p);
    void *context;
} meeting;

typedef struct rank {
    meeting *m;
    int number, sum_count;
    char message[512];
    pthread_t thread;
} rank;

static void gather(void *context, const double *values, int count, double *all) {
    rank *r = context;
    meeting *m = r->m;
    m->values[r->number] = values;
    pthread_barrier_wait(&m->barrier);
    for (int i = 0; i < m->count; i++)
        memcpy(all + i * count, m->values[i], (size_t)count * sizeof *all);
    pthread_barrier_wait(&m->barrier);
}

static void begin_sum(void *context, float *values, size_t count) {
    rank *r = context;
    if (r->sum_count == MOST_SUMS)
        abort();
    r->m->sums[r->number][r->sum_count++] = (sum){values, count};
}

static void finish_sum(const rank *r, int index) {
    const meeting *m = r->m;
    sum own = m->sums[r->number][index];
    float *whole = calloc(own.count, sizeof *whole);
    if (!whole)
        abort();
    for (int i = 0; i < m->count; i++)
        for (size_t k = 0; k < own.count; k++)
            whole[k] += m->sums[i][index].values[k];
    pthread_barrier_wait(&r->m->barrier);
    memcpy(own.values, whole, own.count * sizeof *whole);
    free(whole);
}

static void finish_sums(void *context) {
    rank *r = context;
    pthread_barrier_wait(&r->m->barrier);
    for (int i = 0; i < r->sum_count; i++)
        finish_sum(r, i);
    pthread_barrier_wait(&r->m->barrier);
    r->sum_count = 0;
}

static void send_values(void *context, int to, const float *values, size_t count) {
    rank *r = context;
    meeting *m = r->m;
    (void)count;
    pthread_mutex_lock(&m->lock);
    m->sent[r->number].values = values;
    m->sent[r->number].to = to;
    pthread_cond_broadcast(&m->changed);
    while (m->sent[r->number].values)
        pthread_cond_wait(&m->changed, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

static void receive_values(void *context, int from, float *values, size_t count) {
    rank *r = context;
    meeting *m = r->m;
    pthread_mutex_lock(&m->lock);
    while (!m->sent[from].values || m->sent[from].to != r->number)
        pthread_cond_wait(&m->changed, &m->lock);
    memcpy(values, m->sent[from].values, count * sizeof *values);
    m->sent[from].values = NULL;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
}

static void *run_rank(void *context) {
    static const peers_links links = {gather, begin_sum, finish_sums, send_values, receive_values};
    rank *r = context;
    peers *p;
    status result = peers_new(r->number, r->m->count, &links, r, &p);
    if (result == STATUS_OK)
        result = r->m->body(r->m->context, p);
    snprintf(r->message, sizeof r->message, "%s", status_message());
    if (result != STATUS_OK && result != STATUS_INTERRUPTED)
        fprintf(stderr, "rank %d of %d: %s\n", r->number, r->m->count, r->message);
    r->m->results[r->number] = result;
    peers_free(p);
    return NULL;
}

status thread_peers_run(int count, status (*body)(void *context, peers *p), void *context) {
    meeting m = {.count = count,
                 .body = body,
                 .context = context,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .changed = PTHREAD_COND_INITIALIZER};
    rank ranks[MOST_RANKS] = {0};
    pthread_barrier_init(&m.barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        ranks[i].m = &m;
        ranks[i].number = i;
        if (pthread_create(&ranks[i].thread, NULL, run_rank, &ranks[i]))
            abort();
    }
    for (int i = 0; i < count; i++)
        pthread_join(ranks[i].thread, NULL);
    pthread_barrier_destroy(&m.barrier);
    pthread_cond_destroy(&m.changed);
    pthread_mutex_destroy(&m.lock);
    for (int i = 1; i < count; i++)
        if (m.results[i] != m.results[0])
            return status_fail(STATUS_NUMERIC, "rank 0 of %d returned %d, rank %d %d", count, m.results[0], i,
                               m.results[i]);
    return m.results[0] == STATUS_OK ? STATUS_OK : status_fail(m.results[0], "%s", ranks[0].message);
}
