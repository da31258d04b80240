/* Gradient of a 3x3 convolution's weights by Winograd's F(4x4, 3x3): the forward algorithm of winograd_rows.c
 * transposed,
 *
 *     dg = G^T [ sum over tiles of (A dY A^T) * (B^T d B) ] G.
 *
 * The sum is a matrix product over tiles at each of the 36 points. So that it needs no sums over lanes, the lanes of
 * the gradient's points are output channels (its pixels are transposed first), and those of the input's are read one
 * tile at a time. The outer G^T . G is left to the caller, once for all tiles. */
#define WINOGRAD_STEP 4
#include "core/kernels/winograd.h"

/* Input channels of one register tile. */
#if REGISTERS == 32
#define TILE_IC 8
#else
#define TILE_IC 4
#endif

enum { WIDE = 2 }; /* vectors of output channels of one register tile */

int KERNEL(winograd_padded)(int oc) {
    return (oc + WIDE * LANES - 1) / (WIDE * LANES) * (WIDE * LANES);
}

/* Floats from one point to the next in the gradient's transformed tiles, [tile][padded oc]; see CHANNEL. */
static ptrdiff_t gradient_stride(int padded) {
    return (ptrdiff_t)TILES * padded + LANES;
}

/* Rows become columns: each round interleaves the first half of the vectors with the second. */
static inline void transpose(vec v[LANES]) {
    for (int round = 1; round < LANES; round *= 2) {
        vec next[LANES];
        _Pragma("GCC unroll 8") for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = VEC_LOW(v[i], v[i + LANES / 2]);
            next[2 * i + 1] = VEC_HIGH(v[i], v[i + LANES / 2]);
        }
        memcpy(v, next, sizeof next);
    }
}

/* LANES pixels of LANES channels, from (y, x) on, pixel by pixel; zero where there is no channel or pixel. */
static void gather_pixels(const winograd_weight_rows *k, int channel, int y, int x, vec pixels[LANES]) {
    int width = k->input.width - x, channels = k->oc - channel < LANES ? k->oc - channel : LANES;
    if (y >= k->input.height || width <= 0)
        channels = 0;
    for (int c = 0; c < LANES; c++) {
        const float *from = k->output_grad + (channel + c) * k->output_plane + y * k->output_row + x;
        pixels[c] = c < channels ? vec_load(from) : (vec){0}; /* beyond the row lies its halo, which is zero */
    }
    transpose(pixels);
}

/* A dY A^T of LANES channels: LANES / STEP tiles, from pixel (y, x) on, which stand STEP lanes apart. */
static void transform_gradient(const winograd_weight_rows *k, int channel, int y, int x, float *out, int padded) {
    vec pixels[STEP][LANES];
    for (int r = 0; r < STEP; r++)
        gather_pixels(k, channel, y + r, x, pixels[r]);
    ptrdiff_t stride = gradient_stride(padded);
    for (int tile = 0; tile < LANES / STEP; tile++, out += STEP * padded) {
        vec vertical[STEP][SIDE];
        for (int c = 0; c < STEP; c++) {
            vec column[STEP];
            for (int r = 0; r < STEP; r++)
                column[r] = pixels[r][tile * STEP + c];
            gradient_points(column, vertical[c]);
        }
        for (int i = 0; i < SIDE; i++) {
            vec row[STEP], m[SIDE];
            for (int c = 0; c < STEP; c++)
                row[c] = vertical[c][i];
            gradient_points(row, m);
            for (int j = 0; j < SIDE; j++)
                vec_store(out + (i * SIDE + j) * stride, m[j]);
        }
    }
}

/* sums[ic][oc] += over tiles of in[ic][tile] grad[tile][oc], for TILE_IC (or, the last time, one) input channels. */
#define DEFINE_MULTIPLY(NAME, IC)                                                                                      \
    static void NAME(const float *in, const float *grad, int padded, float *sums) {                                    \
        vec sum[IC][WIDE];                                                                                             \
        _Pragma("GCC unroll 8") for (int i = 0; i < IC; i++) _Pragma("GCC unroll 2") for (int o = 0; o < WIDE; o++)    \
            sum[i][o] = vec_load(sums + i * padded + o * LANES);                                                       \
        for (int tile = 0; tile < TILES; tile++) {                                                                     \
            vec g[WIDE];                                                                                               \
            _Pragma("GCC unroll 2") for (int o = 0; o < WIDE; o++) g[o] = vec_load(grad + o * LANES);                  \
            _Pragma("GCC unroll 8") for (int i = 0; i < IC; i++) {                                                     \
                vec x = vec_set(in[i * CHANNEL + tile]);                                                               \
                _Pragma("GCC unroll 2") for (int o = 0; o < WIDE; o++) sum[i][o] += x * g[o];                          \
            }                                                                                                          \
            grad += padded;                                                                                            \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int i = 0; i < IC; i++) _Pragma("GCC unroll 2") for (int o = 0; o < WIDE; o++)    \
            vec_store(sums + i * padded + o * LANES, sum[i][o]);                                                       \
    }

DEFINE_MULTIPLY(multiply_block, TILE_IC)
DEFINE_MULTIPLY(multiply_one, 1)

/* As prefetch_inputs: the rows of the gradient that belong to a pass. */
static void prefetch_gradient(const winograd_weight_rows *k, int first, int last, place at) {
    for (int i = first; i < last; i++)
        for (int y = at.y; y < at.y + pass_rows(&k->input) && y < k->input.height; y++)
            PREFETCH_ROW(k->output_grad + i * k->output_plane + y * k->output_row, k->input.width, at.x, 0, 2)
}

static void run_pass(const winograd_weight_rows *k, place here, float *scratch) {
    int ic = k->input.channels, padded = KERNEL(winograd_padded)(k->oc);
    ptrdiff_t grad_stride = gradient_stride(padded);
    float *in = scratch, *grad = scratch + ic * CHANNEL;
    place next = next_place(&k->input, here);
    transform_inputs(&k->input, here.y, here.x, in);
    int abreast = tiles_in_row(&k->input);
    for (int channel = 0; channel < padded; channel += LANES)
        for (int tile = 0; tile < TILES; tile += LANES / STEP) {
            int top = here.y + tile / abreast * STEP, left = here.x + tile % abreast * STEP;
            int lane = tile / LANES * LANES + lane_of_tile(tile % LANES);
            transform_gradient(k, channel, top, left, grad + lane * padded + channel, padded);
        }
    for (int point = 0; point < POINTS; point++) {
        prefetch_inputs(&k->input, point * ic / POINTS, (point + 1) * ic / POINTS, next);
        prefetch_gradient(k, point * k->oc / POINTS, (point + 1) * k->oc / POINTS, next);
        for (int o = 0; o < padded; o += WIDE * LANES) {
            const float *from = in + point * TILES, *g = grad + point * grad_stride + o;
            float *sums = k->partial + (ptrdiff_t)point * ic * padded + o;
            int i = 0;
            for (; i + TILE_IC <= ic; i += TILE_IC)
                multiply_block(from + i * CHANNEL, g, padded, sums + i * padded);
            for (; i < ic; i++)
                multiply_one(from + i * CHANNEL, g, padded, sums + i * padded);
        }
    }
}

void KERNEL(winograd_weight_rows)(const winograd_weight_rows *k, int y0, int y1, float *scratch) {
    for (place here = {y0, 0}; here.y < y1; here = next_place(&k->input, here))
        run_pass(k, here, scratch);
}
