/* Direct convolution on planar rows, stride 1.
 *
 * A register tile holds 4 output channels of a row, or 4 rows of a single channel, times some vectors of pixels; the
 * loops over input channels and taps stand outside it. Each vector that is loaded serves all lines of the tile, so that
 * loads stay below two thirds of the multiply-adds. The halo of zeros makes border pixels ordinary; the last tile of a
 * row may run into the halo after it, which is then cleared. */
#include "core/kernels/outer_product.h"

/* Vectors of a wide and of a narrow tile. 16 sums fit 32 registers. AVX2 has 16 registers: 12 sums fit, whereas with 8,
 * each of which waits 4 cycles for the product before, two multiply-add units would have no slack. A narrow tile has 8
 * sums, too, where the halo is wide enough to take what it stores. */
#if REGISTERS == 32
enum { WIDE = 4, NARROW = LANES == 16 ? 1 : 2 };
#elif LANES == 8
enum { WIDE = 3, NARROW = 2 };
#else
enum { WIDE = 2, NARROW = 1 };
#endif

/* Taps unroll up to the largest kernel that has tiles of its own; not with a check at every access, which clang would
 * arrange for a minute. */
#ifdef SANITIZED
#define EACH_TAP(i, count) for (int i = 0; i < (count); i++)
#else
#define EACH_TAP(i, count) _Pragma("GCC unroll 5") for (int i = 0; i < (count); i++)
#endif

enum { LINES = CONV_BLOCK }; /* of a tile: channels or rows */

_Static_assert(NARROW *LANES <= TENSOR_HALO, "the last tile of a row is stored as far as the halo goes");

/* Turns the first `store` lines of vec sum[LINES][V] into output, `stride` apart. */
#define FINISH_TILE(V, STRIDE)                                                                                         \
    do {                                                                                                               \
        if (k->accumulate)                                                                                             \
            EACH(l, LINES) {                                                                                           \
                if (l == store)                                                                                        \
                    break;                                                                                             \
                EACH(v, V) sum[l][v] += vec_load(output + l * (STRIDE) + v * LANES);                                   \
            }                                                                                                          \
        if (k->relu)                                                                                                   \
            EACH(l, LINES) EACH(v, V) sum[l][v] = vec_relu(sum[l][v]);                                                 \
        EACH(l, LINES) {                                                                                               \
            if (l == store)                                                                                            \
                break;                                                                                                 \
            EACH(v, V) vec_store(output + l * (STRIDE) + v * LANES, sum[l][v]);                                        \
        }                                                                                                              \
    } while (0)

/* One row further; hidden from compilers, which would keep a register for each row and column of the taps. */
static inline const float *next_row(const float *x, ptrdiff_t stride) {
    x += stride;
    __asm__("" : "+r"(x));
    return x;
}

/* Channels of one row. KH, KW and STEP (dilation) are literals but in the version for kernels of any size, so that
 * everything unrolls. */
#define DEFINE_CHANNELS_TILE(NAME, V, KH, KW, STEP)                                                                    \
    static void NAME(const conv_rows *k, const float *input, const float *weight, const float *bias, float *output,    \
                     int store) {                                                                                      \
        vec sum[LINES][V];                                                                                             \
        EACH(l, LINES) EACH(v, V) sum[l][v] = vec_set(bias[l]);                                                        \
        for (int i = 0; i < k->ic; i++) {                                                                              \
            const float *x = input;                                                                                    \
            EACH_TAP(ky, KH) {                                                                                         \
                EACH_TAP(kx, KW) {                                                                                     \
                    ADD_OUTER_PRODUCT(sum, weight, x + kx * (STEP), LINES, V);                                         \
                    weight += CONV_BLOCK;                                                                              \
                }                                                                                                      \
                x = next_row(x, (STEP)*k->input_row);                                                                  \
            }                                                                                                          \
            input += k->input_plane;                                                                                   \
        }                                                                                                              \
        FINISH_TILE(V, k->output_plane);                                                                               \
    }

/* One channel of LINES rows, for the convolutions that end in a single map: a loaded pixel serves up to KH rows instead
 * of channels. A column of taps stays in registers while the rows pass by, and the next tile is asked for ahead. */
