/* The kernels of maps of 8 bits, against plain loops in integers: the same bits, whatever the instruction set. */
#include "core/base/rng.h"
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 0xA5, MARGIN = 256 };

typedef struct byte_room {
    uint8_t *memory;
    size_t bytes;
    byte_map map;
} byte_room;

static size_t whole_blocks(int channels) {
    return (size_t)(channels + BYTE_BLOCK - 1) / BYTE_BLOCK * BYTE_BLOCK;
}

/* A map in the midst of guards. */
static byte_room byte_room_new(int channels, int h, int w) {
    size_t pixel = whole_blocks(channels),
           row = ((size_t)(w + BYTE_PIXELS - 1) / BYTE_PIXELS * BYTE_PIXELS + 2) * pixel;
    byte_room r = {.bytes = row * (size_t)(h + 2) + 2 * MARGIN};
    r.memory = malloc(r.bytes);
    assert_non_null(r.memory);
    memset(r.memory, GUARD, r.bytes);
    r.map = (byte_map){r.memory + MARGIN + row + pixel, (ptrdiff_t)row, (int)pixel};
    return r;
}

static uint8_t *at(const byte_map *m, int y, int x) {
    return m->pixels + y * m->row + x * (ptrdiff_t)m->pixel;
}

/* Any bytes in the pixels' channels, zeros in those that only fill a block up and around the map. */
static void fill_bytes(const byte_map *m, int channels, int h, int w, rng *random) {
    for (int y = -1; y <= h; y++)
        for (int x = -1; x <= w; x++)
            for (int c = 0; c < m->pixel; c++) {
                bool inside = y >= 0 && y < h && x >= 0 && x < w && c < channels;
                at(m, y, x)[c] = inside ? (uint8_t)(rng_uniform(random) * 256) : 0;
            }
}

/* The weights of one tap, packed as kernels.h has it. */
static int8_t *weight_at(const conv_byte_rows *k, int8_t *weights, int oc, int ic, int row, int column) {
    ptrdiff_t block = oc / BYTE_BLOCK, quads = k->input.pixel / 4;
    return weights + (((block * 3 + row) * quads + ic / 4) * 3 + column) * BYTE_BLOCK * 4 + oc % BYTE_BLOCK * 4 +
           ic % 4;
}

static int64_t plain_sum(const conv_byte_rows *k, int ic, int oc, int y, int x) {
    int64_t sum = k->bias[oc];
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++)
            for (int i = 0; i < ic; i++)
                sum += (int64_t)at(&k->input, y + row - 1, x + column - 1)[i] *
                       *weight_at(k, (int8_t *)k->weight, oc, i, row, column);
    return sum;
}

static uint8_t plain_byte(float value) {
    return (uint8_t)nearbyintf(fminf(fmaxf(value, 0), 255));
}

/* Every byte of `room` that is no pixel of the first y0 .. y1 - 1 rows is as it was. */
static void expect_guarded(const byte_room *room, int w, int y0, int y1) {
    ptrdiff_t first = room->map.pixels - room->memory;
    for (size_t i = 0; i < room->bytes; i++) {
        ptrdiff_t from = (ptrdiff_t)i - first - y0 * room->map.row;
        bool pixel =
            from >= 0 && from / room->map.row < y1 - y0 && from % room->map.row < w * (ptrdiff_t)room->map.pixel;
        if (!pixel && room->memory[i] != GUARD)
            fail_msg("byte %zu was written, outside of the rows", i);
    }
}

typedef struct byte_shape {
    int ic, oc, h, w;
} byte_shape;

