#include "datasets/loader.h"

#include "core/base/peers.h"
#include "datasets/epoch_order.h"
#include "datasets/preprocess.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches in memory: one in use, the others being read ahead. */
enum { SLOTS = 3 };

typedef struct slot {
    float *images, *masks;
    int count, whole;
    status result;
    char message[512]; /* messages belong to the thread that failed, so it travels with the batch */
} slot;

struct loader {
    const dataset *data;
    loader_options options;
    int count; /* samples of an epoch */
    int batches;
    int *order; /* of the epoch being read */
    int64_t order_epoch;
    slot slots[SLOTS];
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock. Batches are numbered through all epochs. */
    int64_t next_read;    /* the thread reads this one */
    int64_t next_deliver; /* loader_next hands this one out */
    bool holding;         /* the batch before next_deliver is still in use */
    bool stop;
};

static size_t map_size(const loader *l) {
    return (size_t)l->options.size * (size_t)l->options.size;
}

/* `entry`: of the order. A sample that comes twice in an epoch varies as two samples do. */
static status read_sample(const loader *l, int64_t epoch, int entry, float *image_out, float *mask_out) {
    grey_image image = {0}, mask = {0};
    const loader_options *o = &l->options;
    status result = dataset_read(l->data, entry % dataset_count(l->data), MASK_SIZE_MAY_DIFFER, &image, &mask);
    int maximum = result == STATUS_OK ? mask_maximum(&mask) : 0;
    if (result == STATUS_OK)
        result = augment_pair(&o->augment, o->seed, epoch, entry, o->size, &image, &mask);
    if (result == STATUS_OK) {
        image_to_unit(&image, image_out);
        mask_to_soft(&mask, maximum, mask_out);
    }
    grey_image_free(&image);
    grey_image_free(&mask);
    return result;
}

static void read_batch(loader *l, int64_t number, slot *s) {
    int64_t epoch = number / l->batches;
    int first = (int)(number % l->batches) * l->options.batch_size, rest = l->count - first;
    if (l->order_epoch != epoch)
        epoch_order_fill(l->data, l->options.weights, l->options.keep_order, l->options.seed, epoch, l->order);
    l->order_epoch = epoch;
    int own;
    s->whole = rest < l->options.batch_size ? rest : l->options.batch_size;
    s->count = peers_share(s->whole, l->options.rank, l->options.ranks, &own);
    if (s->count == 0) {
        s->count = 1;
        own = 0;
    }
    first += own;
    s->result = STATUS_OK;
    for (int i = 0; i < s->count && s->result == STATUS_OK; i++)
        s->result = read_sample(l, epoch, l->order[first + i], s->images + (size_t)i * map_size(l),
                                s->masks + (size_t)i * map_size(l));
    if (s->result != STATUS_OK)
        snprintf(s->message, sizeof s->message, "%s", status_message());
}

static void *read_ahead(void *context) {
    loader *l = context;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (l->next_read - (l->next_deliver - l->holding) >= SLOTS) {
            pthread_cond_wait(&l->changed, &l->lock);
            continue;
        }
        int64_t number = l->next_read;
        pthread_mutex_unlock(&l->lock);
        read_batch(l, number, &l->slots[number % SLOTS]);
        pthread_mutex_lock(&l->lock);
        l->next_read++;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static status start(loader *l) {
    l->stop = false;
    if (pthread_create(&l->thread, NULL, read_ahead, l))
        return status_fail(STATUS_MEMORY, "the thread that reads images cannot be started");
    l->running = true;
    return STATUS_OK;
}

static void stop(loader *l) {
    if (!l->running)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    l->running = false;
}

/* For the order of an epoch, and in each slot for this process's share of a batch. */
static status make_room(loader *l) {
    const loader_options *o = &l->options;
    size_t most = (size_t)(o->batch_size + o->ranks - 1) / (size_t)o->ranks;
    size_t bytes = most * map_size(l) * sizeof(float);
    l->order = malloc((size_t)l->count * sizeof *l->order);
    bool complete = l->order;
    for (int i = 0; i < SLOTS; i++) {
        l->slots[i].images = malloc(bytes);
        l->slots[i].masks = malloc(bytes);
        complete = complete && l->slots[i].images && l->slots[i].masks;
    }
    return complete ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for batches");
}

status loader_new(const dataset *d, const loader_options *options, loader **out) {
    *out = NULL;
    if (options->batch_size < 1 || options->size < 1 || options->size > 16384)
        return status_fail(STATUS_USAGE, "batches of %d images of %d pixels", options->batch_size, options->size);
    int count;
    TRY(epoch_order_count(d, options->weights, &count));
    int whole = count / options->batch_size;
    if (options->drop_last && whole == 0)
        return status_fail(STATUS_USAGE, "%d images make no batch of %d, and a smaller one is left out", count,
                           options->batch_size);
    loader *l = calloc(1, sizeof *l);
    if (!l)
        return status_fail(STATUS_MEMORY, "out of memory for a loader");
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    l->data = d;
    l->options = *options;
    if (l->options.ranks == 0)
        l->options.ranks = 1;
    l->count = count;
    l->batches = whole + (!options->drop_last && count % options->batch_size > 0);
    l->order_epoch = -1;
    status result = make_room(l);
    if (result == STATUS_OK)
        result = start(l);
    if (result != STATUS_OK) {
        loader_free(l);
        return result;
    }
    *out = l;
    return STATUS_OK;
}

void loader_free(loader *l) {
    if (!l)
        return;
    stop(l);
    for (int i = 0; i < SLOTS; i++) {
        free(l->slots[i].images);
        free(l->slots[i].masks);
    }
    free(l->order);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l);
}

int loader_samples_per_epoch(const loader *l) {
    return l->count;
}

int loader_batches_per_epoch(const loader *l) {
    return l->batches;
}

status loader_seek(loader *l, int64_t epoch, int first_batch) {
    stop(l);
    l->next_read = l->next_deliver = epoch * l->batches + first_batch;
    l->holding = false;
    return start(l);
}

status loader_next(loader *l, batch *out) {
    pthread_mutex_lock(&l->lock);
    l->holding = false; /* the batch handed out before may be overwritten now */
    pthread_cond_broadcast(&l->changed);
    while (l->next_read <= l->next_deliver)
        pthread_cond_wait(&l->changed, &l->lock);
    const slot *s = &l->slots[l->next_deliver % SLOTS];
    l->next_deliver++;
    l->holding = true;
    pthread_mutex_unlock(&l->lock);
    if (s->result != STATUS_OK)
        return status_fail(s->result, "%s", s->message);
    *out =
        (batch){.count = s->count, .whole = s->whole, .size = l->options.size, .images = s->images, .masks = s->masks};
    return STATUS_OK;
}
