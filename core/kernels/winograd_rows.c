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
#include "core/kernels/vector.h"

enum {
    POINTS = WINOGRAD_POINTS,
    SIDE = 6,                /* of an input tile */
    STEP = 4,                /* of an output tile */
    GROUPS = 2,              /* vectors of tiles that one pass handles */
    TILES = GROUPS * LANES,  /* tiles of one pass */
    SPAN = STEP * TILES,     /* and their output pixels */
    FETCH = SPAN + 2 * TENSOR_HALO /* pixels read for them, from TENSOR_HALO before the first on */
};

#define A1 0.70710678118654752f /* the points: A1 and A2, and their negatives */
#define A2 1.41421356237309505f

#if LANES == 16
#define TILE_OC 8
#else
#define TILE_OC 4
#endif

/* r = B^T d for six vectors. */
static inline void input_points(const vec d[SIDE], vec r[SIDE]) {
    vec even1 = d[4] - 2 * d[2], odd1 = A1 * (d[3] - 2 * d[1]);
    vec even2 = d[4] - 0.5f * d[2], odd2 = A2 * (d[3] - 0.5f * d[1]);
    r[0] = d[4] + d[0] - 2.5f * d[2];
    r[1] = even1 + odd1;
    r[2] = even1 - odd1;
    r[3] = even2 + odd2;
    r[4] = even2 - odd2;
    r[5] = d[5] + d[1] - 2.5f * d[3];
}

/* y = A^T m for six vectors. */
static inline void output_points(const vec m[SIDE], vec y[STEP]) {
    vec sum1 = m[1] + m[2], difference1 = A1 * (m[1] - m[2]);
    vec sum2 = m[3] + m[4], difference2 = A2 * (m[3] - m[4]);
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + difference2;
    y[2] = 0.5f * sum1 + 2 * sum2;
    y[3] = 0.5f * difference1 + 2 * difference2 + m[5];
}

/* Floats from one point to the next in the transformed tiles of `channels` channels. One vector more than they need,
 * so that the points of a channel do not fall on the same cache set. */
static ptrdiff_t point_stride(int channels) {
    return (ptrdiff_t)channels * TILES + LANES;
}

/* Points of the six pixels of one column. */
static inline void input_points_scalar(const float *const rows[SIDE], int x, float r[SIDE]) {
    float d0 = rows[0][x], d1 = rows[1][x], d2 = rows[2][x], d3 = rows[3][x], d4 = rows[4][x], d5 = rows[5][x];
    float even1 = d4 - 2 * d2, odd1 = A1 * (d3 - 2 * d1), even2 = d4 - 0.5f * d2, odd2 = A2 * (d3 - 0.5f * d1);
    r[0] = d4 + d0 - 2.5f * d2;
    r[1] = even1 + odd1;
    r[2] = even1 - odd1;
    r[3] = even2 + odd2;
    r[4] = even2 - odd2;
    r[5] = d5 + d1 - 2.5f * d3;
}

/* B^T d B of one channel and one vector of tiles: rows[] are the tiles' six rows, from pixel (0, 0) of the first output
 * tile on. */
static void transform_input(const float *const rows[SIDE], float *out, ptrdiff_t stride) {
    vec vertical[STEP][SIDE];
    float before[SIDE], behind[SIDE];
    input_points_scalar(rows, -1, before);
    input_points_scalar(rows, STEP * LANES, behind);
    _Pragma("GCC unroll 4") for (int v = 0; v < STEP; v++) {
        vec d[SIDE];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(rows[i] + v * LANES);
        input_points(d, vertical[v]);
    }
    _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) {
        vec a = vertical[0][i], b = vertical[1][i], c = vertical[2][i], d = vertical[3][i];
        vec even1 = VEC_EVEN(a, b), odd1 = VEC_ODD(a, b), even2 = VEC_EVEN(c, d), odd2 = VEC_ODD(c, d);
        vec first = VEC_EVEN(even1, even2), last = VEC_ODD(odd1, odd2), r[SIDE];
        vec column[SIDE] = {VEC_PREVIOUS(vec_set(before[i]), last),
                            first,
                            VEC_EVEN(odd1, odd2),
                            VEC_ODD(even1, even2),
                            last,
                            VEC_NEXT(first, vec_set(behind[i]))};
        input_points(column, r);
        _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) vec_store(out + (i * SIDE + j) * stride, r[j]);
    }
}

/* Products at one point: out[oc][tile] = sum over ic of weight[ic][oc] in[ic][tile], TILE_OC output channels. */
static void multiply(const float *weight, const float *in, int ic, float *out) {
    vec sum[TILE_OC][GROUPS];
    _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++)
        _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) sum[o][g] = (vec){0};
    for (int i = 0; i < ic; i++) {
        vec tile[GROUPS];
        _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) tile[g] = vec_load(in + g * LANES);
        _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++) {
            vec w = vec_set(weight[o]);
            _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) sum[o][g] += w * tile[g];
        }
        in += TILES;
        weight += WINOGRAD_BLOCK;
    }
    _Pragma("GCC unroll 8") for (int o = 0; o < TILE_OC; o++)
        _Pragma("GCC unroll 2") for (int g = 0; g < GROUPS; g++) vec_store(out + o * TILES + g * LANES, sum[o][g]);
}

