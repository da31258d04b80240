#include "core/base/engine_private.h"

#include "core/base/processors.h"
#include "core/tensor/kernels.h"

#include <stdlib.h>

static status fill(engine *e, int threads, const char *isa) {
    e->threads = threads > 0 ? threads : processors_available("");
    if (e->threads > ENGINE_MOST_THREADS)
        return status_fail(STATUS_USAGE, "%d threads, expected at most %d", e->threads, ENGINE_MOST_THREADS);
    parallel_watch_forks();
    TRY(kernels_choose(isa ? isa : getenv("IRST_ISA"), &e->kernels));
    return crew_new(e->threads, &e->crew);
}

status engine_new_with(int threads, const char *isa, engine **out) {
    engine *e = *out = calloc(1, sizeof *e);
    if (!e)
        return status_fail(STATUS_MEMORY, "out of memory for an engine");
    status result = fill(e, threads, isa);
    if (result != STATUS_OK) {
        engine_free(e);
        *out = NULL;
    }
    return result;
}

status engine_new(int threads, engine **out) {
    return engine_new_with(threads, NULL, out);
}

void engine_free(engine *e) {
    if (!e)
        return;
    crew_free(e->crew);
    free(e);
}

int engine_threads(const engine *e) {
    return e->threads;
}

const kernel_table *engine_kernels(const engine *e) {
    return e->kernels;
}

void engine_set_peers(engine *e, peers *p) {
    e->peers = p;
}

peers *engine_peers(const engine *e) {
    return e->peers;
}
