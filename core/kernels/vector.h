/* Vectors of neighbouring pixels, as wide as the instruction set this file is compiled for.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_VECTOR_H
#define IRST_CORE_KERNELS_VECTOR_H

#include "core/tensor/kernels.h"
#include "core/tensor/tensor.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

/* Vectors that the processor holds at once, which shapes the tiles of the kernels. */
#if LANES == 16 || defined(__aarch64__)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int ivec __attribute__((vector_size(LANES * 4)));
typedef float vec_unaligned __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static inline vec vec_load(const float *p) {
    return *(const vec_unaligned *)p;
}

static inline void vec_store(float *p, vec v) {
    *(vec_unaligned *)p = v;
}

/* To memory, past the caches, at a multiple of a vector; a fence makes such stores visible to other threads. */
static inline void vec_stream(float *p, vec v) {
#if LANES == 16
    _mm512_stream_ps(p, v);
#elif LANES == 8
    _mm256_stream_ps(p, v);
#else
    vec_store(p, v);
#endif
}

static inline void vec_stream_fence(void) {
#if LANES > 4
    _mm_sfence();
#endif
}

static inline vec vec_set(float x) {
    return x - (vec){0}; /* a scalar operand is broadcast; x - 0 is x, also for -0 */
}

/* vec_set(*p) and *sum += a * b. For AVX2 written as assembly, which compilers leave in its place: where all of its 16
 * registers are taken they would move loads forward and keep sums in memory instead. */
static inline vec vec_broadcast(const float *p) {
#if LANES == 8
    vec v;
    __asm__ volatile("vbroadcastss %1, %0" : "=x"(v) : "m"(*p));
    return v;
#else
    return vec_set(*p);
#endif
}

static inline void vec_add_product(vec *sum, vec a, vec b) {
#if LANES == 8
    __asm__ volatile("vfmadd231ps %2, %1, %0" : "+x"(*sum) : "x"(a), "x"(b));
#else
    *sum += a * b;
#endif
}

static inline vec vec_relu(vec v) {
    return (vec)(~(v <= (vec){0}) & (ivec)v); /* written so that a NaN stays one */
}

/* The lower or upper halves of two vectors, interleaved. */
#if LANES == 16
#define VEC_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define VEC_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif LANES == 8
#define VEC_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define VEC_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define VEC_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define VEC_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* In each quad of lanes on its own, which takes one instruction where crossing quads takes two: lanes i and j of a's,
 * then k and l of b's, or i of a's, k of b's, j of a's, l of b's. */
#define QUAD_A(quad, i) (4 * (quad) + (i))
#define QUAD_B(quad, i) (LANES + 4 * (quad) + (i))
#define QUAD_ORDER(quad, i, j, k, l) QUAD_A(quad, i), QUAD_A(quad, j), QUAD_B(quad, k), QUAD_B(quad, l)
#define QUAD_MIXED(quad, i, j, k, l) QUAD_A(quad, i), QUAD_B(quad, k), QUAD_A(quad, j), QUAD_B(quad, l)
#if LANES == 16
#define EVERY_QUAD(a, b, ORDER, i, j, k, l)                                                                            \
    __builtin_shufflevector(a, b, ORDER(0, i, j, k, l), ORDER(1, i, j, k, l), ORDER(2, i, j, k, l),                    \
                            ORDER(3, i, j, k, l))
#elif LANES == 8
#define EVERY_QUAD(a, b, ORDER, i, j, k, l) __builtin_shufflevector(a, b, ORDER(0, i, j, k, l), ORDER(1, i, j, k, l))
#else
#define EVERY_QUAD(a, b, ORDER, i, j, k, l) __builtin_shufflevector(a, b, ORDER(0, i, j, k, l))
#endif
#define QUAD_EVEN(a, b) EVERY_QUAD(a, b, QUAD_ORDER, 0, 2, 0, 2)
#define QUAD_ODD(a, b) EVERY_QUAD(a, b, QUAD_ORDER, 1, 3, 1, 3)
#define QUAD_FIRST_PAIRS(a, b) EVERY_QUAD(a, b, QUAD_ORDER, 0, 1, 0, 1)
#define QUAD_LAST_PAIRS(a, b) EVERY_QUAD(a, b, QUAD_ORDER, 2, 3, 2, 3)
#define QUAD_LOW(a, b) EVERY_QUAD(a, b, QUAD_MIXED, 0, 1, 0, 1)
#define QUAD_HIGH(a, b) EVERY_QUAD(a, b, QUAD_MIXED, 2, 3, 2, 3)

/* Sums the lanes in a fixed order: halves first. */
static inline float vec_sum(vec v) {
    float lane[LANES];
    memcpy(lane, &v, sizeof lane);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

/* name_avx512 and so on: one set of symbols per instruction set. */
#define KERNEL_GLUE(name, isa) name##_##isa
#define KERNEL_EXPAND(name, isa) KERNEL_GLUE(name, isa)
#define KERNEL(name) KERNEL_EXPAND(name, KERNEL_ISA)

#define KERNEL_ENTRY(result, name, parameters) result KERNEL(name) parameters;
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY

#endif
