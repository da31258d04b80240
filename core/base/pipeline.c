#include "core/base/pipeline.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thread takes an item through all its steps, a lane. Where items keep an order, lanes wait for their turns. A seat
 * is taken while the turn to read is still held, so seats go by order, too: the first item that has not come to its end
 * never waits for one after it. */
typedef struct flow {
    const pipeline *p;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock. */
    bool reading;           /* a lane has the turn to read */
    int count;              /* of items, as far as is known */
    int next;               /* item to read */
    int recorded, finished; /* items that have had these steps, or were left out of them */
    bool *taken;            /* of each seat */
    int in_use;             /* seats */
    int lanes;              /* that still run */
    void *handed;           /* an item for the caller to compute, or NULL */
    status answer;          /* of the caller, whose message is in `answer_text` */
    char answer_text[1024];
    int failed; /* the first item that failed; p->count if none has */
    status code;
    char message[1024];
} flow;

typedef struct lane {
    flow *f;
    void *item;
    pthread_t thread;
} lane;

static void announce(flow *f) {
    pthread_cond_broadcast(&f->changed);
}

static void wait_for_change(flow *f) {
    pthread_cond_wait(&f->changed, &f->lock);
}

/* Messages belong to threads, so the failing one's is kept. */
static void note(flow *f, int index, status result) {
    if (result == STATUS_OK || index >= f->failed)
        return;
    f->failed = index;
    f->code = result;
    snprintf(f->message, sizeof f->message, "%s", status_message());
}

/* --- the steps of one item; all are called and return with the lock held --- */

/* The turn to read is held when it returns: false if there is nothing more to read. */
static bool begin_reading(flow *f, int *index) {
    while (f->reading)
        wait_for_change(f);
    if (f->next == f->count || f->failed < f->p->count)
        return false;
    f->reading = true;
    *index = f->next++;
    return true;
}

static void end_reading(flow *f) {
    f->reading = false;
    announce(f);
}

static int take_seat(flow *f, int index, pipeline_need need) {
    int seats = f->p->seats;
    while (need == PIPELINE_SEAT ? f->in_use == seats : need == PIPELINE_SEATS ? f->in_use > 0 : f->finished < index)
        wait_for_change(f);
    int seat = 0;
    while (need == PIPELINE_SEAT && f->taken[seat])
        seat++;
    if (need == PIPELINE_SEAT)
        f->taken[seat] = true;
    f->in_use += need == PIPELINE_SEAT ? 1 : seats;
    return need == PIPELINE_SEAT ? seat : seats;
}

static void leave_seat(flow *f, int seat) {
    if (seat < f->p->seats)
        f->taken[seat] = false;
    f->in_use -= seat < f->p->seats ? 1 : f->p->seats;
}

/* Hands the item, which has all seats, to the caller. */
static status compute_by_caller(flow *f, void *item) {
    f->handed = item;
    announce(f);
    while (f->handed)
        wait_for_change(f);
    return f->answer == STATUS_OK ? STATUS_OK : status_fail(f->answer, "%s", f->answer_text);
}

static status compute(flow *f, int seat, void *item) {
    if (seat == f->p->seats)
        return compute_by_caller(f, item);
    pthread_mutex_unlock(&f->lock);
    status result = f->p->compute(f->p->context, seat, item);
    pthread_mutex_lock(&f->lock);
    return result;
}

static status record(flow *f, int index, int seat, void *item, status result) {
    while (f->recorded < index)
        wait_for_change(f);
    if (result == STATUS_OK && f->failed > index) {
        pthread_mutex_unlock(&f->lock);
        result = f->p->record(f->p->context, item);
        pthread_mutex_lock(&f->lock);
    }
    note(f, index, result);
    f->recorded++;
    leave_seat(f, seat);
    announce(f);
    return result;
}

static void write_and_finish(flow *f, int index, void *item, status result) {
    const pipeline *p = f->p;
    if (result == STATUS_OK && f->failed > index) {
        pthread_mutex_unlock(&f->lock);
        result = p->write(p->context, item);
        pthread_mutex_lock(&f->lock);
        note(f, index, result);
    }
    while (f->finished < index)
        wait_for_change(f);
    bool failed = f->failed <= index;
    pthread_mutex_unlock(&f->lock);
    p->finish(p->context, index, item, failed);
    pthread_mutex_lock(&f->lock);
    f->finished++;
    announce(f);
}

