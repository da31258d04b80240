/* Counter-based random numbers (Philox4x32-10, Salmon et al., SC 2011, through Random123): every draw is a
 * function of seed, stream and index, so neither the number of threads nor an interruption changes it.
 *
 * Thread rule: any thread at any time, on a generator of its own. */
#ifndef IRST_CORE_BASE_RNG_H
#define IRST_CORE_BASE_RNG_H

#include <stdint.h>

/* Streams keep uses apart: the same (seed, index) in two streams gives unrelated numbers. */
typedef struct rng {
    uint64_t seed;
    uint64_t stream;
    uint64_t index; /* next draw */
} rng;

rng rng_new(uint64_t seed, uint64_t stream);
uint32_t rng_u32(rng *r);
void rng_fill_u32(rng *r, uint32_t *out, int count); /* the next draws of rng_u32, at a quarter of the cost */
double rng_uniform(rng *r);                          /* [0, 1), 53 bits */
double rng_normal(rng *r);                           /* mean 0, variance 1 */
uint32_t rng_below(rng *r, uint32_t n);              /* 0 .. n - 1, unbiased */
uint64_t rng_stream_of(const char *name);            /* a stream number from a name (FNV-1a) */
void rng_shuffle(rng *r, int *items, int count);

#endif
