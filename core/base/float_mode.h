/* Denormal numbers cost up to a hundred cycles each on many processors and carry nothing here: they are flushed to
 * zero. A thread that OpenMP keeps for the host, too, may round otherwise and trap: it rounds to nearest here and does
 * not. Thread rule: the mode belongs to the calling thread. */
#ifndef IRST_CORE_BASE_FLOAT_MODE_H
#define IRST_CORE_BASE_FLOAT_MODE_H

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Returns the mode as it was, for float_mode_restore. */
static inline uint64_t float_mode_flush(void) {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(0x9fc0); /* FTZ and DAZ, all traps masked, to nearest */
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(1) << 24)); /* FZ; no traps, to nearest */
    return before;
#else
    return 0;
#endif
}

static inline void float_mode_restore(uint64_t mode) {
#if defined(__x86_64__)
    _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    (void)mode;
#endif
}

#endif
