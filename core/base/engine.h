/* An engine: a number of threads, the way that work reaches them, and the kernels of one instruction set. Everything
 * that computes is given one; a process may have as many as it likes.
 *
 * Thread rule: an engine serves one calling thread at a time. Different engines may be used by different threads at the
 * same time. */
#ifndef IRST_CORE_BASE_ENGINE_H
#define IRST_CORE_BASE_ENGINE_H

#include "core/base/status.h"

typedef struct engine engine;
typedef struct kernel_table kernel_table;
typedef struct peers peers;

enum { ENGINE_MOST_THREADS = 4096 };

/* An engine of `threads` threads, at most ENGINE_MOST_THREADS; 0 or less: as many as this process may keep busy
 * (processors.h). The environment variable IRST_ISA (portable, avx2, avx512) forces a set of kernels; STATUS_USAGE if
 * this build or this processor does not have it. Free with engine_free, after everything that was given it. */
status engine_new(int threads, engine **out);
/* The same with the set of kernels `isa`, whatever the environment says; NULL: as engine_new. */
status engine_new_with(int threads, const char *isa, engine **out);
void engine_free(engine *e); /* accepts NULL */

int engine_threads(const engine *e);
const kernel_table *engine_kernels(const engine *e);

/* The processes that this one trains with (peers.h), which must outlive the engine's use; NULL, as at first: none. Only
 * what trains asks for them. Outside of loops and regions. */
void engine_set_peers(engine *e, peers *p);
peers *engine_peers(const engine *e);

#endif
