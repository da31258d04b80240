/* Loops over independent items, spread over the threads of an engine.
 *
 * Thread rule: an engine is used by one thread at a time, the caller; bodies run on all of the engine's threads at
 * once. Different engines may run at the same time. */
#ifndef IRST_CORE_BASE_PARALLEL_H
#define IRST_CORE_BASE_PARALLEL_H

#include "core/base/engine.h"

/* What a body knows of the thread that runs it. */
typedef struct worker {
    int thread;                  /* 0 .. engine_threads - 1; of bodies that run at the same time, each has its own */
    const kernel_table *kernels; /* the engine's */
} worker;

/* The caller itself, outside of bodies. */
worker parallel_caller(const engine *e);

/* Calls body(worker, context, item) for item = 0 .. count - 1. Items must be independent; which thread takes which is
 * not fixed, so results that depend on order belong into per-item storage. Denormals are flushed to zero in every
 * thread. A body must not call it again (asserted). */
void parallel_for(engine *e, int count, void (*body)(const worker *w, void *context, int item), void *context);

/* Calls body(context) with the threads standing by for the calls of parallel_for in it, which then begin and end within
 * a microsecond and wait for no thread that the system has taken away: for all loops of a step, an image, a
 * measurement. By itself a loop waits for all threads, for milliseconds on a busy machine. Inside another region it is
 * a plain call. */
void parallel_region(engine *e, void (*body)(void *context), void *context);

/* Is told, for measurements, when a loop of `count` items begins and when each of them has ended, one after another. */
typedef struct loop_watch {
    void (*loop_begins)(void *context, int count);
    void (*item_ended)(void *context);
    void *context;
} loop_watch;

/* Loops run on the caller alone from now on, cut as for all threads of the engine; NULL: as before. Outside of loops
 * and regions. The watch is copied. */
void parallel_watch(engine *e, const loop_watch *watch);

#endif