#define DEFINE_ROWS_TILE(NAME, V, KH, KW)                                                                              \
    static void NAME(const conv_rows *k, const float *input, const float *weight, const float *bias, float *output,    \
                     int store) {                                                                                      \
        vec sum[LINES][V];                                                                                             \
        EACH(l, LINES) EACH(v, V) sum[l][v] = vec_set(bias[0]);                                                        \
        for (int i = 0; i < k->ic; i++) {                                                                              \
            EACH_TAP(kx, KW) {                                                                                         \
                const float *x = input + kx;                                                                           \
                vec tap[KH];                                                                                           \
                EACH(ky, KH) tap[ky] = vec_broadcast(weight + (ky * (KW) + kx) * CONV_BLOCK);                          \
                EACH(row, LINES + (KH)-1) {                                                                            \
                    if (kx == 0)                                                                                       \
                        EACH(v, V) __builtin_prefetch(x + (V + v) * LANES, 0, 3);                                      \
                    EACH(v, V) {                                                                                       \
                        vec pixel = vec_load(x + v * LANES);                                                           \
                        EACH(l, LINES)                                                                                 \
                        if (l <= row && row < l + (KH))                                                                \
                            vec_add_product(&sum[l][v], tap[row - l], pixel);                                          \
                    }                                                                                                  \
                    x = next_row(x, k->input_row);                                                                     \
                }                                                                                                      \
            }                                                                                                          \
            input += k->input_plane;                                                                                   \
            weight += (KH) * (KW)*CONV_BLOCK;                                                                          \
        }                                                                                                              \
        FINISH_TILE(V, k->output_row);                                                                                 \
    }

DEFINE_CHANNELS_TILE(tile_1x1_wide, WIDE, 1, 1, 1)
DEFINE_CHANNELS_TILE(tile_1x1_narrow, NARROW, 1, 1, 1)
DEFINE_CHANNELS_TILE(tile_3x3_wide, WIDE, 3, 3, 1)
DEFINE_CHANNELS_TILE(tile_3x3_narrow, NARROW, 3, 3, 1)
DEFINE_CHANNELS_TILE(tile_5x5_wide, WIDE, 5, 5, 1)
DEFINE_CHANNELS_TILE(tile_5x5_narrow, NARROW, 5, 5, 1)
DEFINE_CHANNELS_TILE(tile_any_wide, WIDE, k->kh, k->kw, k->dilation)
DEFINE_CHANNELS_TILE(tile_any_narrow, NARROW, k->kh, k->kw, k->dilation)
DEFINE_ROWS_TILE(tile_3x3_rows_wide, WIDE, 3, 3)
DEFINE_ROWS_TILE(tile_3x3_rows_narrow, NARROW, 3, 3)
DEFINE_ROWS_TILE(tile_5x5_rows_wide, WIDE, 5, 5)
DEFINE_ROWS_TILE(tile_5x5_rows_narrow, NARROW, 5, 5)

/* input: the pixel of tap (0, 0); store: lines. */
typedef void tile_function(const conv_rows *k, const float *input, const float *weight, const float *bias,
                           float *output, int store);

typedef struct tile_set {
    tile_function *wide, *narrow;
    tile_function *rows_wide, *rows_narrow; /* one channel of LINES rows; NULL: none */
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

/* All x of output row y, or of LINES rows from y on; `store` lines from `channel` on, the input channels of one chain.
 */
static void tile_row(const conv_rows *k, tile_function *wide, tile_function *narrow, const float *weight,
                     const float *bias, int channel, int store, int y) {
    const float *input = k->input + y * k->input_row;
    float *output = k->output + channel * k->output_plane + y * k->output_row;
    int x = 0;
    for (; x + WIDE * LANES <= k->width; x += WIDE * LANES)
        wide(k, input + x, weight, bias, output + x, store);
    for (; x < k->width; x += NARROW * LANES)
        narrow(k, input + x, weight, bias, output + x, store);
}

/* Where the last tile of a row ends. */
static int tiles_end(int width) {
    int rest = width % (WIDE * LANES);
    return width - rest + (rest + NARROW * LANES - 1) / (NARROW * LANES) * (NARROW * LANES);
}

static void clear_halo(const conv_rows *k, int channel, int store, int y, int rows) {
    int end = tiles_end(k->width);
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
        tile_row(&chain, wide, narrow, weight + first * taps * CONV_BLOCK, first ? zero : block_bias, channel,
                 store * rows, y);
    }
    clear_halo(k, channel, store, y, rows);
}

void KERNEL(conv_rows)(const conv_rows *k, int y0, int y1) {
    const tile_set *set = tiles_of(k);
    int y = y0;
    if (set->rows_wide && k->oc == 1)
        for (; y + LINES <= y1; y += LINES)
            tile_rows(k, set->rows_wide, set->rows_narrow, 0, 1, y, LINES);
    for (; y < y1; y++)
        for (int channel = 0; channel < k->oc; channel += CONV_BLOCK) {
            int store = k->oc - channel < CONV_BLOCK ? k->oc - channel : CONV_BLOCK;
            tile_rows(k, set->wide, set->narrow, channel, store, y, 1);
        }
}
