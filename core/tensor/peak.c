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

double peak_flops(engine *e, double seconds) {
    double best = 0, end = clock_seconds() + seconds;
    do {
        double now = sample(e);
        best = now > best ? now : best;
    } while (clock_seconds() < end);
    return best;
}
