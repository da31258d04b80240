/* What the Winograd kernels share: the constants, the input's transform, and where its rows come from. The methods are
 * described in winograd_rows.c and winograd_small_rows.c; a file says which one it is about by WINOGRAD_STEP, the side
 * of an output tile, 4 or 2, before it includes this.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_WINOGRAD_H
#define IRST_CORE_KERNELS_WINOGRAD_H

#include "core/kernels/vector.h"

enum {
    STEP = WINOGRAD_STEP, /* side of an output tile */
    SIDE = STEP + 2,      /* of an input tile */
    POINTS = SIDE * SIDE,
    GROUPS = 2,                    /* vectors of tiles that one pass handles */
    TILES = GROUPS * LANES,        /* tiles of one pass */
    GROUP_SPAN = STEP * LANES,     /* output pixels of one vector of tiles in a row */
    HALF_SPAN = GROUP_SPAN / 2,    /* of half a vector */
    SPAN = GROUPS * GROUP_SPAN,    /* and of a pass */
    BEYOND = 3,                    /* pixels that are read after them, of which only the first matters */
    FETCH = SPAN + 3 * TENSOR_HALO /* of a row of pixels, from TENSOR_HALO before the first on */
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

/* The first output pixel of a pass. */
typedef struct place {
    int y, x;
} place;

static inline place next_place(const winograd_input *k, place here) {
    here.x += SPAN;
    return here.x < k->width ? here : (place){here.y + pass_rows(k), 0};
}

/* Asks a cache for what a pass has of one row of pixels, and the next cache line, whose first pixel its last tile
 * reads. gcc 12 takes a function that does nothing else for one without effect, and drops its calls: hence the
 * assembly. */
#define PREFETCH_ROW(ROW, WIDTH, X, WRITE, LOCALITY)                                                                   \
    for (int x_ = (X); x_ < (WIDTH) && x_ <= (X) + SPAN; x_ += 16) {                                                   \
        __builtin_prefetch((ROW) + x_, WRITE, LOCALITY);                                                               \
        __asm__ volatile("");                                                                                          \
    }

/* Transformed tiles lie [channel][point][TILES], so that a transform works on one stretch of memory that stays in the
 * first cache. Floats from one channel to the next: a vector more than the tiles need, so that a point's tiles of all
 * channels do not fall on a few cache sets. */
enum { CHANNEL = POINTS * TILES + LANES };

/* The tiles of a vector stand in the order in which pixels can be dealt out to them inside of quads of lanes. */

#if WINOGRAD_STEP == 4

#define A1 0.70710678118654752f /* the points: A1 and A2, and their negatives */
#define A2 1.41421356237309505f

/* Where tile number `tile` of a vector stands: vector v of a row's pixels has one tile in each quad. */
static inline int lane_of_tile(int tile) {
    return tile % (LANES / STEP) * STEP + tile / (LANES / STEP);
}

/* Columns of the tiles: the transposed quads. `first` are the pixels of the first half of the tiles, from their first
 * output pixel on, `second` those of the other half. */
static ALWAYS_INLINE void deal_pixels(const float *first, const float *second, vec column[SIDE]) {
    vec a = vec_load(first - 1), b = vec_load(first - 1 + LANES);
    vec c = vec_load(second - 1), d = vec_load(second - 1 + LANES);
    vec low_ab = QUAD_LOW(a, b), low_cd = QUAD_LOW(c, d), high_ab = QUAD_HIGH(a, b), high_cd = QUAD_HIGH(c, d);
    column[0] = QUAD_FIRST_PAIRS(low_ab, low_cd);
    column[1] = QUAD_LAST_PAIRS(low_ab, low_cd);
    column[2] = QUAD_FIRST_PAIRS(high_ab, high_cd);
    column[3] = QUAD_LAST_PAIRS(high_ab, high_cd);
    first += STEP - 1, second += STEP - 1;
    low_ab = QUAD_LOW(vec_load(first), vec_load(first + LANES));
    low_cd = QUAD_LOW(vec_load(second), vec_load(second + LANES));
    column[4] = QUAD_FIRST_PAIRS(low_ab, low_cd);
    column[5] = QUAD_LAST_PAIRS(low_ab, low_cd);
}

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

/* m = A y for four vectors. */
static inline void gradient_points(const vec y[STEP], vec m[SIDE]) {
    vec even1 = y[0] + 0.5f * y[2], odd1 = A1 * (y[1] + 0.5f * y[3]);
    vec even2 = y[0] + 2 * y[2], odd2 = A2 * (y[1] + 2 * y[3]);
    m[0] = y[0];
    m[1] = even1 + odd1;
    m[2] = even1 - odd1;
    m[3] = even2 + odd2;
    m[4] = even2 - odd2;
    m[5] = y[3];
}

#else

/* As above; each quad of pixels has two tiles. */
static ALWAYS_INLINE void deal_pixels(const float *first, const float *second, vec column[SIDE]) {
    vec a = vec_load(first - 1), b = vec_load(second - 1), c = vec_load(first + 1), d = vec_load(second + 1);
    column[0] = QUAD_EVEN(a, b);
    column[1] = QUAD_ODD(a, b);
    column[2] = QUAD_EVEN(c, d);
    column[3] = QUAD_ODD(c, d);
}

