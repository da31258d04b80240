/* Shared by tape.c, schedule.c, plan.c and fold.c. */
#ifndef IRST_AUTOGRAD_TAPE_INTERNAL_H
#define IRST_AUTOGRAD_TAPE_INTERNAL_H

#include "autograd/tape.h"
#include "core/base/memory.h"

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

/* One run of one operation; a step of training is a list of them. */
typedef enum run_kind { RUN_FORWARD, RUN_AGAIN, RUN_BACKWARD, RUN_KINDS } run_kind;
typedef struct tape_step {
    run_kind kind;
    node *n;
    float *data; /* where a forward run puts its value: a value computed again may lie elsewhere than before */
} tape_step;

struct tape {
    engine *engine;
    int batch;     /* as recorded */
    int batch_now; /* tape_set_batch */
    node **nodes;
    int count, capacity;
    int segment;    /* that nodes recorded now belong to */
    bool recompute; /* tape_set_recompute */
    node *loss;
    tape_step *steps; /* schedule.c: first the forward runs, then recomputation and backward runs */
    int step_count, forward_steps;
    status failure;
    char failure_message[512];
    tape_chunk *chunks;
    plane_pool *pools;
    int pool_count;
    memory_block dense; /* values and gradients of dense nodes */
    memory_block scratch;
};

void *tape_alloc(tape *t, size_t bytes);         /* zeroed, 64-byte aligned, lives as long as the tape; NULL */
void tape_note_failure(tape *t, status failure); /* remembers the first failure and its message */
status tape_plan_schedule(tape *t);              /* schedule.c: t->steps and node.recomputed */
status tape_plan_memory(tape *t);                /* plan.c: after the schedule */
status tape_plan_scratch(tape *t);               /* plan.c */

#endif
