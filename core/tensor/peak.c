#include "core/tensor/peak.h"

#include "core/base/clock.h"
#include "core/base/parallel.h"
#include "core/tensor/kernels.h"

/* A sample is cut in pieces of some 20 microseconds, so that a thread that comes late costs little. */
enum { PIECES_PER_THREAD = 40, ROUNDS = 6000 };

static void run_piece(const worker *w, void *context, int piece) {
    (void)context;
    (void)piece;
    w->kernels->fma_peak(ROUNDS);
}

static double sample(engine *e) {
    int pieces = PIECES_PER_THREAD * engine_threads(e);
    double start = clock_seconds();
    parallel_for(e, pieces, run_piece, NULL);
    double seconds = clock_seconds() - start;
    return pieces * ROUNDS * engine_kernels(e)->fma_peak(1) / seconds;
}

typedef struct search {
    engine *e;
    double end, best;
} search;

static void take_samples(void *context) {
    search *s = context;
    do {
        double now = sample(s->e);
        s->best = now > s->best ? now : s->best;
    } while (clock_seconds() < s->end);
}

/* In one region, as the work that the peak is compared with: by itself each sample would also take as long as another
 * program has the processor of one of the threads. */
double peak_flops(engine *e, double seconds) {
    search s = {.e = e, .end = clock_seconds() + seconds};
    parallel_region(e, take_samples, &s);
    return s.best;
}