/* r = B^T d for four vectors. */
static inline void input_points(const vec d[SIDE], vec r[SIDE]) {
    r[0] = d[0] - d[2];
    r[1] = d[1] + d[2];
    r[2] = d[2] - d[1];
    r[3] = d[1] - d[3];
}

/* y = A^T m for four vectors. */
static inline void output_points(const vec m[SIDE], vec y[STEP]) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) - m[3];
}

#endif

/* B^T d B of one channel and one vector of tiles, whose six rows begin at pixel x of rows[]; the second half of the
 * tiles begins `half` pixels further on. */
static void transform_input(const float *const rows[SIDE], int x, int half, float *out) {
    vec horizontal[SIDE][SIDE];
    _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) {
        vec column[SIDE];
        deal_pixels(rows[i] + x, rows[i] + x + half, column);
        input_points(column, horizontal[i]);
    }
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], r[SIDE];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = horizontal[i][j];
        input_points(d, r);
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) vec_store(out + (i * SIDE + j) * TILES, r[i]);
    }
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

/* Asks the second cache for what a pass reads of the channels from `first` up to `last`, but for the two rows that the
 * pass above has read: while products run, which wait for nothing, memory is idle. */
static inline void prefetch_inputs(const winograd_input *k, int first, int last, place at) {
    if (k->ring)
        return; /* is in that cache */
    for (int i = first; i < last; i++)
        for (int y = at.y + 1; y <= at.y + pass_rows(k) && y < k->height; y++)
            PREFETCH_ROW(channel_row(k, i, y), k->width, at.x, 0, 2)
}

/* The rows of one channel for `span` pixels of tiles at (y, x), from pixel x on: where they lie, or in the buffer.
 */
static inline void fetch(const winograd_input *k, int channel, int y, int x, int span, float buffer[SIDE][FETCH],
                         const float **rows) {
    static const float zeros[FETCH] __attribute__((aligned(64)));
    const float *scale = k->scale ? k->scale + channel : NULL, *shift = k->shift ? k->shift + channel : NULL;
    bool in_place = !scale && k->width + TENSOR_HALO - x >= span + BEYOND;
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

/* HALF_SPAN pixels of one row, and the zeros on either side. */
static inline void fetch_half(const winograd_input *k, int channel, int row, float *to) {
    const float *scale = k->scale ? k->scale + channel : NULL, *shift = k->shift ? k->shift + channel : NULL;
    if (row < 0 || row >= k->height) {
        memset(to, 0, HALF_SPAN * sizeof *to);
    } else if (!scale && k->width + TENSOR_HALO >= HALF_SPAN) {
        memcpy(to, channel_row(k, channel, row), HALF_SPAN * sizeof *to);
    } else {
        float line[FETCH];
        fetch_row(channel_row(k, channel, row), scale, shift, 0, k->width, HALF_SPAN, line + TENSOR_HALO);
        memcpy(to, line + TENSOR_HALO, HALF_SPAN * sizeof *to);
    }
    to[-1] = 0;
    memset(to + HALF_SPAN, 0, BEYOND * sizeof *to);
}

/* Where the second of two half rows of tiles lies from the first. */
enum { HALF_ROW = HALF_SPAN + TENSOR_HALO };

/* The rows of one channel for a vector of tiles, of which half begin at row y, half STEP rows further down. */
static inline void fetch_halves(const winograd_input *k, int channel, int y, float buffer[SIDE][FETCH],
                                const float **rows) {
    for (int i = 0; i < SIDE; i++) {
        float *to = buffer[i] + TENSOR_HALO;
        fetch_half(k, channel, y + i - 1, to);
        fetch_half(k, channel, y + STEP + i - 1, to + HALF_ROW);
        rows[i] = to;
    }
}

/* The transformed tiles of one pass, from output pixel (y, x) on. */
static inline void transform_inputs(const winograd_input *k, int y, int x, float *out) {
    float buffer[SIDE][FETCH] __attribute__((aligned(64)));
    const float *rows[SIDE];
    int abreast = tiles_in_row(k);
    for (int i = 0; i < k->channels; i++, out += CHANNEL) {
        for (int row = y - 1; row <= y + STEP && i + 1 < k->channels; row++)
            PREFETCH_ROW(channel_row(k, i + 1, row), k->width, x, 0, 3)
        if (abreast == TILES)
            fetch(k, i, y, x, SPAN, buffer, rows);
        for (int g = 0; g < GROUPS; g++) {
            if (abreast == TILES) {
                transform_input(rows, g * GROUP_SPAN, HALF_SPAN, out + g * LANES);
            } else if (abreast == LANES) {
                fetch(k, i, y + g * STEP, x, GROUP_SPAN, buffer, rows);
                transform_input(rows, 0, HALF_SPAN, out + g * LANES);
            } else {
                fetch_halves(k, i, y + 2 * g * STEP, buffer, rows);
                transform_input(rows, 0, HALF_ROW, out + g * LANES);
            }
        }
    }
}

#endif
