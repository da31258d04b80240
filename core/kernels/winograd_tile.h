/* Winograd's transforms of single tiles, TILE_CHANNELS channels at a time: lanes are channels, so that tiles may
 * lie anywhere, dilated ones too. What winograd_tiles.c and winograd_small_tiles.c share; they define WINOGRAD_STEP
 * first.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_WINOGRAD_TILE_H
#define IRST_CORE_KERNELS_WINOGRAD_TILE_H

#include "core/kernels/winograd.h"

/* One vector of channels of a tile, on either side of a transform; distances in floats. */
typedef struct tile_place {
    float *pixels, *points;
    ptrdiff_t row, column, point;
} tile_place;

/* Runs `transform` on each tile of the map, in the order of their rows: those of one phase of a dilated map after
 * those of the one before. */
static ALWAYS_INLINE void each_tile(const winograd_tiles *k, void (*transform)(const tile_place *)) {
    int d = k->dilation, side = STEP * d;
    float *points = k->points;
    for (int above = 0; above < d; above++)
        for (int y = above; y < k->height; y += side)
            for (int left = 0; left < d; left++)
                for (int x = left; x < k->width; x += side, points += k->tile_stride) {
                    float *pixels = k->pixels + y * k->row + x * TILE_CHANNELS;
                    for (int c = 0; c < TILE_CHANNELS; c += LANES)
                        transform(
                            &(tile_place){pixels + c, points + c, d * k->row, d * TILE_CHANNELS, k->point_stride});
                }
}

/* B^T d B */
static inline void tile_input(const tile_place *t) {
    vec vertical[SIDE][SIDE];
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], r[SIDE];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(t->pixels + i * t->row + j * t->column);
        input_points(d, r);
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) vertical[i][j] = r[i];
    }
    _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) {
        vec r[SIDE];
        input_points(vertical[i], r);
        _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) vec_store(t->points + (i * SIDE + j) * t->point, r[j]);
    }
}

/* A^T m A */
static inline void tile_output(const tile_place *t) {
    vec vertical[STEP][SIDE];
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec m[SIDE], y[STEP];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) m[i] = vec_load(t->points + (i * SIDE + j) * t->point);
        output_points(m, y);
        _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) vertical[i][j] = y[i];
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) {
        vec y[STEP];
        output_points(vertical[i], y);
        _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) vec_store(t->pixels + i * t->row + j * t->column, y[j]);
    }
}

#endif
