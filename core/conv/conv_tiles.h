/* Convolution 3x3 with stride 1 and as much padding as dilation by Winograd's method, tile by tile, for maps that are
 * narrower than the vectors of tiles of conv_winograd.h, and dilated ones: the deep layers of U-shaped networks, which
 * have many channels and few pixels. Channels are the lanes here:
 *
 *     the tiles of all maps are transformed       points[point][tile][channel]
 *     and multiplied by the transformed weights   [point][tile][output channel], TILE_CHANNELS of these at a time
 *     which transformed back are the output
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_TILES_H
#define IRST_CORE_CONV_CONV_TILES_H

#include "core/conv/conv_winograd.h"

/* How the maps of a convolution are cut into tiles. */
typedef struct tile_grid {
    winograd_side side;
    int points; /* side * side */
    int h, w, dilation;
    int tiles;     /* of an image */
    int images;    /* that are transformed at once */
    ptrdiff_t row; /* floats of a row of a map with channels as lanes */
    size_t pixels; /* floats of such a map */
} tile_grid;

tile_grid tile_grid_of(winograd_side side, const conv_task *t);

/* Whether the method computes such a convolution at all, and whether it is then faster than direct sums. */
bool conv_tiles_fit(const conv_task *t);
bool conv_tiles_pay(winograd_side side, const conv_task *t);

/* Of `images` images, floats of their points: [point][tile][channels], with `stride` floats from tile to tile. */
ptrdiff_t conv_tiles_stride(int channels);
size_t conv_tiles_points(const tile_grid *g, int channels);

/* What is transformed: B^T d B of images first .. first + images - 1 of x, normalised if norm is not NULL, or A x A^T
 * where x is the gradient of the output. `pixels`: grid->pixels floats for each thread. */
typedef struct tiles_input {
    const tile_grid *grid;
    const tensor *x;
    const conv_norm *norm;
    bool is_gradient;
    int first, images;
    float *pixels, *points;
} tiles_input;

void conv_tiles_transform(engine *e, const tiles_input *input);

/* What is done to x: weights as conv_winograd_pack(.., TILE_CHANNELS, ..) packs them, a bias or NULL, and the rest. */
typedef struct tiles_layer {
    const float *packed, *bias;
    bool relu, accumulate;
} tiles_layer;

/* y = conv(x) + bias, then max(0, .) if relu; or y += conv(x) if accumulate. scratch: conv_tiles_scratch floats. */
void conv_tiles_run(const conv_run *run, const tile_grid *g, const tensor *x, const tiles_layer *layer,
                    const tensor *y);
size_t conv_tiles_scratch(const engine *e, const tile_grid *g, int ic);

#endif
