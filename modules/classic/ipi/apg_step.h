/* What a step of accelerated proximal gradient (ipi_apg.c) needs to know beside its matrices, in both ways of computing
 * it.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_MODULES_CLASSIC_IPI_APG_STEP_H
#define IRST_MODULES_CLASSIC_IPI_APG_STEP_H

#define APG_TAU 2.0

/* Of step k. */
typedef struct apg_pace {
    double momentum;                      /* (t_{k-1} - 1) / t_k */
    double next_momentum, momentum_after; /* those of steps k + 1 and k + 2 */
    double mu, next_mu;
    int most_rank; /* a step whose rank is higher is the last: what only the next one needs is left out */
} apg_pace;

static inline double apg_soft(double x, double threshold) {
    double over = x - threshold, under = x + threshold;
    return over > 0 ? over : under < 0 ? under : 0;
}

#endif