static void *run_lane(void *context) {
    const lane *l = context;
    flow *f = l->f;
    const pipeline *p = f->p;
    int index = 0;
    pthread_mutex_lock(&f->lock);
    while (begin_reading(f, &index)) {
        pthread_mutex_unlock(&f->lock);
        pipeline_need need = PIPELINE_SEAT;
        memset(l->item, 0, p->item_size);
        status result = p->read(p->context, index, l->item, &need);
        pthread_mutex_lock(&f->lock);
        if (result == STATUS_OK && need == PIPELINE_END) {
            f->next = f->count = index;
            end_reading(f);
            break;
        }
        int seat = take_seat(f, index, need);
        if (need != PIPELINE_ALONE)
            end_reading(f);
        if (result == STATUS_OK && f->failed > index)
            result = compute(f, seat, l->item);
        result = record(f, index, seat, l->item, result);
        write_and_finish(f, index, l->item, result);
        if (need == PIPELINE_ALONE)
            end_reading(f);
    }
    f->lanes--;
    announce(f);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* --- the caller --- */

static void serve(flow *f) {
    pthread_mutex_lock(&f->lock);
    while (f->lanes > 0) {
        if (!f->handed) {
            wait_for_change(f);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        status result = f->p->compute(f->p->context, f->p->seats, f->handed);
        pthread_mutex_lock(&f->lock);
        f->answer = result;
        snprintf(f->answer_text, sizeof f->answer_text, "%s", result == STATUS_OK ? "" : status_message());
        f->handed = NULL;
        announce(f);
    }
    pthread_mutex_unlock(&f->lock);
}

/* As many lanes as threads can be had: at least one. */
static status run_lanes(flow *f, lane *lanes, int count) {
    int started = 0;
    pthread_mutex_lock(&f->lock); /* holds the first ones back until all are counted */
    while (started < count && pthread_create(&lanes[started].thread, NULL, run_lane, &lanes[started]) == 0)
        started++;
    f->lanes = started;
    pthread_mutex_unlock(&f->lock);
    if (started == 0)
        return status_fail(STATUS_MEMORY, "the threads of a pipeline cannot be started");
    serve(f);
    for (int i = 0; i < started; i++)
        pthread_join(lanes[i].thread, NULL);
    return f->code == STATUS_OK ? STATUS_OK : status_fail(f->code, "%s", f->message);
}

static status run_flow(flow *f) {
    const pipeline *p = f->p;
    int64_t most = (int64_t)p->seats + p->seats / 2 + 1;
    int count = most < p->count ? (int)most : p->count;
    size_t item_bytes = (p->item_size + 63) / 64 * 64; /* lanes do not share cache lines */
    lane *lanes = calloc((size_t)count, sizeof *lanes);
    char *items = calloc((size_t)count, item_bytes);
    f->taken = calloc((size_t)p->seats, sizeof *f->taken);
    status result = STATUS_MEMORY;
    if (lanes && items && f->taken) {
        for (int i = 0; i < count; i++)
            lanes[i] = (lane){.f = f, .item = items + (size_t)i * item_bytes};
        result = run_lanes(f, lanes, count);
    } else {
        status_fail(STATUS_MEMORY, "out of memory for %d items at a time", count);
    }
    free(f->taken);
    free(items);
    free(lanes);
    return result;
}

status pipeline_run(const pipeline *p) {
    assert(p->count >= 0 && p->seats >= 1 && p->item_size > 0);
    if (p->count == 0)
        return STATUS_OK;
    flow f = {.p = p, .count = p->count, .failed = p->count};
    if (pthread_mutex_init(&f.lock, NULL) != 0)
        return status_fail(STATUS_MEMORY, "out of memory for a lock");
    status result = STATUS_MEMORY;
    if (pthread_cond_init(&f.changed, NULL) == 0) {
        result = run_flow(&f);
        pthread_cond_destroy(&f.changed);
    } else {
        status_fail(STATUS_MEMORY, "out of memory for a lock");
    }
    pthread_mutex_destroy(&f.lock);
    return result;
}
