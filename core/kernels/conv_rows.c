/* Direct convolution on planar rows, stride 1.
 *
 * A register tile holds OC output channels x ROWS output rows x V vectors of pixels; the loops over input channels
 * and taps stand outside it. Per input row and tap column it loads V vectors once and uses them for every
 * channel and row of the tile, so that loads stay below half of the multiply-adds. The halo of zeros makes
 * border pixels ordinary; the last vector of a row may run into the halo behind it, which is then cleared. */
#include "core/kernels/vector.h"

/* Vectors of a wide tile. 16 accumulators fit AVX-512's 32 registers, 8 fit the 16 of the others. */
#if LANES == 16
#define WIDE 4
#else
#define WIDE 2
#endif

/* One tile. KH, KW and STEP (dilation) are literals in the 3x3 and 1x1 versions, so that everything unrolls. */
#define DEFINE_TILE(NAME, OC, ROWS, V, KH, KW, STEP)                                                                   \
    static void NAME(const conv_rows *k, const float *input, const float *weight, const float *bias, float *output,    \
                     int store) {                                                                                      \
        vec sum[OC][ROWS][V];                                                                                          \
        _Pragma("GCC unroll 16") for (int o = 0; o < OC; o++) _Pragma("GCC unroll 16") for (int r = 0; r < ROWS; r++)  \
            _Pragma("GCC unroll 16") for (int v = 0; v < V; v++) sum[o][r][v] = vec_set(bias[o]);                      \
        for (int i = 0; i < k->ic; i++) {                                                                              \
            _Pragma("GCC unroll 8") for (int row = 0; row < ROWS + KH - 1; row++) {                                    \
                const float *x = input + row * (STEP)*k->input_row;                                                    \
                if (ROWS > 1)                                                                                          \
                    _Pragma("GCC unroll 16") for (int v = 0; v < V; v++)                                               \
                        __builtin_prefetch(x + (V + v) * LANES, 0, 3);                                                 \
                _Pragma("GCC unroll 8") for (int kx = 0; kx < KW; kx++) {                                              \
                    vec pixel[V];                                                                                      \
                    _Pragma("GCC unroll 16") for (int v = 0; v < V; v++) pixel[v] =                                    \
                        vec_load(x + kx * (STEP) + v * LANES);                                                         \
                    _Pragma("GCC unroll 16") for (int r = 0; r < ROWS; r++) {                                          \
                        int ky = row - r;                                                                              \
                        if (ky < 0 || ky >= KH)                                                                        \
                            continue;                                                                                  \
                        const float *tap = weight + (ky * KW + kx) * CONV_BLOCK;                                       \
                        _Pragma("GCC unroll 16") for (int o = 0; o < OC; o++) {                                        \
                            vec w = vec_set(tap[o]);                                                                   \
                            _Pragma("GCC unroll 16") for (int v = 0; v < V; v++) sum[o][r][v] += w * pixel[v];         \
                        }                                                                                              \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            input += k->input_plane;                                                                                   \
            weight += (ptrdiff_t)(KH) * (KW)*CONV_BLOCK;                                                               \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int o = 0; o < OC; o++) {                                                        \
            if (o == store)                                                                                            \
                break;                                                                                                 \
            _Pragma("GCC unroll 16") for (int r = 0; r < ROWS; r++)                                                    \
                _Pragma("GCC unroll 16") for (int v = 0; v < V; v++) {                                                 \
                float *y = output + o * k->output_plane + r * k->output_row + v * LANES;                               \
                vec value = sum[o][r][v];                                                                              \
                if (k->accumulate)                                                                                     \
                    value += vec_load(y);                                                                              \
                vec_store(y, k->relu ? vec_relu(value) : value);                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Four channels of one row; and one channel of four rows, for the convolutions that end in a single map: there a
 * loaded pixel serves three rows instead of four channels. */
DEFINE_TILE(tile_3x3_wide, CONV_BLOCK, 1, WIDE, 3, 3, 1)
DEFINE_TILE(tile_3x3_narrow, CONV_BLOCK, 1, 1, 3, 3, 1)
DEFINE_TILE(tile_3x3_rows_wide, 1, 4, WIDE, 3, 3, 1)
DEFINE_TILE(tile_3x3_rows_narrow, 1, 4, 1, 3, 3, 1)
DEFINE_TILE(tile_5x5_wide, CONV_BLOCK, 1, WIDE, 5, 5, 1)
DEFINE_TILE(tile_5x5_narrow, CONV_BLOCK, 1, 1, 5, 5, 1)
DEFINE_TILE(tile_5x5_rows_wide, 1, 4, WIDE, 5, 5, 1)
DEFINE_TILE(tile_5x5_rows_narrow, 1, 4, 1, 5, 5, 1)
DEFINE_TILE(tile_1x1_wide, CONV_BLOCK, 1, WIDE, 1, 1, 1)
DEFINE_TILE(tile_1x1_narrow, CONV_BLOCK, 1, 1, 1, 1, 1)
DEFINE_TILE(tile_any_wide, CONV_BLOCK, 1, WIDE, k->kh, k->kw, k->dilation)
DEFINE_TILE(tile_any_narrow, CONV_BLOCK, 1, 1, k->kh, k->kw, k->dilation)

typedef void tile_function(const conv_rows *k, const float *input, const float *weight, const float *bias,
                           float *output, int store);

typedef struct tile_set {
    tile_function *wide, *narrow;
    tile_function *rows_wide, *rows_narrow; /* one channel of four rows; NULL: none */
} tile_set;

static const tile_set *tiles_of(const conv_rows *k) {
    static const tile_set by_1x1 = {tile_1x1_wide, tile_1x1_narrow, NULL, NULL};
    static const tile_set by_3x3 = {tile_3x3_wide, tile_3x3_narrow, tile_3x3_rows_wide, tile_3x3_rows_narrow};
    static const tile_set by_5x5 = {tile_5x5_wide, tile_5x5_narrow, tile_5x5_rows_wide, tile_5x5_rows_narrow};
    static const tile_set by_any = {tile_any_wide, tile_any_narrow, NULL, NULL};
    if (k->kh == 1 && k->kw == 1)
        return &by_1x1;
    if (k->kh != k->kw || k->dilation != 1)
        return &by_any;
    return k->kh == 3 ? &by_3x3 : k->kh == 5 ? &by_5x5 : &by_any;
}

/* Input channels that are summed up in one go: the partial sums of many channels are added to each other, since
 * rounding errors grow with the length of a sum. */
enum { CHAIN = 8 };

/* All x of `rows` output rows from y on, `store` channels from `channel` on; the input channels of one chain. */
static void tile_row(const conv_rows *k, tile_function *wide, tile_function *narrow, const float *weight,
                     const float *bias, int channel, int store, int y) {
    const float *input = k->input + y * k->input_row;
    float *output = k->output + channel * k->output_plane + y * k->output_row;
    int x = 0;
    for (; x + WIDE * LANES <= k->width; x += WIDE * LANES)
        wide(k, input + x, weight, bias, output + x, store);
    for (; x < k->width; x += LANES)
        narrow(k, input + x, weight, bias, output + x, store);
}

static void clear_halo(const conv_rows *k, int channel, int store, int y, int rows) {
    int end = (k->width + LANES - 1) / LANES * LANES;
    for (int o = 0; end > k->width && o < store; o++)
        for (int r = 0; r < rows; r++)
            memset(k->output + (channel + o) * k->output_plane + (y + r) * k->output_row + k->width, 0,
                   (size_t)(end - k->width) * sizeof(float));
}

static void tile_rows(const conv_rows *k, tile_function *wide, tile_function *narrow, int channel, int store, int y,
                      int rows) {
    static const float zero[CONV_BLOCK] = {0};
    float block_bias[CONV_BLOCK] = {0};
    if (k->bias)
        memcpy(block_bias, k->bias + channel, (size_t)store * sizeof *block_bias);
    ptrdiff_t taps = (ptrdiff_t)k->kh * k->kw;
    const float *weight = k->weight + channel * k->ic * taps;
    for (int first = 0; first < k->ic; first += CHAIN) {
        conv_rows chain = *k;
        chain.input += first * k->input_plane;
        chain.ic = k->ic - first < CHAIN ? k->ic - first : CHAIN;
        chain.accumulate = k->accumulate || first > 0;
        chain.relu = k->relu && first + CHAIN >= k->ic;
        tile_row(&chain, wide, narrow, weight + first * taps * CONV_BLOCK, first ? zero : block_bias, channel, store,
                 y);
    }
    clear_halo(k, channel, store, y, rows);
}

void KERNEL(conv_rows)(const conv_rows *k, int y0, int y1) {
    const tile_set *set = tiles_of(k);
    int y = y0;
    if (set->rows_wide && k->oc == 1)
        for (; y + 4 <= y1; y += 4)
            tile_rows(k, set->rows_wide, set->rows_narrow, 0, 1, y, 4);
    for (; y < y1; y++)
        for (int channel = 0; channel < k->oc; channel += CONV_BLOCK) {
            int store = k->oc - channel < CONV_BLOCK ? k->oc - channel : CONV_BLOCK;
            tile_rows(k, set->wide, set->narrow, channel, store, y, 1);
        }
}
