/* What the Winograd kernels share: the constants, the input's transform, and where its rows come from. The methods are
 * described in winograd_rows.c and winograd_small_rows.c; a file says which one it is about by WINOGRAD_STEP, the side
 * of an output tile, 4 or 2, before it includes this.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_WINOGRAD_H
#define IRST_CORE_KERNELS_WINOGRAD_H

#include "core/kernels/vector.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
    STEP = WINOGRAD_STEP, /* side of an output tile */
    SIDE = STEP + 2,      /* of an input tile */
    POINTS = SIDE * SIDE,
    GROUPS = 2,                    /* vectors of tiles that one pass handles */
    TILES = GROUPS * LANES,        /* tiles of one pass */
    GROUP_SPAN = STEP * LANES,     /* output pixels of one vector of tiles in a row */
    HALF_SPAN = GROUP_SPAN / 2,    /* of half a vector */
    SPAN = GROUPS * GROUP_SPAN,    /* and of a pass */
    FETCH = SPAN + 2 * TENSOR_HALO /* pixels read for them, from TENSOR_HALO before the first on */
};

/* Tiles of a pass that lie side by side: all of them, or those of a vector, or half of them where that spans the whole
 * width. The others lie below. */
static inline int tiles_in_row(const winograd_input *k) {
    return k->width > GROUP_SPAN ? TILES : k->width > HALF_SPAN ? LANES : LANES / 2;
}

/* Rows of the output from one pass to the next. */
static inline int pass_rows(const winograd_input *k) {
    return TILES / tiles_in_row(k) * STEP;
}

/* Transformed tiles lie [channel][point][TILES], so that a transform works on one stretch of memory that stays in the
 * first cache. Floats from one channel to the next: a vector more than the tiles need, so that a point's tiles of all
 * channels do not fall on a few cache sets. */
enum { CHANNEL = POINTS * TILES + LANES };

/* Lanes of the neighbours on either side, `end` beyond the vector's. In a vector of two half rows, each ends at the
 * seam, with zeros beyond. */
static inline vec left_neighbours(vec v, float end, bool halved) {
    if (halved)
        v[LANES / 2 - 1] = 0;
    return VEC_PREVIOUS(vec_set(end), v);
}

static inline vec right_neighbours(vec v, float end, bool halved) {
    if (halved)
        v[LANES / 2] = 0;
    return VEC_NEXT(v, vec_set(end));
}

#if WINOGRAD_STEP == 4

#define A1 0.70710678118654752f /* the points: A1 and A2, and their negatives */
#define A2 1.41421356237309505f

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
 * tile on, or two half rows each. */
static ALWAYS_INLINE void transform_tiles(const float *const rows[SIDE], bool halved, float *out) {
    vec vertical[STEP][SIDE];
    float before[SIDE], behind[SIDE];
    input_points_scalar(rows, -1, before);
    input_points_scalar(rows, GROUP_SPAN, behind);
    _Pragma("GCC unroll 4") for (int v = 0; v < STEP; v++) {
        vec d[SIDE];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(rows[i] + v * LANES);
        input_points(d, vertical[v]);
    }
    _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) {
        vec a = vertical[0][i], b = vertical[1][i], c = vertical[2][i], d = vertical[3][i];
        vec even1 = VEC_EVEN(a, b), odd1 = VEC_ODD(a, b), even2 = VEC_EVEN(c, d), odd2 = VEC_ODD(c, d);
        vec first = VEC_EVEN(even1, even2), last = VEC_ODD(odd1, odd2), r[SIDE];
        vec column[SIDE] = {
            left_neighbours(last, before[i], halved),  first, VEC_EVEN(odd1, odd2), VEC_ODD(even1, even2), last,
            right_neighbours(first, behind[i], halved)};
        input_points(column, r);
        _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) vec_store(out + (i * SIDE + j) * TILES, r[j]);
    }
}

#else

/* r = B^T d for four vectors. */
static inline void input_points(const vec d[SIDE], vec r[SIDE]) {
    r[0] = d[0] - d[2];
    r[1] = d[1] + d[2];
    r[2] = d[2] - d[1];
    r[3] = d[1] - d[3];
}

/* Points of the four pixels of one column. */
static inline void input_points_scalar(const float *const rows[SIDE], int x, float r[SIDE]) {
    r[0] = rows[0][x] - rows[2][x];
    r[1] = rows[1][x] + rows[2][x];
    r[2] = rows[2][x] - rows[1][x];
    r[3] = rows[1][x] - rows[3][x];
}

/* B^T d B of one channel and one vector of tiles, as above. */
static ALWAYS_INLINE void transform_tiles(const float *const rows[SIDE], bool halved, float *out) {
    vec vertical[STEP][SIDE];
    float before[SIDE], behind[SIDE];
    input_points_scalar(rows, -1, before);
    input_points_scalar(rows, GROUP_SPAN, behind);
    _Pragma("GCC unroll 2") for (int v = 0; v < STEP; v++) {
        vec d[SIDE];
        _Pragma("GCC unroll 4") for (int i = 0; i < SIDE; i++) d[i] = vec_load(rows[i] + v * LANES);
        input_points(d, vertical[v]);
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < SIDE; i++) {
        vec even = VEC_EVEN(vertical[0][i], vertical[1][i]), odd = VEC_ODD(vertical[0][i], vertical[1][i]), r[SIDE];
        vec column[SIDE] = {left_neighbours(odd, before[i], halved), even, odd,
                            right_neighbours(even, behind[i], halved)};
        input_points(column, r);
        _Pragma("GCC unroll 4") for (int j = 0; j < SIDE; j++) vec_store(out + (i * SIDE + j) * TILES, r[j]);
    }
}

