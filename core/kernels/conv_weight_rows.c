/* Gradient of a convolution's weights, stride 1: sums over pixels of output gradient times shifted input.
 *
 * A register tile holds OC x IC x KX sums (KX neighbouring taps of one kernel row), each a vector of partial sums over
 * pixels; the lanes are added up once, at the end of the band of rows. In between a tile goes through a few rows for
 * one kernel row after the other, so that these rows are read from the first cache. The halo after a row of the output
 * gradient is zero, so the last vector needs no mask. */
#include "core/kernels/outer_product.h"

/* Output and input channels of the tile for three taps, output channels of the others, and the kernel rows that a tile
 * goes through together: a large tile asks for so little that the second cache keeps up without. */
#if LANES == 16
enum { ROW3_OC = 4, ROW3_IC = 2, TILE_OC = 4, KERNEL_ROWS = 1 };
#elif LANES == 8
enum { ROW3_OC = 4, ROW3_IC = 1, TILE_OC = 2, KERNEL_ROWS = 5 };
#elif REGISTERS == 32
enum { ROW3_OC = 4, ROW3_IC = 2, TILE_OC = 4, KERNEL_ROWS = 5 };
#else
enum { ROW3_OC = 2, ROW3_IC = 2, TILE_OC = 2, KERNEL_ROWS = 5 };
#endif

/* Rows of that many channels that fit half of the first cache, at most `rows`. */
static int rows_in_cache(const conv_weight_rows *k, int channels, int rows) {
    enum { FLOATS = 4 * 1024 };
    int fit = FLOATS / (channels * k->width);
    return fit > rows ? rows : fit > 1 ? fit : 1;
}

/* sum[3 * line + tap] += (vector at gradient + line * plane) * (vector at input + tap): 4 lines, 3 taps, 16 registers,
 * see outer_product.h. */
static inline __attribute__((always_inline)) void add_row3_4x1(vec *sum, const float *gradient, ptrdiff_t plane,
                                                               const float *input) {
#if LANES == 8
#define LINE(gradient, a, b, c)                                                                                        \
    "vmovups " gradient ", %%ymm15\n\t"                                                                                \
    "vfmadd231ps %%ymm12, %%ymm15, %" #a "\n\t"                                                                        \
    "vfmadd231ps %%ymm13, %%ymm15, %" #b "\n\t"                                                                        \
    "vfmadd231ps %%ymm14, %%ymm15, %" #c "\n\t"
    __asm__ volatile("vmovups %[x0], %%ymm12\n\t"
                     "vmovups %[x1], %%ymm13\n\t"
                     "vmovups %H[x0], %%ymm14\n\t" /* 8 bytes further on */
                     LINE("%[g0]", 0, 1, 2) LINE("%[g1]", 3, 4, 5) LINE("%[g2]", 6, 7, 8) LINE("%[g3]", 9, 10, 11)
                     : "+x"(sum[0]), "+x"(sum[1]), "+x"(sum[2]), "+x"(sum[3]), "+x"(sum[4]), "+x"(sum[5]), "+x"(sum[6]),
                       "+x"(sum[7]), "+x"(sum[8]), "+x"(sum[9]), "+x"(sum[10]), "+x"(sum[11])
                     : [x0] "m"(*(const float(*)[LANES + 2]) input), [x1] "m"(input[1]),
                       [g0] "m"(*(const vec_unaligned *)gradient), [g1] "m"(*(const vec_unaligned *)(gradient + plane)),
                       [g2] "m"(*(const vec_unaligned *)(gradient + 2 * plane)),
                       [g3] "m"(*(const vec_unaligned *)(gradient + 3 * plane))
                     : "xmm12", "xmm13", "xmm14", "xmm15");
#undef LINE
#else
    EACH(line, 4) EACH(tap, 3) sum[3 * line + tap] += vec_load(gradient + line * plane) * vec_load(input + tap);
#endif
}

/* The sums of `kernel_rows` rows of taps over some rows of pixels. */
#define DEFINE_TILE(NAME, OC, IC, KX)                                                                                  \
    static void NAME(const conv_weight_rows *k, const float *input, const float *grad, float *partial, int rows,       \
                     int kernel_rows) {                                                                                \
        vec all[KERNEL_ROWS][OC][IC][KX];                                                                              \
        memset(all, 0, sizeof all);                                                                                    \
        int step = kernel_rows == 1 ? rows : rows_in_cache(k, OC + IC, rows);                                          \
        for (int y0 = 0; y0 < rows; y0 += step)                                                                        \
            for (int ky = 0; ky < kernel_rows; ky++) {                                                                 \
                vec sum[OC][IC][KX];                                                                                   \
                memcpy(sum, all[ky], sizeof sum);                                                                      \
                const float *dy_row = grad + y0 * k->output_row, *x_row = input + (y0 + ky) * k->input_row;            \
                for (int y = y0, end = y0 + step < rows ? y0 + step : rows; y < end; y++) {                            \
                    for (int x = 0; x < k->width; x += LANES) {                                                        \
                        if (OC == 4 && IC == 1 && KX == 3) {                                                           \
                            add_row3_4x1(&sum[0][0][0], dy_row + x, k->output_plane, x_row + x);                       \
                            continue;                                                                                  \
                        }                                                                                              \
                        vec dy[OC];                                                                                    \
                        EACH(o, OC) dy[o] = vec_load(dy_row + o * k->output_plane + x);                                \
                        EACH(i, IC) EACH(kx, KX) {                                                                     \
                            vec pixel = vec_load(x_row + i * k->input_plane + x + kx);                                 \
                            EACH(o, OC) sum[o][i][kx] += dy[o] * pixel;                                                \
                        }                                                                                              \
                    }                                                                                                  \
                    dy_row += k->output_row;                                                                           \
                    x_row += k->input_row;                                                                             \
                }                                                                                                      \
                memcpy(all[ky], sum, sizeof sum);                                                                      \
            }                                                                                                          \
        for (int ky = 0; ky < kernel_rows; ky++, partial += k->kw)                                                     \
            for (int o = 0; o < OC; o++)                                                                               \
                for (int i = 0; i < IC; i++)                                                                           \
                    for (int kx = 0; kx < KX; kx++)                                                                    \
                        partial[(o * k->ic + i) * k->kh * k->kw + kx] = vec_sum(all[ky][o][i][kx]);                    \
    }

