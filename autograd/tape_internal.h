/* Shared by tape.c, plan.c and fold.c. */
#ifndef IRST_AUTOGRAD_TAPE_INTERNAL_H
#define IRST_AUTOGRAD_TAPE_INTERNAL_H

#include "autograd/tape.h"
#include "core/memory.h"

/* Small things of the tape's life (nodes, options, saved values), freed together. */
typedef struct tape_chunk {
    struct tape_chunk *next;
} tape_chunk;

/* Memory for the planes of one H x W. All planes of a size have one footprint, and slots start at multiples of it:
 * so halos fall on halos when planes are reused, and stay zero. */
typedef struct plane_pool {
    int h, w;
    int64_t planes;
    memory_block block;
} plane_pool;

struct tape {
    int batch;     /* as recorded */
    int batch_now; /* tape_set_batch */
    node **nodes;
    int count, capacity;
    node *loss;
    status failure;
    char failure_message[512];
    tape_chunk *chunks;
    plane_pool *pools;
    int pool_count;
    memory_block dense; /* values and gradients of dense nodes */
    memory_block scratch;
    int scratch_threads; /* threads that scratch was laid out for */
    bool planned;
};

void *tape_alloc(tape *t, size_t bytes);         /* zeroed, 64-byte aligned, lives as long as the tape; NULL */
void tape_note_failure(tape *t, status failure); /* remembers the first failure and its message */
status tape_plan_memory(tape *t);                /* plan.c */
status tape_plan_scratch(tape *t);               /* plan.c */

#endif
