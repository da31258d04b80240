/* Winograd's F(4x4, 3x3) of winograd_rows.c with channels as lanes: the transforms of single tiles, for maps that are
 * narrower than a vector of them. The sums between the transforms are tile_product's. */
#define WINOGRAD_STEP 4
#include "core/kernels/winograd_tile.h"

/* A y A^T, as in winograd_weight_rows.c. */
static inline void tile_gradient(const tile_place *t) {
    vec vertical[SIDE][STEP];
    _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) {
        vec y[STEP], m[SIDE];
        _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) y[i] = vec_load(t->pixels + i * t->row + j * t->column);
        gradient_points(y, m);
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) vertical[i][j] = m[i];
    }
    _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) {
        vec m[SIDE];
        gradient_points(vertical[i], m);
        _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) vec_store(t->points + (i * SIDE + j) * t->point, m[j]);
    }
}

void KERNEL(winograd_tiles_input)(const winograd_tiles *k) {
    each_tile(k, tile_input);
}

void KERNEL(winograd_tiles_output)(const winograd_tiles *k) {
    each_tile(k, tile_output);
}

void KERNEL(winograd_tiles_gradient)(const winograd_tiles *k) {
    each_tile(k, tile_gradient);
}
