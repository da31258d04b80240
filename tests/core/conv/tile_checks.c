/* The kernels of Winograd's method with channels as lanes, and those that pack its weights, against matrices in double
 * (winograd_matrices.h). */
#include "core/base/rng.h"
#include "tests/core/conv/winograd_matrices.h"
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = TILE_CHANNELS, MOST_SIDE = 6 };

/* --- the transforms of tiles --- */

typedef enum transform { OF_INPUT, OF_OUTPUT, OF_GRADIENT } transform;

/* A map and its tiles, on one of whose sides random numbers stand. */
typedef struct tile_map {
    winograd_tiles k;
    watched pixels, points;
    int tiles;
} tile_map;

static int along(int n, int d, int step) {
    int tiles = 0;
    for (int first = 0; first < d; first++)
        for (int at = first; at < n; at += d * step)
            tiles++;
    return tiles;
}

static tile_map tile_map_new(int side, int h, int w, int d, rng *r) {
    tile_map m = {.tiles = along(h, d, side - 2) * along(w, d, side - 2)};
    int margin = (side - 1) * d, tile = CHANNELS + 16;
    ptrdiff_t row = (w + margin) * CHANNELS;
    m.pixels = watched_new((size_t)((h + margin) * row), 0);
    m.points = watched_new((size_t)(side * side * m.tiles * tile), 0);
    fill_normal(r, m.pixels.data, m.pixels.count);
    fill_normal(r, m.points.data, m.points.count);
    m.k = (winograd_tiles){.pixels = m.pixels.data,
                           .row = row,
                           .height = h,
                           .width = w,
                           .dilation = d,
                           .points = m.points.data,
                           .point_stride = m.tiles * tile,
                           .tile_stride = tile};
    return m;
}

/* One channel of one tile, whose first pixel is (y, x), against M from M^T or its transpose. */
static void expect_tile(const kernel_table *set, const winograd_matrices *m, transform which, const tile_map *map,
                        int tile, int y, int x, int channel) {
    const winograd_tiles *k = &map->k;
    double from[MOST_SIDE * MOST_SIDE], to[MOST_SIDE * MOST_SIDE], matrix[MOST_SIDE * MOST_SIDE];
    int pixels = which == OF_INPUT ? m->side : m->step, inputs = which == OF_OUTPUT ? m->side : pixels;
    int outputs = which == OF_OUTPUT ? m->step : m->side;
    for (int i = 0; i < outputs; i++)
        for (int j = 0; j < inputs; j++)
            matrix[i * inputs + j] = which == OF_INPUT ? m->BT[i][j] : which == OF_OUTPUT ? m->A[j][i] : m->A[i][j];
    const float *pixel = k->pixels + y * k->row + x * CHANNELS + channel,
                *point = k->points + tile * k->tile_stride + channel;
    for (int pass = 0; pass < 2; pass++) {
        bool of_pixels = (which == OF_OUTPUT) == (pass == 1);
        int n = pass ? outputs : inputs;
        if (pass)
            multiply_both_sides(matrix, outputs, inputs, inputs, from, to);
        for (int i = 0; i < n * n; i++) {
            ptrdiff_t at =
                of_pixels ? i / n * k->dilation * k->row + i % n * k->dilation * CHANNELS : i * k->point_stride;
            float number = (of_pixels ? pixel : point)[at];
            if (pass)
                expect_near(number, to[i], 100, "transformed tile", set);
            else
                from[i] = number;
        }
    }
}

/* Tiles in the order that kernels.h states; of the output, pixels of different tiles do not overlap. */
static void check_tiles(const kernel_table *set, winograd_side side, transform which,
                        void (*kernel)(const winograd_tiles *)) {
    static const int maps[][3] = {{1, 1, 1}, {16, 16, 1}, {9, 5, 1}, {8, 8, 2}, {7, 13, 4}, {3, 4, 8}};
    winograd_matrices m = winograd_matrices_of(side);
    rng r = rng_new(31, (uint64_t)which);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        int h = maps[i][0], w = maps[i][1], d = maps[i][2], tile = 0;
        tile_map map = tile_map_new(side, h, w, d, &r);
        kernel(&map.k);
        for (int above = 0; above < d; above++)
            for (int y = above; y < h; y += d * m.step)
                for (int left = 0; left < d; left++)
                    for (int x = left; x < w; x += d * m.step, tile++)
                        for (int c = 0; c < CHANNELS; c += 5)
                            expect_tile(set, &m, which, &map, tile, y, x, c);
        assert_int_equal(tile, map.tiles);
        expect_watched(&map.pixels, "tiles");
        expect_watched(&map.points, "tiles");
        watched_free(&map.pixels);
        watched_free(&map.points);
    }
}

void check_winograd_tiles_input(const kernel_table *set) {
    check_tiles(set, WINOGRAD_LARGE, OF_INPUT, set->winograd_tiles_input);
}

void check_winograd_tiles_output(const kernel_table *set) {
    check_tiles(set, WINOGRAD_LARGE, OF_OUTPUT, set->winograd_tiles_output);
}

void check_winograd_tiles_gradient(const kernel_table *set) {
    check_tiles(set, WINOGRAD_LARGE, OF_GRADIENT, set->winograd_tiles_gradient);
}

void check_winograd_small_tiles_input(const kernel_table *set) {
    check_tiles(set, WINOGRAD_SMALL, OF_INPUT, set->winograd_small_tiles_input);
}

void check_winograd_small_tiles_output(const kernel_table *set) {
    check_tiles(set, WINOGRAD_SMALL, OF_OUTPUT, set->winograd_small_tiles_output);
}

/* --- products --- */

