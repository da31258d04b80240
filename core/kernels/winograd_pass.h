/* The passes of a convolution by Winograd's method: what winograd_rows.c and winograd_small_rows.c do between their
 * transforms of input and output. Is included after winograd.h and transform_output.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_WINOGRAD_PASS_H
#define IRST_CORE_KERNELS_WINOGRAD_PASS_H

#include "core/kernels/winograd.h"

#if REGISTERS == 32
#define TILE_OC 8
#else
#define TILE_OC 4
#endif

/* Products at one point: out[oc][tile] = sum over ic of weight[ic][oc] in[ic][tile], TILE_OC output channels. */
static void multiply(const float *weight, const float *in, int ic, float *out) {
    vec sum[TILE_OC][GROUPS];
    _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++) _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++)
        sum[o][g] = (vec){0};
    for (int i = 0; i < ic; i++) {
        vec tile[GROUPS];
        _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) tile[g] = vec_load(in + g * LANES);
        _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++) {
            vec w = vec_set(weight[o]);
            _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) sum[o][g] += w * tile[g];
        }
        in += CHANNEL;
        weight += WINOGRAD_BLOCK;
    }
    _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++) _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++)
        vec_store(out + o * CHANNEL + g * LANES, sum[o][g]);
}

/* Stores `rows` x `width` pixels of a block that may reach beyond the plane: of its `vectors` vectors from `first` on.
 */
static ALWAYS_INLINE void store_vectors(const winograd_rows *k, vec block[STEP][STEP], int first, int vectors,
                                        float *to, int rows, int width) {
    for (int i = 0; i < rows; i++, to += k->output_row) {
        if (width >= vectors * LANES) {
            _Pragma("GCC unroll 4") for (int j = 0; j < vectors; j++) {
                vec y = block[i][first + j];
                if (k->accumulate)
                    y += vec_load(to + j * LANES);
                y = k->relu ? vec_relu(y) : y;
                if (k->past_cache)
                    vec_stream(to + j * LANES, y);
                else
                    vec_store(to + j * LANES, y);
            }
            continue;
        }
        float line[GROUP_SPAN];
        memcpy(line, block[i] + first, (size_t)vectors * sizeof **block);
        for (int x = 0; x < width; x++) {
            float y = k->accumulate ? to[x] + line[x] : line[x];
            to[x] = k->relu && y <= 0 ? 0 : y;
        }
    }
}

static void store_block(const winograd_rows *k, vec block[STEP][STEP], float *to, int rows, int width) {
    store_vectors(k, block, 0, STEP, to, rows, width);
}

/* One of the two half rows of tiles. */
static void store_half(const winograd_rows *k, vec block[STEP][STEP], int half, float *to, int rows, int width) {
    store_vectors(k, block, half * STEP / 2, STEP / 2, to, rows, width);
}

/* Asks the second cache for what a pass writes of one channel, rows before y1. */
static inline void prefetch_output(const winograd_rows *k, int channel, place here, int y1) {
    if (k->past_cache || channel >= k->oc)
        return;
    const float *plane = k->output + channel * k->output_plane;
    for (int y = here.y; y < here.y + pass_rows(&k->input) && y < y1; y++)
        PREFETCH_ROW(plane + y * k->output_row, k->input.width, here.x, 1, 2)
}

/* Asks the first cache for one point's tiles of some channels. */
static inline void prefetch_tiles(const float *tiles, int channels) {
    for (int c = 0; c < channels; c++, tiles += CHANNEL)
        for (int line = 0; line < TILES; line += 16)
            __builtin_prefetch(tiles + line, 1, 3);
}

/* Of the output, rows before y1 are stored. */
static void run_pass(const winograd_rows *k, place here, int y1, float *scratch) {
    enum { AHEAD = 2 }; /* channels between the output that is asked for and that which is written */
    place next = next_place(&k->input, here);
    int ic = k->input.channels, padded_oc = (k->oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK * WINOGRAD_BLOCK;
    int share = (ic * WINOGRAD_BLOCK + padded_oc - 1) / padded_oc; /* of ic, for each block of output channels */
    float *in = scratch, *out = scratch + ic * CHANNEL;
    transform_inputs(&k->input, here.y, here.x, in);
    const float *weight = k->weight;
    for (int point = 0; point < POINTS; point++) {
        const float *following = in + (point + 1) * TILES;
        prefetch_inputs(&k->input, point * ic / POINTS, (point + 1) * ic / POINTS, next);
        if (POINTS - point <= AHEAD)
            prefetch_output(k, POINTS - 1 - point, here, y1);
        for (int block = 0, c = 0; block < padded_oc; block += WINOGRAD_BLOCK, c += share) {
            prefetch_tiles(following + c * CHANNEL, share < ic - c ? share : ic - c);
            prefetch_tiles(out + (point + 1) * TILES + block * CHANNEL, WINOGRAD_BLOCK);
            for (int o = 0; o < WINOGRAD_BLOCK; o += TILE_OC)
                multiply(weight + o, in + point * TILES, ic, out + point * TILES + (block + o) * CHANNEL);
            weight += (ptrdiff_t)ic * WINOGRAD_BLOCK;
        }
    }
    int abreast = tiles_in_row(&k->input);
    for (int o = 0; o < k->oc; o++) {
        vec bias = vec_set(k->bias ? k->bias[o] : 0), block[STEP][STEP];
        float *plane = k->output + o * k->output_plane;
        prefetch_output(k, o + AHEAD, here, y1);
        for (int tile = 0; tile < TILES; tile += LANES) {
            int top = here.y + tile / abreast * STEP, left = here.x + tile % abreast * STEP;
            int rows = y1 - top < STEP ? y1 - top : STEP, width = k->input.width - left;
            if (width <= 0 || rows <= 0)
                break;
            transform_output(out + o * CHANNEL + tile, bias, block);
            if (abreast >= LANES) {
                store_block(k, block, plane + top * k->output_row + left, rows, width);
                continue;
            }
            store_half(k, block, 0, plane + top * k->output_row, rows, width);
            rows = y1 - top - STEP < STEP ? y1 - top - STEP : STEP;
            store_half(k, block, 1, plane + (top + STEP) * k->output_row, rows, width);
        }
    }
}

/* Output rows y0 .. y1 - 1, as far as the image has them. */
static void run_passes(const winograd_rows *k, int y0, int y1, float *scratch) {
    if (y1 > k->input.height)
        y1 = k->input.height;
    for (place here = {y0, 0}; here.y < y1; here = next_place(&k->input, here))
        run_pass(k, here, y1, scratch);
    if (k->past_cache)
        vec_stream_fence();
}

#endif
