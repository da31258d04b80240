/* Vectors of neighbouring pixels, as wide as the instruction set this file is compiled for. */
#ifndef IRST_CORE_KERNELS_VECTOR_H
#define IRST_CORE_KERNELS_VECTOR_H

#include "core/kernels.h"
#include "core/tensor.h"

#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int ivec __attribute__((vector_size(LANES * 4)));
typedef float vec_unaligned __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static inline vec vec_load(const float *p) {
    return *(const vec_unaligned *)p;
}

static inline void vec_store(float *p, vec v) {
    *(vec_unaligned *)p = v;
}

static inline vec vec_set(float x) {
    return x - (vec){0}; /* a scalar operand is broadcast; x - 0 is x, also for -0 */
}

static inline vec vec_relu(vec v) {
    return (vec)(~(v <= (vec){0}) & (ivec)v); /* written so that a NaN stays one */
}

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

void KERNEL(conv_rows)(const conv_rows *k, int y0, int y1);
void KERNEL(conv_weight_rows)(const conv_weight_rows *k, int y0, int y1);
void KERNEL(plane_affine)(plane_shape s, const float *x, float scale, float shift, bool relu, float *y);
void KERNEL(plane_combine)(plane_shape s, float a, const float *x, float b, const float *z, bool accumulate, float *y);
plane_moments KERNEL(plane_moments)(plane_shape s, const float *x);
double KERNEL(plane_sum)(plane_shape s, const float *x);
double KERNEL(plane_dot)(plane_shape s, const float *x, const float *y);
void KERNEL(plane_norm_sums)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                             bool relu, double out[2]);
void KERNEL(plane_norm_backward)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                                 bool relu, float a, float b, float c, bool accumulate, float *dx);
void KERNEL(plane_relu_backward)(plane_shape s, const float *y, const float *dy, bool accumulate, float *dx);

#endif