static const byte_shape shapes[] = {{32, 32, 5, 40}, {1, 1, 3, 1},    {16, 33, 4, 17}, {20, 16, 3, 31},
                                    {7, 45, 2, 16},  {64, 48, 3, 23}, {33, 70, 6, 9}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check_shape(const kernel_table *set, const byte_shape *s, int number) {
    rng random = rng_new(21, (uint64_t)number);
    byte_room in = byte_room_new(s->ic, s->h, s->w), out = byte_room_new(s->oc, s->h, s->w);
    size_t blocks = whole_blocks(s->oc);
    int8_t *weights = calloc(9 * blocks * (size_t)in.map.pixel, 1);
    int32_t *bias = calloc(blocks, sizeof *bias);
    float *scale = calloc(blocks, sizeof *scale);
    assert_true(weights && bias && scale);
    fill_bytes(&in.map, s->ic, s->h, s->w, &random);
    conv_byte_rows k = {.input = in.map,
                        .output = out.map,
                        .width = s->w,
                        .oc = s->oc,
                        .weight = weights,
                        .bias = bias,
                        .scale = scale};
    for (int o = 0; o < s->oc; o++) {
        bias[o] = (int32_t)(4000 * rng_normal(&random));
        scale[o] = (float)(rng_uniform(&random) * 0.02);
        for (int i = 0; i < s->ic; i++)
            for (int tap = 0; tap < 9; tap++)
                *weight_at(&k, weights, o, i, tap / 3, tap % 3) = (int8_t)(floor(rng_uniform(&random) * 255) - 127);
    }
    int y0 = s->h > 2, y1 = s->h - (s->h > 3);
    set->conv_byte_rows(&k, y0, y1);
    tensor planes = tensor_planar(1, s->oc, s->h, s->w);
    watched_tensor plain = watched_tensor_new(&planes, &random);
    conv_byte_rows p = k;
    p.output.pixels = NULL;
    p.planes = plain.t.data;
    p.plane_row = plain.t.row;
    p.plane = plain.t.plane;
    p.relu = number % 2;
    set->conv_byte_rows(&p, y0, y1);
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < s->w; x++)
            for (int o = 0; o < s->oc; o++) {
                float value = (float)plain_sum(&k, s->ic, o, y, x) * scale[o];
                assert_int_equal(at(&out.map, y, x)[o], plain_byte(value));
                float expected = p.relu ? fmaxf(value, 0) : value;
                assert_true(tensor_plane(&plain.t, 0, o)[y * plain.t.row + x] == expected);
            }
    expect_guarded(&out, s->w, y0, y1);
    expect_watched_tensor(&plain, "conv_byte_rows");
    watched_free(&plain.room);
    free(in.memory);
    free(out.memory);
    free(weights);
    free(bias);
    free(scale);
}

/* The largest sums of 32 channels: none is cut off. */
static void check_extremes(const kernel_table *set) {
    byte_room in = byte_room_new(32, 1, 1);
    static int8_t weights[9 * 32 * 32];
    static const int32_t bias[32];
    float scale[32], out[32];
    memset(in.memory, 255, in.bytes);
    for (int sign = -1; sign <= 1; sign += 2) {
        memset(weights, sign * 127, sizeof weights);
        for (int i = 0; i < 32; i++)
            scale[i] = 1;
        set->conv_byte_rows(&(conv_byte_rows){.input = in.map,
                                              .planes = out,
                                              .plane_row = 1,
                                              .plane = 1,
                                              .width = 1,
                                              .oc = 32,
                                              .weight = weights,
                                              .bias = bias,
                                              .scale = scale},
                            0, 1);
        for (int i = 0; i < 32; i++)
            assert_true(out[i] == (float)(sign * 9 * 32 * 255 * 127));
    }
    free(in.memory);
}

void check_conv_byte_rows(const kernel_table *set) {
    check_extremes(set);
    for (int i = 0; i < SHAPES; i++)
        check_shape(set, &shapes[i], i);
}

void check_byte_rows(const kernel_table *set) {
    for (int i = 0; i < SHAPES; i++) {
        const byte_shape *s = &shapes[i];
        rng random = rng_new(22, (uint64_t)i);
        tensor shape = tensor_planar(1, s->ic, s->h, s->w);
        watched_tensor from = watched_tensor_new(&shape, &random);
        byte_room to = byte_room_new(s->ic, s->h, s->w);
        float factors[70];
        for (int c = 0; c < s->ic; c++)
            factors[c] = 100 + (float)c;
        byte_rows k = {.planes = from.t.data,
                       .row = from.t.row,
                       .plane = from.t.plane,
                       .channels = s->ic,
                       .width = s->w,
                       .factors = factors,
                       .output = to.map};
        from.t.data[0] = 0.025f; /* half way: to the even one */
        from.t.data[1] = s->w > 1 ? NAN : 0;
        set->byte_rows(&k, 0, s->h);
        from.t.data[1] = 0;
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++)
                for (int c = 0; c < to.map.pixel; c++) {
                    float value = c < s->ic ? tensor_plane(&from.t, 0, c)[y * from.t.row + x] * factors[c] : 0;
                    assert_int_equal(at(&to.map, y, x)[c], plain_byte(value));
                }
        expect_guarded(&to, s->w, 0, s->h);
        expect_watched_tensor(&from, "byte_rows");
        watched_free(&from.room);
        free(to.memory);
    }
}