DEFINE_TILE(tile_row3, ROW3_OC, ROW3_IC, 3) /* three taps of a 3x3 kernel's row */
DEFINE_TILE(tile_row3_one_input, ROW3_OC, 1, 3)
DEFINE_TILE(tile_row3_one_output, 1, 4, 3)
DEFINE_TILE(tile_row3_single, 1, 1, 3)
DEFINE_TILE(tile_row5, TILE_OC, 1, 5) /* five taps of a 5x5 kernel's row */
DEFINE_TILE(tile_row5_one_output, 1, TILE_OC, 5)
DEFINE_TILE(tile_row5_single, 1, 1, 5)
DEFINE_TILE(tile_tap, TILE_OC, 4, 1) /* one tap of any kernel */
DEFINE_TILE(tile_tap_one_input, TILE_OC, 1, 1)
DEFINE_TILE(tile_tap_one_output, 1, 4, 1)
DEFINE_TILE(tile_tap_single, 1, 1, 1)

typedef void tile_function(const conv_weight_rows *k, const float *input, const float *grad, float *partial, int rows,
                           int kernel_rows);

typedef struct tile_set {
    int full_oc, full_ic, one_output_ic; /* output and input channels that the tiles of these names cover */
    tile_function *full, *one_input, *one_output, *single;
} tile_set;

/* All channel pairs for the taps that one call of a tile covers. */
static void all_channels(const conv_weight_rows *k, const tile_set *tiles, const float *input, const float *grad,
                         float *partial, int rows, int kernel_rows) {
    ptrdiff_t taps = (ptrdiff_t)k->kh * k->kw;
    int o = 0;
    for (; o + tiles->full_oc <= k->oc; o += tiles->full_oc) {
        int i = 0;
        for (; i + tiles->full_ic <= k->ic; i += tiles->full_ic)
            tiles->full(k, input + i * k->input_plane, grad + o * k->output_plane, partial + (o * k->ic + i) * taps,
                        rows, kernel_rows);
        for (; i < k->ic; i++)
            tiles->one_input(k, input + i * k->input_plane, grad + o * k->output_plane,
                             partial + (o * k->ic + i) * taps, rows, kernel_rows);
    }
    for (; o < k->oc; o++) {
        int i = 0;
        for (; i + tiles->one_output_ic <= k->ic; i += tiles->one_output_ic)
            tiles->one_output(k, input + i * k->input_plane, grad + o * k->output_plane,
                              partial + (o * k->ic + i) * taps, rows, kernel_rows);
        for (; i < k->ic; i++)
            tiles->single(k, input + i * k->input_plane, grad + o * k->output_plane, partial + (o * k->ic + i) * taps,
                          rows, kernel_rows);
    }
}

void KERNEL(conv_weight_rows)(const conv_weight_rows *k, int y0, int y1) {
    static const tile_set row3 = {ROW3_OC,         ROW3_IC, 4, tile_row3, tile_row3_one_input, tile_row3_one_output,
                                  tile_row3_single};
    static const tile_set row5 = {TILE_OC, 1, TILE_OC, tile_row5, tile_row5, tile_row5_one_output, tile_row5_single};
    static const tile_set tap = {TILE_OC, 4, 4, tile_tap, tile_tap_one_input, tile_tap_one_output, tile_tap_single};
    bool by_row = (k->kw == 3 || k->kw == 5) && k->dilation == 1;
    const tile_set *tiles = !by_row ? &tap : k->kw == 3 ? &row3 : &row5;
    const float *grad = k->output_grad + y0 * k->output_row;
    int most = by_row ? KERNEL_ROWS : 1, columns = by_row ? k->kw : 1;
    for (int ky = 0; ky < k->kh; ky += most)
        for (int kx = 0; kx < k->kw; kx += columns) {
            const float *input = k->input + (y0 + ky * k->dilation) * k->input_row + kx * k->dilation;
            all_channels(k, tiles, input, grad, k->partial + ky * k->kw + kx, y1 - y0,
                         k->kh - ky < most ? k->kh - ky : most);
        }
    float *bias = k->partial + (ptrdiff_t)k->oc * k->ic * k->kh * k->kw;
    for (int o = 0; o < k->oc; o++) {
        plane_shape band = {y1 - y0, k->width, k->output_row};
        bias[o] = (float)KERNEL(plane_sum)(band, grad + o * k->output_plane);
    }
}
