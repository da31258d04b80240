/* What the processor's multiply-add units give: chains in registers, no memory. The yardstick of the other kernels. */
#include "core/kernels/vector.h"

/* Enough independent chains to hide the latency of two units, few enough for 16 registers. */
enum { CHAINS = 12 };

double KERNEL(fma_peak)(int64_t rounds) {
    /* Read and written as volatile, so that the compiler can neither know the result nor drop it. The chains move
     * towards 1: no denormals, no infinity. */
    volatile const float factor = 0.75f, addend = 0.25f;
    vec a = vec_set(factor), b = vec_set(addend), chain[CHAINS];
    _Pragma("GCC unroll 16") for (int i = 0; i < CHAINS; i++) chain[i] = vec_set((float)i);
    for (int64_t round = 0; round < rounds; round++)
        _Pragma("GCC unroll 16") for (int i = 0; i < CHAINS; i++) chain[i] = chain[i] * a + b;
    _Pragma("GCC unroll 16") for (int i = 1; i < CHAINS; i++) chain[0] += chain[i];
    volatile float sink = vec_sum(chain[0]);
    (void)sink;
    return 2.0 * CHAINS * LANES * (double)rounds;
}
