/* An engine from the inside: shared by engine.c and parallel.c. Thread rule: see engine.h. */
#ifndef IRST_CORE_BASE_ENGINE_PRIVATE_H
#define IRST_CORE_BASE_ENGINE_PRIVATE_H

#include "core/base/crew.h"
#include "core/base/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct engine {
    int threads;
    const kernel_table *kernels;
    crew *crew;
    peers *peers;              /* NULL: alone */
    int present;               /* threads of the region */
    pthread_t caller;          /* who opened the region; read while it is open */
    _Atomic bool region_open;  /* parallel_region runs */
    _Atomic bool loop_running; /* parallel_for runs */
    loop_watch watch;          /* parallel_watch; its functions are NULL without one */
};

/* From now on loops know of a fork. For each engine that is made: the threads that OpenMP keeps may be the host's. */
void parallel_watch_forks(void);

#endif
