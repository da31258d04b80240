/* Convolution 3x3, stride 1, padding 1, by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications for 16 outputs
 * instead of 144 (Lavin & Gray, CVPR 2016).
 *
 * With d a 6x6 tile of the input, g the kernel, the 4x4 tile of the output is  Y = A^T [(G g G^T) * (B^T d B)] A,
 * summed over input channels inside the brackets, which makes 36 matrix products. The interpolation points are 0,
 * +-1/sqrt(2), +-sqrt(2) and infinity: their products keep the matrices' entries near 1, and with it the rounding
 * errors near those of the direct sum.
 *
 * Vector lanes are neighbouring tiles of a row. The vertical transform works on rows as they lie in memory; for the
 * horizontal one, pixels are dealt into the four columns of the tiles, and gathered again behind the products. */
#include "core/kernels/winograd.h"

#if LANES == 16
#define TILE_OC 8
#else
#define TILE_OC 4
#endif

/* y = A^T m for six vectors. */
static inline void output_points(const vec m[SIDE], vec y[STEP]) {
    vec sum1 = m[1] + m[2], difference1 = A1 * (m[1] - m[2]);
    vec sum2 = m[3] + m[4], difference2 = A2 * (m[3] - m[4]);
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + difference2;
    y[2] = 0.5f * sum1 + 2 * sum2;
    y[3] = 0.5f * difference1 + 2 * difference2 + m[5];
}

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

/* A^T m A of one channel and one vector of tiles: four rows of GROUP_SPAN pixels. */
static inline void transform_output(const float *m, vec bias, vec out[STEP][STEP]) {
    vec vertical[STEP][SIDE];
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], y[STEP];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(m + (i * SIDE + j) * TILES);
        output_points(d, y);
        _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) vertical[i][j] = y[i];
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) {
        vec y[STEP];
        output_points(vertical[i], y);
        _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) y[j] += bias;
        vec low02 = VEC_LOW(y[0], y[2]), high02 = VEC_HIGH(y[0], y[2]);
        vec low13 = VEC_LOW(y[1], y[3]), high13 = VEC_HIGH(y[1], y[3]);
        out[i][0] = VEC_LOW(low02, low13);
        out[i][1] = VEC_HIGH(low02, low13);
        out[i][2] = VEC_LOW(high02, high13);
        out[i][3] = VEC_HIGH(high02, high13);
    }
}

/* Stores `rows` x `width` pixels of a block that may reach beyond the plane. */
static void store_block(const winograd_rows *k, vec block[STEP][STEP], float *to, int rows, int width) {
    for (int i = 0; i < rows; i++, to += k->output_row) {
        if (width >= GROUP_SPAN) {
            _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) {
                vec y = block[i][j];
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
        memcpy(line, block[i], sizeof line);
        for (int x = 0; x < width; x++) {
            float y = k->accumulate ? to[x] + line[x] : line[x];
            to[x] = k->relu && y <= 0 ? 0 : y;
        }
    }
}

/* The first output pixel of a pass. */
typedef struct place {
    int y, x;
} place;

/* Asks the cache, a share at each point, for the lines that this pass writes and those that the next one reads: while
 * the products run, which wait for nothing, memory is idle. */
static void prefetch(const winograd_rows *k, int point, place here, place next) {
    for (int i = point * k->input.channels / POINTS; i < (point + 1) * k->input.channels / POINTS; i++) {
        for (int r = -1; r < SIDE - 1; r++) {
            const float *row = channel_row(&k->input, i, next.y + r) + next.x;
            for (int line = 0; line < SPAN; line += 16)
                __builtin_prefetch(row + line, 0, 2);
        }
    }
    if (k->past_cache)
        return;
    for (int o = point * k->oc / POINTS; o < (point + 1) * k->oc / POINTS; o++) {
        const float *row = k->output + o * k->output_plane + here.y * k->output_row + here.x;
        for (int r = 0; r < STEP; r++, row += k->output_row)
            for (int line = 0; line < SPAN; line += 16)
                __builtin_prefetch(row + line, 1, 2);
    }
}

/* For the weights' gradient, too: its transformed tiles are padded to two vectors of channels. */
size_t KERNEL(winograd_scratch)(int ic, int oc) {
    int padded = KERNEL(winograd_padded)(oc), blocks = (oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK * WINOGRAD_BLOCK;
    /* Behind each point's tiles the gradient of the weights keeps a vector free (gradient_stride). */
    return (size_t)CHANNEL * (size_t)(ic + (padded > blocks ? padded : blocks)) + (size_t)POINTS * LANES;
}

/* Asks the first cache for one point's tiles of some channels. */
static inline void prefetch_tiles(const float *tiles, int channels) {
    for (int c = 0; c < channels; c++, tiles += CHANNEL)
        for (int line = 0; line < TILES; line += 16)
            __builtin_prefetch(tiles + line, 1, 3);
}

/* Of the output, rows before y1 are stored. */
static void run_pass(const winograd_rows *k, place here, place next, int y1, float *scratch) {
    int ic = k->input.channels, padded_oc = (k->oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK * WINOGRAD_BLOCK;
    int share = (ic * WINOGRAD_BLOCK + padded_oc - 1) / padded_oc; /* of ic, for each block of output channels */
    float *in = scratch, *out = scratch + ic * CHANNEL;
    transform_inputs(&k->input, here.y, here.x, in);
    const float *weight = k->weight;
    for (int point = 0; point < POINTS; point++) {
        prefetch(k, point, here, next);
        const float *behind = in + (point + 1) * TILES;
        for (int block = 0, c = 0; block < padded_oc; block += WINOGRAD_BLOCK, c += share) {
            prefetch_tiles(behind + c * CHANNEL, share < ic - c ? share : ic - c);
            prefetch_tiles(out + (point + 1) * TILES + block * CHANNEL, WINOGRAD_BLOCK);
            for (int o = 0; o < WINOGRAD_BLOCK; o += TILE_OC)
                multiply(weight + o, in + point * TILES, ic, out + point * TILES + (block + o) * CHANNEL);
            weight += (ptrdiff_t)ic * WINOGRAD_BLOCK;
        }
    }
    bool stacked = groups_are_stacked(&k->input);
    for (int o = 0; o < k->oc; o++) {
        vec bias = vec_set(k->bias ? k->bias[o] : 0), block[STEP][STEP];
        for (int g = 0; g < GROUPS; g++) {
            int top = here.y + (stacked ? g * STEP : 0), left = here.x + (stacked ? 0 : g * GROUP_SPAN);
            int rows = y1 - top < STEP ? y1 - top : STEP, width = k->input.width - left;
            if (width <= 0 || rows <= 0)
                break;
            transform_output(out + o * CHANNEL + g * LANES, bias, block);
            store_block(k, block, k->output + o * k->output_plane + top * k->output_row + left, rows, width);
        }
    }
}

void KERNEL(winograd_rows)(const winograd_rows *k, int y0, int y1, float *scratch) {
    place here = {y0, 0};
    if (y1 > k->input.height)
        y1 = k->input.height;
    while (here.y < y1) {
        place next = {here.y, here.x + SPAN};
        if (next.x >= k->input.width)
            next = (place){here.y + pass_rows(&k->input), 0};
        run_pass(k, here, next, y1, scratch);
        here = next;
    }
    if (k->past_cache)
        vec_stream_fence();
}
