/* The inner step of kernels that keep a tile of sums in registers: every line of the tile has a factor, every column a
 * vector, and each sum takes the product of its two.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_OUTER_PRODUCT_H
#define IRST_CORE_KERNELS_OUTER_PRODUCT_H

#include "core/kernels/vector.h"

/* A loop that unrolls; count is a literal where that matters. */
#define EACH(i, count) _Pragma("GCC unroll 16") for (int i = 0; i < (count); i++)

/* sum[3 * line + column] += factors[line] * (vector `column` of the numbers from `vectors` on), for 4 lines and 3
 * vectors. With the vectors and a factor this takes exactly the 16 registers of AVX2; gcc, when it chooses
 * order and registers itself, keeps some of the sums in memory, so there it is written as assembly. */
static inline __attribute__((always_inline)) void add_outer_product_4x3(vec *sum, const float *factors,
                                                                        const float *vectors) {
    const vec_unaligned *v = (const vec_unaligned *)vectors;
#if LANES == 8
#define LINE(factor, a, b, c)                                                                                          \
    "vbroadcastss " factor ", %%ymm15\n\t"                                                                             \
    "vfmadd231ps %%ymm12, %%ymm15, %" #a "\n\t"                                                                        \
    "vfmadd231ps %%ymm13, %%ymm15, %" #b "\n\t"                                                                        \
    "vfmadd231ps %%ymm14, %%ymm15, %" #c "\n\t"
    __asm__ volatile(
        "vmovups %[v0], %%ymm12\n\t"
        "vmovups %[v1], %%ymm13\n\t"
        "vmovups %[v2], %%ymm14\n\t" /* %H: 8 bytes further on */
        LINE("%[f0]", 0, 1, 2) LINE("%[f1]", 3, 4, 5) LINE("%H[f0]", 6, 7, 8) LINE("%H[f1]", 9, 10, 11)
        : "+x"(sum[0]), "+x"(sum[1]), "+x"(sum[2]), "+x"(sum[3]), "+x"(sum[4]), "+x"(sum[5]), "+x"(sum[6]),
          "+x"(sum[7]), "+x"(sum[8]), "+x"(sum[9]), "+x"(sum[10]), "+x"(sum[11])
        : [v0] "m"(v[0]), [v1] "m"(v[1]), [v2] "m"(v[2]), [f0] "m"(*(const float(*)[4])factors), [f1] "m"(factors[1])
        : "xmm12", "xmm13", "xmm14", "xmm15");
#undef LINE
#else
    EACH(line, 4) EACH(column, 3) sum[3 * line + column] += factors[line] * v[column];
#endif
}

/* The same for vec sum[LINES][COLUMNS]. */
#define ADD_OUTER_PRODUCT(SUM, FACTORS, VECTORS, LINES, COLUMNS)                                                       \
    do {                                                                                                               \
        if ((LINES) == 4 && (COLUMNS) == 3) {                                                                          \
            add_outer_product_4x3(&(SUM)[0][0], FACTORS, VECTORS);                                                     \
            break;                                                                                                     \
        }                                                                                                              \
        vec vector_[COLUMNS];                                                                                          \
        EACH(column_, COLUMNS) vector_[column_] = vec_load((VECTORS) + column_ * LANES);                               \
        EACH(line_, LINES) {                                                                                           \
            vec factor_ = vec_set((FACTORS)[line_]);                                                                   \
            EACH(column_, COLUMNS)(SUM)[line_][column_] += factor_ * vector_[column_];                                 \
        }                                                                                                              \
    } while (0)

#endif
