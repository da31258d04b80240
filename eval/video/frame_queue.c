#include "eval/video/frame_queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct frame_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int room, count, first;
    bool drop, closed, refused;
    int64_t dropped;
    status result;
    char message[1024]; /* messages belong to threads */
    video_frame frames[];
};

status frame_queue_new(int room, bool drop, frame_queue **out) {
    assert(room >= 1);
    frame_queue *q = *out = calloc(1, sizeof *q + (size_t)room * sizeof *q->frames);
    if (!q)
        return status_fail(STATUS_MEMORY, "out of memory for a queue of frames");
    q->room = room;
    q->drop = drop;
    if (pthread_mutex_init(&q->lock, NULL) == 0) {
        if (pthread_cond_init(&q->changed, NULL) == 0)
            return STATUS_OK;
        pthread_mutex_destroy(&q->lock);
    }
    free(q);
    *out = NULL;
    return status_fail(STATUS_MEMORY, "out of memory for a lock");
}

static video_frame remove_first(frame_queue *q) {
    video_frame frame = q->frames[q->first];
    q->first = (q->first + 1) % q->room;
    q->count--;
    return frame;
}

void frame_queue_free(frame_queue *q) {
    if (!q)
        return;
    while (q->count > 0) {
        video_frame left = remove_first(q);
        grey_image_free(&left.image);
    }
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static void drop_first(frame_queue *q) {
    video_frame old = remove_first(q);
    grey_image_free(&old.image);
    q->dropped++;
}

bool frame_queue_put(frame_queue *q, video_frame *frame) {
    pthread_mutex_lock(&q->lock);
    while (q->count == q->room && !q->refused && !q->drop)
        pthread_cond_wait(&q->changed, &q->lock);
    bool wanted = !q->refused;
    if (wanted) {
        if (q->count == q->room)
            drop_first(q);
        q->frames[(q->first + q->count++) % q->room] = *frame;
        pthread_cond_broadcast(&q->changed);
    } else {
        grey_image_free(&frame->image);
    }
    pthread_mutex_unlock(&q->lock);
    return wanted;
}

void frame_queue_close(frame_queue *q, status result) {
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    q->result = result;
    snprintf(q->message, sizeof q->message, "%s", result == STATUS_OK ? "" : status_message());
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

status frame_queue_take(frame_queue *q, video_frame *out, bool *more) {
    status result = STATUS_OK;
    pthread_mutex_lock(&q->lock);
    while (q->count == 0 && !q->closed)
        pthread_cond_wait(&q->changed, &q->lock);
    *more = q->count > 0;
    if (*more) {
        *out = remove_first(q);
        pthread_cond_broadcast(&q->changed);
    } else if (q->result != STATUS_OK) {
        result = status_fail(q->result, "%s", q->message);
    }
    pthread_mutex_unlock(&q->lock);
    return result;
}

void frame_queue_refuse(frame_queue *q) {
    pthread_mutex_lock(&q->lock);
    q->refused = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

int64_t frame_queue_dropped(frame_queue *q) {
    pthread_mutex_lock(&q->lock);
    int64_t dropped = q->dropped;
    pthread_mutex_unlock(&q->lock);
    return dropped;
}
