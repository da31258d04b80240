/* Shared by the files of the tape, and by what rewrites it.
 *
 * Thread rule: as tape.h. */
#ifndef IRST_AUTOGRAD_TAPE_INTERNAL_H
#define IRST_AUTOGRAD_TAPE_INTERNAL_H

#include "autograd/tape.h"
#include "core/base/memory.h"

/* Small things of the tape's life (nodes, options, saved values), freed together. */
typedef struct tape_chunk {
    struct tape_chunk *next;
} tape_chunk;

/* What the tape knows of a node. */
struct node_plan {
    int segment;         /* see tape_end_segment */
    int readers;         /* set by tape_plan: used operations that take it as an input, counted as often as they do */
    bool batched;        /* its first dimension is the batch */
    bool pinned;         /* an output: kept until the next forward */
    bool used;           /* set by tape_plan: an output or the loss depends on it */
    bool reaches_loss;   /* set by tape_plan */
    bool recomputed;     /* set by tape_plan: computed again for backward */
    bool grad_is_set;    /* during backward: grad holds something to add to */
    const float *ranges; /* tape_set_ranges; NULL: none */
    bool is_rounded;     /* set by tape_plan: what the ranges are of */
    int last_writer;     /* set by tape_plan, of a parameter: the step after which its gradient is complete; else 0 */
    struct norm_moments *moments; /* NULL, or gathered by forward for the operation that reads this value (norm.h) */
};

/* Memory for the planes of one H x W. All planes of a size have one footprint, and slots start at multiples of it:
 * so halos fall on halos when planes are reused, and stay zero. */
typedef struct plane_pool {
    int h, w;
    int64_t planes;
    memory_block block;
} plane_pool;

/* One run of one operation; a step of training is a list of them. */
typedef enum run_kind { RUN_FORWARD, RUN_RECOMPUTATION, RUN_BACKWARD, RUN_KINDS } run_kind;
typedef struct tape_step {
    run_kind kind;
    node *n;
    float *data; /* where a forward run puts its value: a value computed again may lie elsewhere than before */
} tape_step;

struct tape {
    engine *engine;
    int batch; /* the largest */
    node **nodes;
    int count, capacity;
    int segment;    /* that nodes recorded now belong to */
    bool recompute; /* tape_set_recompute */
    bool fast;      /* tape_set_fast */
    bool plain;     /* tape_leave_plain */
    node *loss;
    bool is_forward;            /* what backward reads is there */
    gradient_listener listener; /* is_complete is NULL: nobody */
    tape_step *steps;           /* tape_schedule.c: first the forward runs, then recomputation and backward runs */
    int step_count, forward_steps;
    status failure;
    char failure_message[512];
    tape_chunk *chunks;
    plane_pool *pools;
    int pool_count;
    memory_block dense; /* values and gradients of dense nodes */
    memory_block scratch;
    size_t kept_bytes; /* tape_alloc_packed */
};

void *tape_alloc(tape *t, size_t bytes); /* zeroed, 64-byte aligned, lives as long as the tape; NULL */
/* Room for that many floats that are kept from run to run to save time (packed weights); NULL when that would be more
 * than MOST_KEPT_BYTES in all: the caller then does without. */
enum { MOST_KEPT_BYTES = 512 << 20 };
float *tape_alloc_packed(tape *t, size_t floats);
bool tape_runs_backward(const tape *t, const node *n);
int tape_backward_reads(const tape *t, const node *n); /* READS_ of its backward run; 0 without one */

/* Makes `n` the result of an operation, with a copy of its options; infers its shape. */
status tape_set_operation(tape *t, node *n, const op *operation, const void *options, size_t options_size,
                          int input_count, node *const *inputs);

/* The parts of tape_plan, in order. */
status tape_rewrite(tape *t);       /* tape_rewrite.c */
status tape_plan_schedule(tape *t); /* tape_schedule.c: t->steps and recomputed */
status tape_plan_memory(tape *t);   /* tape_memory.c */
status tape_plan_scratch(tape *t);

#endif
