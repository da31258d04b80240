/* Many items on several threads, as if one after the other: while some are computed, the next one is read and those
 * before are written.
 *
 * Thread rule: pipeline_run uses threads of its own and the caller's; what each step may expect stands beside it.
 * Different pipelines may run at the same time. */
#ifndef IRST_CORE_BASE_PIPELINE_H
#define IRST_CORE_BASE_PIPELINE_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* What an item takes while it is computed. */
typedef enum pipeline_need {
    PIPELINE_SEAT,  /* one of the seats: others are computed beside it */
    PIPELINE_SEATS, /* all of them, and the caller's thread: for work that spreads over threads itself */
    PIPELINE_ALONE, /* the same, and nothing else is in memory, from the end of its reading to its own end */
    PIPELINE_END    /* nothing: there is no such item, and none after it */
} pipeline_need;

/* The steps of an item. One that fails ends the pipeline: items before it still come to their end. `item` is memory
 * of item_size bytes, zeroed before the item is read. */
typedef struct pipeline {
    int count; /* items, at most */
    int seats; /* at least 1 */
    size_t item_size;
    void *context; /* the first argument of every step */
    /* One at a time, in order. Says what the item needs; PIPELINE_SEAT if it does not say. Of an item that ends the
     * pipeline no other step is called. */
    status (*read)(void *context, int index, void *item, pipeline_need *need);
    /* `seat`: from 0, of items computed at the same time each has its own; `seats` for an item that has them all. */
    status (*compute)(void *context, int seat, void *item);
    /* One at a time, in order, while the item still has its seat; not after an item failed. */
    status (*record)(void *context, void *item);
    /* Several at a time, in any order; only what was recorded. */
    status (*write)(void *context, void *item);
    /* One at a time, in order, for every item that was begun: frees what it holds. `failed`: the item or one before it
     * failed, and what it wrote has to be taken back. */
    void (*finish)(void *context, int index, void *item, bool failed);
} pipeline;

/* Runs all items. The result and its message are those of the first item, by number, that failed. At most
 * seats + seats / 2 + 1 items are in memory at a time. STATUS_MEMORY if no thread can be started. */
status pipeline_run(const pipeline *p);

#endif
