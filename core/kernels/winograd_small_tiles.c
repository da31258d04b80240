/* The same as winograd_tiles.c for F(2x2, 3x3), see winograd_small_rows.c. */
#define WINOGRAD_STEP 2
#include "core/kernels/winograd_tile.h"

void KERNEL(winograd_small_tiles_input)(const winograd_tiles *k) {
    each_tile(k, tile_input);
}

void KERNEL(winograd_small_tiles_output)(const winograd_tiles *k) {
    each_tile(k, tile_output);
}
