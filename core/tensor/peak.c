#include "core/tensor/peak.h"

#include "core/base/runtime.h"
#include "core/log/progress.h"
#include "core/tensor/kernels.h"

/* A sample is cut in pieces of some 20 microseconds, so that a thread that comes late costs little. */
enum { PIECES_PER_THREAD = 40, ROUNDS = 6000, MAXIMUM_PIECES = 64 * PIECES_PER_THREAD };

static void run_piece(void *context, int piece) {
    double *flops = context;
    flops[piece] = kernels()->fma_peak(ROUNDS);
}

static double sample(void) {
    double flops[MAXIMUM_PIECES], total = 0;
    int pieces = PIECES_PER_THREAD * runtime_threads();
    double start = clock_seconds();
    parallel_for(pieces, run_piece, flops);
    double seconds = clock_seconds() - start;
    for (int i = 0; i < pieces; i++)
        total += flops[i];
    return total / seconds;
}

double peak_flops(double seconds) {
    double best = 0, end = clock_seconds() + seconds;
    do {
        double now = sample();
        best = now > best ? now : best;
    } while (clock_seconds() < end);
    return best;
}
