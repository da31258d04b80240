/* Convolution 3x3 by Winograd's F(4x4, 3x3), tile by tile (conv_tiles.h), see conv_strategy.h: inference and gradients
 * on narrow and dilated maps. */
#include "core/conv/conv_tiles.h"

#include "core/base/whole_numbers.h"

enum { LANES = TILE_CHANNELS, BLOCK = 2 * LANES };

/* By the output's shape, which padding makes the input's, too. */
static tile_grid grid_of(const conv_options *o, const tensor *y) {
    return tile_grid_of(WINOGRAD_LARGE, &(conv_task){.y = *y, .o = *o});
}

static bool applies(conv_direction d, const conv_task *t) {
    return conv_tiles_fit(t) && !(d == CONV_FORWARD && t->o.exact);
}

/* Where there are few tiles, reading the weights takes the time of a forward pass, and F(2x2, 3x3) has half as many.
 * The partial sums of the gradient of the weights in conv_winograd.c outgrow the caches on narrow maps of many
 * channels. */
static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    enum { FEW_TILES = 16, WIDE = 64 };
    tile_grid g = grid_of(&t->o, &t->y);
    if (conv_winograd_fits(t) && conv_winograd_pays(t->x.c, t->y.c, t->y.w) &&
        (d != CONV_WEIGHT_GRADIENT || t->y.w >= WIDE))
        return false;
    return conv_tiles_pay(WINOGRAD_LARGE, t) && !(d == CONV_FORWARD && g.images * g.tiles <= FEW_TILES);
}

static size_t packed(conv_direction d, const conv_task *t) {
    return conv_winograd_task_packed(WINOGRAD_LARGE, LANES, d, t);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    conv_winograd_pack_task(e, WINOGRAD_LARGE, LANES, d, t, weight, out);
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed_weight,
                    const float *bias, bool relu, const tensor *y) {
    tile_grid g = grid_of(o, y);
    conv_tiles_run(run, &g, x, &(tiles_layer){.packed = packed_weight, .bias = bias, .relu = relu}, y);
}

/* A convolution of dy with channels swapped and taps turned by 180 degrees, which packing does. */
static void input_gradient(const conv_options *o, const conv_run *run, const tensor *dy, const float *packed_weight,
                           bool accumulate, const tensor *dx) {
    tile_grid g = grid_of(o, dy);
    conv_tiles_run(run, &g, dy, &(tiles_layer){.packed = packed_weight, .accumulate = accumulate}, dx);
}

/* --- the gradient of the weights: products over tiles, BLOCK x BLOCK channels at a time --- */

typedef struct weight_job {
    const tile_grid *grid;
    int ic, oc, tiles;
    const float *in, *grad; /* points */
    float *sums;            /* of a thread: [point][BLOCK input channels][BLOCK output channels] */
    float *dweight;
} weight_job;

static int blocks_of(int channels) {
    return (channels + BLOCK - 1) / BLOCK;
}

static void multiply_block(const worker *w, const weight_job *job, int i0, int o0, float *sums) {
    const tile_grid *g = job->grid;
    ptrdiff_t in_stride = conv_tiles_stride(job->ic), grad_stride = conv_tiles_stride(job->oc);
    int rows = int_min(BLOCK, job->ic - i0), columns = int_min(BLOCK, job->oc - o0);
    for (int p = 0; p < g->points; p++)
        for (int o = 0; o < columns; o += LANES)
            w->kernels->tile_product(
                &(tile_product){.a = job->in + (ptrdiff_t)p * g->images * g->tiles * in_stride + i0,
                                .b = job->grad + (ptrdiff_t)p * g->images * g->tiles * grad_stride + o0 + o,
                                .y = sums + p * BLOCK * BLOCK + o,
                                .rows = rows,
                                .terms = job->tiles,
                                .a_row = 1,
                                .a_term = in_stride,
                                .b_term = grad_stride,
                                .y_row = BLOCK});
}

static void add_weight_block(const worker *w, void *context, int item) {
    const weight_job *job = context;
    float *sums = job->sums + (size_t)w->thread * WINOGRAD_POINTS * BLOCK * BLOCK;
    int i0 = item % blocks_of(job->ic) * BLOCK, o0 = item / blocks_of(job->ic) * BLOCK;
    multiply_block(w, job, i0, o0, sums);
    for (int o = 0; o < int_min(BLOCK, job->oc - o0); o += WINOGRAD_BLOCK)
        for (int i = 0; i < int_min(BLOCK, job->ic - i0); i++)
            w->kernels->winograd_taps(
                &(winograd_sums){.sums = sums + i * BLOCK + o,
                                 .items = 1,
                                 .outputs = int_min(WINOGRAD_BLOCK, job->oc - o0 - o),
                                 .point_stride = BLOCK * BLOCK,
                                 .dweight = job->dweight + ((ptrdiff_t)(o0 + o) * job->ic + i0 + i) * 9,
                                 .output_stride = (ptrdiff_t)job->ic * 9});
}

static void weight_gradient(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias) {
    engine *e = run->engine;
    tile_grid g = grid_of(o, dy);
    tiles_input in = {.grid = &g, .x = x, .norm = run->norm, .points = run->scratch};
    tiles_input grad = {.grid = &g, .x = dy, .is_gradient = true};
    grad.points = in.points + conv_tiles_points(&g, x->c);
    in.pixels = grad.pixels = grad.points + conv_tiles_points(&g, dy->c);
    weight_job job = {.grid = &g, .ic = x->c, .oc = dy->c, .in = in.points, .grad = grad.points, .dweight = dweight};
    job.sums = in.pixels + (size_t)engine_threads(e) * g.pixels;
    for (int first = 0; first < dy->n; first += g.images) {
        in.first = grad.first = first;
        in.images = grad.images = int_min(g.images, dy->n - first);
        job.tiles = in.images * g.tiles;
        conv_tiles_transform(e, &in);
        conv_tiles_transform(e, &grad);
        parallel_for(e, blocks_of(x->c) * blocks_of(dy->c), add_weight_block, &job);
    }
    for (int n = 0; n < dy->n && dbias; n++)
        for (int c = 0; c < dy->c; c++)
            dbias[c] +=
                (float)engine_kernels(e)->plane_sum((plane_shape){dy->h, dy->w, dy->row}, tensor_plane(dy, n, c));
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    tile_grid g = grid_of(&t->o, &t->y);
    if (d != CONV_WEIGHT_GRADIENT)
        return conv_tiles_scratch(e, &g, d == CONV_FORWARD ? t->x.c : t->y.c);
    return conv_tiles_points(&g, t->x.c) + conv_tiles_points(&g, t->y.c) +
           (size_t)engine_threads(e) * (g.pixels + (size_t)WINOGRAD_POINTS * BLOCK * BLOCK);
}

const conv_strategy conv_winograd_tiles = {.name = "winograd_tiles",
                                           .applies = applies,
                                           .pays = pays,
                                           .scratch = scratch,
                                           .packed = packed,
                                           .pack = pack,
                                           .forward = forward,
                                           .input_gradient = input_gradient,
                                           .weight_gradient = weight_gradient};