void check_tile_product(const kernel_table *set) {
    rng r = rng_new(32, 0);
    for (int rows = 1; rows <= 40; rows++) {
        int terms = rows % 7 + 1;
        tile_product k = {.rows = rows, .terms = terms, .b_term = CHANNELS + 3, .y_row = CHANNELS + 1};
        k.a_row = rows % 2 ? 1 : terms + 2; /* as for the weights, as for the maps */
        k.a_term = rows % 2 ? rows : 1;
        watched a = watched_new((size_t)(rows * (terms + 2)), 0), b = watched_new((size_t)(terms * k.b_term), 0);
        watched y = watched_new((size_t)(rows * k.y_row), NAN);
        fill_normal(&r, a.data, a.count);
        fill_normal(&r, b.data, b.count);
        k.a = a.data, k.b = b.data, k.y = y.data;
        set->tile_product(&k);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < CHANNELS; j++) {
                double sum = 0, size = 0;
                for (int t = 0; t < terms; t++) {
                    double product = (double)a.data[i * k.a_row + t * k.a_term] * b.data[t * k.b_term + j];
                    sum += product, size += fabs(product);
                }
                expect_near(y.data[i * k.y_row + j], sum, size, "tile_product", set);
            }
            assert_true(isnan(y.data[i * k.y_row + CHANNELS]));
        }
        watched *all[] = {&a, &b, &y};
        for (int i = 0; i < 3; i++) {
            expect_watched(all[i], "tile_product");
            watched_free(all[i]);
        }
    }
}

/* --- weights --- */

/* Packed numbers are rounded once. */
static void check_packed(const kernel_table *set, winograd_side side, void (*pack)(const winograd_weights *)) {
    enum { INPUTS = 5, BLOCK = 2 * WINOGRAD_BLOCK, POINT = INPUTS * BLOCK + 7 };
    winograd_matrices m = winograd_matrices_of(side);
    rng r = rng_new(33, (uint64_t)side);
    for (int outputs = 1; outputs <= BLOCK; outputs += 3) {
        bool turned = outputs % 2;
        watched weight = watched_new((size_t)(INPUTS * outputs * 9), 0), packed = watched_new(36 * POINT, NAN);
        fill_normal(&r, weight.data, weight.count);
        winograd_weights k = {.weight = weight.data,
                              .input_stride = turned ? outputs * 9 : 9,
                              .output_stride = turned ? 9 : INPUTS * 9,
                              .inputs = INPUTS,
                              .outputs = outputs,
                              .block = BLOCK,
                              .turned = turned,
                              .packed = packed.data,
                              .point_stride = POINT};
        pack(&k);
        for (int o = 0; o < BLOCK; o++)
            for (int i = 0; i < INPUTS; i++) {
                double g[9] = {0}, u[36];
                for (int tap = 0; tap < 9 && o < outputs; tap++)
                    g[turned ? 8 - tap : tap] = weight.data[i * k.input_stride + o * k.output_stride + tap];
                multiply_both_sides(m.G[0], m.side, 3, 3, g, u);
                for (int p = 0; p < m.side * m.side; p++) {
                    float got = packed.data[p * POINT + i * BLOCK + o];
                    if (!(fabs(got - u[p]) <= FLOAT_ROUNDING * fabs(u[p]) + 1e-15))
                        fail_msg("%s: packed point %d is %.9g, expected %.9g", set->name, p, (double)got, u[p]);
                }
            }
        expect_watched(&packed, "packed weights");
        watched_free(&packed);
        watched_free(&weight);
    }
}

void check_winograd_pack(const kernel_table *set) {
    check_packed(set, WINOGRAD_LARGE, set->winograd_pack);
}

void check_winograd_small_pack(const kernel_table *set) {
    check_packed(set, WINOGRAD_SMALL, set->winograd_small_pack);
}

/* dweight += G^T (sum of items) G */
void check_winograd_taps(const kernel_table *set) {
    enum { ITEMS = 3, BLOCK = WINOGRAD_BLOCK, OUTPUT = 11, ITEM = 36 * BLOCK };
    winograd_matrices m = winograd_matrices_of(WINOGRAD_LARGE);
    double GT[3][6];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++)
            GT[j][i] = m.G[i][j];
    rng r = rng_new(34, 0);
    for (int outputs = 1; outputs <= BLOCK; outputs++) {
        watched sums = watched_new(ITEMS * ITEM, 0), dweight = watched_new((size_t)(outputs * OUTPUT), 0);
        float before[BLOCK * OUTPUT];
        fill_normal(&r, sums.data, sums.count);
        fill_normal(&r, dweight.data, dweight.count);
        memcpy(before, dweight.data, dweight.count * sizeof *before);
        set->winograd_taps(&(winograd_sums){.sums = sums.data,
                                            .items = ITEMS,
                                            .outputs = outputs,
                                            .item_stride = ITEM,
                                            .point_stride = BLOCK,
                                            .dweight = dweight.data,
                                            .output_stride = OUTPUT});
        for (int o = 0; o < outputs; o++) {
            double u[36] = {0}, g[9];
            for (int p = 0; p < 36 * ITEMS; p++)
                u[p % 36] += sums.data[p / 36 * ITEM + p % 36 * BLOCK + o];
            multiply_both_sides(GT[0], 3, 6, 6, u, g);
            for (int i = 0; i < OUTPUT; i++)
                expect_near(dweight.data[o * OUTPUT + i], before[o * OUTPUT + i] + (i < 9 ? g[i] : 0), 10,
                            "winograd_taps", set);
        }
        expect_watched(&dweight, "winograd_taps");
        watched_free(&dweight);
        watched_free(&sums);
    }
}