#endif

static void transform_input(const float *const rows[SIDE], float *out) {
    transform_tiles(rows, false, out);
}

static void transform_halved_input(const float *const rows[SIDE], float *out) {
    transform_tiles(rows, true, out);
}

/* Pixels -1 .. span of one row, normalised if asked for, with zeros outside the image as padding wants it. `left` and
 * `right` are the pixels that exist on either side of row[0], row[0] among the latter. */
static inline void fetch_row(const float *row, const float *scale, const float *shift, int left, int right, int span,
                             float *to) {
    int count = right < span + 1 ? right : span + 1;
    if (scale) {
        for (int x = 0; x < count; x += LANES)
            vec_store(to + x, vec_relu(*scale * vec_load(row + x) + *shift));
        float before = left ? *scale * row[-1] + *shift : 0;
        to[-1] = before <= 0 ? 0 : before;
    } else {
        memcpy(to, row, (size_t)count * sizeof *to);
        to[-1] = left ? row[-1] : 0;
    }
    memset(to + count, 0, (size_t)(span + LANES - count) * sizeof *to);
}

/* Pixel (0, 0) of a channel's row. */
static inline const float *channel_row(const winograd_input *k, int channel, int row) {
    return k->pixels + channel * k->plane + (k->ring ? (row + 1) & (k->ring - 1) : row) * k->row;
}

/* The rows of one channel for `span` pixels of tiles at (y, x), from pixel x on: where they lie, or in the buffer.
 */
static inline void fetch(const winograd_input *k, int channel, int y, int x, int span, float buffer[SIDE][FETCH],
                         const float **rows) {
    static const float zeros[FETCH] __attribute__((aligned(64)));
    const float *scale = k->scale ? k->scale + channel : NULL, *shift = k->shift ? k->shift + channel : NULL;
    bool in_place = !scale && k->width + TENSOR_HALO - x > span;
    for (int i = 0; i < SIDE; i++) {
        int row = y + i - 1;
        if (row < 0 || row >= k->height) {
            rows[i] = zeros + TENSOR_HALO;
        } else if (in_place) {
            rows[i] = channel_row(k, channel, row) + x;
        } else {
            fetch_row(channel_row(k, channel, row) + x, scale, shift, x, k->width - x, span, buffer[i] + TENSOR_HALO);
            rows[i] = buffer[i] + TENSOR_HALO;
        }
    }
}

/* HALF_SPAN pixels of one row. */
static inline void fetch_half(const winograd_input *k, int channel, int row, float *to) {
    const float *scale = k->scale ? k->scale + channel : NULL, *shift = k->shift ? k->shift + channel : NULL;
    float line[FETCH];
    if (row < 0 || row >= k->height) {
        memset(to, 0, HALF_SPAN * sizeof *to);
    } else if (!scale && k->width + TENSOR_HALO >= HALF_SPAN) {
        memcpy(to, channel_row(k, channel, row), HALF_SPAN * sizeof *to);
    } else {
        fetch_row(channel_row(k, channel, row), scale, shift, 0, k->width, HALF_SPAN, line + TENSOR_HALO);
        memcpy(to, line + TENSOR_HALO, HALF_SPAN * sizeof *to);
    }
}

/* The rows of one channel for a vector of tiles, of which half begin at row y, half STEP rows further down. */
static inline void fetch_halves(const winograd_input *k, int channel, int y, float buffer[SIDE][FETCH],
                                const float **rows) {
    for (int i = 0; i < SIDE; i++) {
        float *to = buffer[i] + TENSOR_HALO;
        fetch_half(k, channel, y + i - 1, to);
        fetch_half(k, channel, y + STEP + i - 1, to + HALF_SPAN);
        to[-1] = to[GROUP_SPAN] = 0;
        rows[i] = to;
    }
}

/* The transformed tiles of one pass, from output pixel (y, x) on. */
static inline void transform_inputs(const winograd_input *k, int y, int x, float *out) {
    float buffer[SIDE][FETCH] __attribute__((aligned(64)));
    bool halved = tiles_in_row(k) < LANES, stacked = tiles_in_row(k) == LANES;
    int span = stacked ? GROUP_SPAN : SPAN;
    for (int i = 0; i < k->channels; i++) {
        const float *rows[SIDE];
        for (int g = 0; g < GROUPS; g++) {
            if (halved) {
                fetch_halves(k, i, y + 2 * g * STEP, buffer, rows);
                transform_halved_input(rows, out + i * CHANNEL + g * LANES);
                continue;
            }
            if (g == 0 || stacked)
                fetch(k, i, y + g * STEP, x, span, buffer, rows);
            transform_input(rows, out + i * CHANNEL + g * LANES);
            for (int r = 0; r < SIDE; r++)
                rows[r] += GROUP_SPAN;
        }
    }
}

#endif
