/* Convolution 3x3 by Winograd's F(2x2, 3x3), tile by tile (conv_tiles.h), see conv_strategy.h: the forward pass of
 * training on narrow and dilated maps, whose rounding errors must not exceed those of a direct sum. */
#include "core/conv/conv_tiles.h"

static bool applies(conv_direction d, const conv_task *t) {
    return d == CONV_FORWARD && conv_tiles_fit(t);
}

static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    (void)d;
    return conv_tiles_pay(WINOGRAD_SMALL, t);
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    (void)d;
    tile_grid g = tile_grid_of(WINOGRAD_SMALL, t);
    return conv_tiles_scratch(e, &g, t->x.c);
}

static size_t packed(conv_direction d, const conv_task *t) {
    return conv_winograd_task_packed(WINOGRAD_SMALL, TILE_CHANNELS, d, t);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    conv_winograd_pack_task(e, WINOGRAD_SMALL, TILE_CHANNELS, d, t, weight, out);
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed_weight,
                    const float *bias, bool relu, const tensor *y) {
    tile_grid g = tile_grid_of(WINOGRAD_SMALL, &(conv_task){*x, *y, *o});
    conv_tiles_run(run, &g, x, &(tiles_layer){.packed = packed_weight, .bias = bias, .relu = relu}, y);
}

const conv_strategy conv_winograd_small_tiles = {.name = "winograd_small_tiles",
                                                 .applies = applies,
                                                 .pays = pays,
                                                 .scratch = scratch,
                                                 .packed = packed,
                                                 .pack = pack,
                                                 .forward = forward};