/* A^T m A of one channel and one vector of tiles: four rows of STEP * LANES pixels. */
static inline void transform_output(const float *m, ptrdiff_t stride, vec bias, vec out[STEP][STEP]) {
    vec vertical[STEP][SIDE];
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], y[STEP];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(m + (i * SIDE + j) * stride);
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
        if (width >= STEP * LANES) {
            _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) {
                vec y = block[i][j];
                if (k->accumulate)
                    y += vec_load(to + j * LANES);
                vec_store(to + j * LANES, k->relu ? vec_relu(y) : y);
            }
            continue;
        }
        float line[STEP * LANES];
        memcpy(line, block[i], sizeof line);
        for (int x = 0; x < width; x++) {
            float y = k->accumulate ? to[x] + line[x] : line[x];
            to[x] = k->relu && y <= 0 ? 0 : y;
        }
    }
}

/* Pixels -1 .. SPAN of one row, normalised if asked for, with zeros outside the image as padding wants it. `left` and
 * `right` are the pixels that exist on either side of row[0], row[0] among the latter. */
static void fetch_row(const float *row, const float *scale, const float *shift, int left, int right, float *to) {
    int count = right < SPAN + 1 ? right : SPAN + 1;
    if (scale) {
        for (int x = 0; x < count; x += LANES)
            vec_store(to + x, vec_relu(*scale * vec_load(row + x) + *shift));
        float before = left ? *scale * row[-1] + *shift : 0;
        to[-1] = before <= 0 ? 0 : before;
    } else {
        memcpy(to, row, (size_t)count * sizeof *to);
        to[-1] = left ? row[-1] : 0;
    }
    memset(to + count, 0, (size_t)(SPAN + LANES - count) * sizeof *to);
}

/* The six rows of one channel for the tiles at (y, x), from pixel x on: where they lie, or in the buffer. */
static void fetch(const winograd_rows *k, int channel, int y, int x, float buffer[SIDE][FETCH], const float **rows) {
    static const float zeros[FETCH] __attribute__((aligned(64)));
    const float *scale = k->input_scale ? k->input_scale + channel : NULL;
    bool in_place = !scale && k->width + TENSOR_HALO - x > SPAN;
    for (int i = 0; i < SIDE; i++) {
        int row = y + i - 1;
        const float *pixels = k->input + channel * k->input_plane + row * k->input_row + x;
        if (row < 0 || row >= k->height) {
            rows[i] = zeros + TENSOR_HALO;
        } else if (in_place) {
            rows[i] = pixels;
        } else {
            fetch_row(pixels, scale, k->input_shift + channel, x, k->width - x, buffer[i] + TENSOR_HALO);
            rows[i] = buffer[i] + TENSOR_HALO;
        }
    }
}

/* Asks the cache, a share at each point, for the output's lines and for the input of the pass to the right. The products
 * wait for nothing, the transforms would. */
static void prefetch(const winograd_rows *k, int point, int y, int x) {
    for (int i = point * k->ic / POINTS; i < (point + 1) * k->ic / POINTS; i++) {
        const float *row = k->input + i * k->input_plane + (y - 1) * k->input_row + x + SPAN;
        for (int r = 0; r < SIDE; r++, row += k->input_row)
            for (int line = 0; line < SPAN; line += 16)
                __builtin_prefetch(row + line, 0, 2);
    }
    for (int o = point * k->oc / POINTS; o < (point + 1) * k->oc / POINTS; o++) {
        const float *row = k->output + o * k->output_plane + y * k->output_row + x;
        for (int r = 0; r < STEP; r++, row += k->output_row)
            for (int line = 0; line < SPAN; line += 16)
                __builtin_prefetch(row + line, 1, 2);
    }
}

size_t KERNEL(winograd_scratch)(int ic, int oc) {
    int blocks = (oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK;
    return (size_t)(POINTS * (point_stride(ic) + point_stride(blocks * WINOGRAD_BLOCK)));
}

/* The tiles of one pass: output rows y .. y + 3, columns x .. x + SPAN - 1. */
static void run_pass(const winograd_rows *k, int y, int x, float *scratch) {
    int padded_oc = (k->oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK * WINOGRAD_BLOCK;
    ptrdiff_t in_stride = point_stride(k->ic), out_stride = point_stride(padded_oc);
    float *in = scratch, *out = scratch + POINTS * in_stride;
    float buffer[SIDE][FETCH] __attribute__((aligned(64)));
    for (int i = 0; i < k->ic; i++) {
        const float *rows[SIDE];
        fetch(k, i, y, x, buffer, rows);
        for (int g = 0; g < GROUPS; g++) {
            transform_input(rows, in + i * TILES + g * LANES, in_stride);
            for (int r = 0; r < SIDE; r++)
                rows[r] += STEP * LANES;
        }
    }
    const float *weight = k->weight;
    for (int point = 0; point < POINTS; point++) {
        prefetch(k, point, y, x);
        for (int block = 0; block < padded_oc; block += WINOGRAD_BLOCK) {
            for (int o = 0; o < WINOGRAD_BLOCK; o += TILE_OC)
                multiply(weight + o, in + point * in_stride, k->ic, out + point * out_stride + (block + o) * TILES);
            weight += (ptrdiff_t)k->ic * WINOGRAD_BLOCK;
        }
    }
    int rows = k->height - y < STEP ? k->height - y : STEP;
    for (int o = 0; o < k->oc; o++) {
        vec bias = vec_set(k->bias ? k->bias[o] : 0), block[STEP][STEP];
        for (int g = 0; g < GROUPS; g++) {
            int left = x + g * STEP * LANES, width = k->width - left;
            if (width <= 0)
                break;
            transform_output(out + o * TILES + g * LANES, out_stride, bias, block);
            store_block(k, block, k->output + o * k->output_plane + y * k->output_row + left, rows, width);
        }
    }
}

void KERNEL(winograd_rows)(const winograd_rows *k, int y0, int y1, float *scratch) {
    for (int y = y0; y < y1; y += STEP)
        for (int x = 0; x < k->width; x += SPAN)
            run_pass(k, y, x, scratch);
}
