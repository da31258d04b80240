/* Gradient of a convolution's weights, stride 1: sums over pixels of output gradient times shifted input.
 *
 * A register tile holds OC x IC x KX sums (KX neighbouring taps of one kernel row), each a vector of partial sums
 * over the pixels of a band of rows; the lanes are added up once, at the end of the band. The halo behind a row
 * of the output gradient is zero, so the last vector needs no mask. */
#include "core/kernels/vector.h"

#if LANES == 16
#define TILE_OC 4
#else
#define TILE_OC 2
#endif

#define DEFINE_TILE(NAME, OC, IC, KX)                                                                                  \
    static void NAME(const conv_weight_rows *k, const float *input, const float *grad, float *partial, int rows) {     \
        vec sum[OC][IC][KX];                                                                                           \
        memset(sum, 0, sizeof sum);                                                                                    \
        for (int y = 0; y < rows; y++) {                                                                               \
            for (int x = 0; x < k->width; x += LANES) {                                                                \
                vec dy[OC];                                                                                            \
                _Pragma("GCC unroll 8") for (int o = 0; o < OC; o++) dy[o] = vec_load(grad + o * k->output_plane + x); \
                _Pragma("GCC unroll 8") for (int i = 0; i < IC; i++)                                                   \
                    _Pragma("GCC unroll 8") for (int kx = 0; kx < KX; kx++) {                                          \
                    vec pixel = vec_load(input + i * k->input_plane + x + kx);                                         \
                    _Pragma("GCC unroll 8") for (int o = 0; o < OC; o++) sum[o][i][kx] += dy[o] * pixel;               \
                }                                                                                                      \
            }                                                                                                          \
            input += k->input_row;                                                                                     \
            grad += k->output_row;                                                                                     \
        }                                                                                                              \
        ptrdiff_t taps = (ptrdiff_t)k->kh * k->kw;                                                                     \
        for (int o = 0; o < OC; o++)                                                                                   \
            for (int i = 0; i < IC; i++)                                                                               \
                for (int kx = 0; kx < KX; kx++)                                                                        \
                    partial[(o * k->ic + i) * taps + kx] = vec_sum(sum[o][i][kx]);                                     \
    }

DEFINE_TILE(tile_row3, TILE_OC, 2, 3) /* three taps of a 3x3 kernel's row */
DEFINE_TILE(tile_row3_one_input, TILE_OC, 1, 3)
DEFINE_TILE(tile_row3_one_output, 1, 4, 3)
DEFINE_TILE(tile_row3_single, 1, 1, 3)
DEFINE_TILE(tile_row5, TILE_OC, 1, 5) /* five taps of a 5x5 kernel's row */
DEFINE_TILE(tile_row5_one_output, 1, TILE_OC, 5)
DEFINE_TILE(tile_row5_single, 1, 1, 5)
DEFINE_TILE(tile_tap, TILE_OC, 4, 1) /* one tap of any kernel */
DEFINE_TILE(tile_tap_one_input, TILE_OC, 1, 1)
DEFINE_TILE(tile_tap_one_output, 1, 4, 1)
DEFINE_TILE(tile_tap_single, 1, 1, 1)

typedef void tile_function(const conv_weight_rows *k, const float *input, const float *grad, float *partial, int rows);

typedef struct tile_set {
    int full_ic, one_output_ic; /* input channels that the tiles of these names cover */
    tile_function *full, *one_input, *one_output, *single;
} tile_set;

/* All channel pairs for the taps that one call of a tile covers. */
static void all_channels(const conv_weight_rows *k, const tile_set *tiles, const float *input, const float *grad,
                         float *partial, int rows) {
    ptrdiff_t taps = (ptrdiff_t)k->kh * k->kw;
    int o = 0;
    for (; o + TILE_OC <= k->oc; o += TILE_OC) {
        int i = 0;
        for (; i + tiles->full_ic <= k->ic; i += tiles->full_ic)
            tiles->full(k, input + i * k->input_plane, grad + o * k->output_plane, partial + (o * k->ic + i) * taps,
                        rows);
        for (; i < k->ic; i++)
            tiles->one_input(k, input + i * k->input_plane, grad + o * k->output_plane,
                             partial + (o * k->ic + i) * taps, rows);
    }
    for (; o < k->oc; o++) {
        int i = 0;
        for (; i + tiles->one_output_ic <= k->ic; i += tiles->one_output_ic)
            tiles->one_output(k, input + i * k->input_plane, grad + o * k->output_plane,
                              partial + (o * k->ic + i) * taps, rows);
        for (; i < k->ic; i++)
            tiles->single(k, input + i * k->input_plane, grad + o * k->output_plane, partial + (o * k->ic + i) * taps,
                          rows);
    }
}

void KERNEL(conv_weight_rows)(const conv_weight_rows *k, int y0, int y1) {
    static const tile_set row3 = {2, 4, tile_row3, tile_row3_one_input, tile_row3_one_output, tile_row3_single};
    static const tile_set row5 = {1, TILE_OC, tile_row5, tile_row5, tile_row5_one_output, tile_row5_single};
    static const tile_set tap = {4, 4, tile_tap, tile_tap_one_input, tile_tap_one_output, tile_tap_single};
    bool by_row = (k->kw == 3 || k->kw == 5) && k->dilation == 1;
    const tile_set *tiles = !by_row ? &tap : k->kw == 3 ? &row3 : &row5;
    const float *grad = k->output_grad + y0 * k->output_row;
    for (int ky = 0; ky < k->kh; ky++)
        for (int kx = 0; kx < k->kw; kx += by_row ? k->kw : 1) {
            const float *input = k->input + (y0 + ky * k->dilation) * k->input_row + kx * k->dilation;
            all_channels(k, tiles, input, grad, k->partial + ky * k->kw + kx, y1 - y0);
        }
    float *bias = k->partial + (ptrdiff_t)k->oc * k->ic * k->kh * k->kw;
    for (int o = 0; o < k->oc; o++) {
        plane_shape band = {y1 - y0, k->width, k->output_row};
        bias[o] = (float)KERNEL(plane_sum)(band, grad + o * k->output_plane);
    }
}
