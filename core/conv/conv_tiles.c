#include "core/conv/conv_tiles.h"

#include <string.h>

enum { LANES = TILE_CHANNELS };

static int groups_of(int channels) {
    return (channels + LANES - 1) / LANES;
}

/* Tiles of `step` pixels along a side of n pixels, where pixels of one tile are d apart. */
static int tiles_along(int n, int d, int step) {
    int tiles = 0;
    for (int phase = 0; phase < d && phase < n; phase++)
        tiles += (n - phase + d * step - 1) / (d * step);
    return tiles;
}

/* Tiles that are transformed at once, whose points stay in the last cache. On maps with more of them the vectors of
 * tiles of conv_winograd.h, or direct sums, are faster. */
enum { MOST_TILES = 256 };

tile_grid tile_grid_of(winograd_side side, const conv_task *t) {
    tile_grid g = {.side = side, .points = side * side, .h = t->y.h, .w = t->y.w, .dilation = t->o.dilation};
    int step = side - 2, margin = (side - 1) * g.dilation; /* the last tile may begin with the last pixel */
    g.tiles = tiles_along(g.h, g.dilation, step) * tiles_along(g.w, g.dilation, step);
    g.images = MOST_TILES / g.tiles;
    g.images = g.images < 1 ? 1 : g.images > t->y.n ? t->y.n : g.images;
    g.row = (ptrdiff_t)(g.w + margin) * LANES;
    g.pixels = (size_t)(g.h + margin) * (size_t)g.row;
    return g;
}

bool conv_tiles_fit(const conv_task *t) {
    const conv_options *o = &t->o;
    return o->kh == 3 && o->kw == 3 && o->stride == 1 && o->padding == o->dilation;
}

/* To pay for the transforms, the products of whole tiles, some of which reach beyond the map, have to be at most two
 * thirds of the direct ones, and many to each transformed number. */
bool conv_tiles_pay(winograd_side side, const conv_task *t) {
    enum { LEAST_CHANNELS = 32, TAPS = 9 };
    tile_grid g = tile_grid_of(side, t);
    int64_t products = (int64_t)g.points * g.tiles, direct = (int64_t)TAPS * g.h * g.w;
    return g.tiles <= MOST_TILES && t->x.c >= LEAST_CHANNELS && t->y.c >= LEAST_CHANNELS && 3 * products <= 2 * direct;
}

/* --- the input --- */

/* A vector more, so that a point's tiles do not fall on a few cache sets. */
ptrdiff_t conv_tiles_stride(int channels) {
    return groups_of(channels) * LANES + LANES;
}

static ptrdiff_t point_stride(const tile_grid *g, int channels) {
    return g->images * g->tiles * conv_tiles_stride(channels);
}

size_t conv_tiles_points(const tile_grid *g, int channels) {
    return (size_t)g->points * (size_t)point_stride(g, channels);
}

/* Channels from `first` on of one image, side by side, zeros around them. */
static void gather(const tiles_input *in, int image, int first, float *to) {
    const tile_grid *g = in->grid;
    const tensor *x = in->x;
    int margin = in->is_gradient ? 0 : g->dilation, channels = x->c - first < LANES ? x->c - first : LANES;
    memset(to, 0, g->pixels * sizeof *to);
    to += margin * g->row + margin * LANES;
    for (int c = 0; c < channels; c++) {
        const float *from = tensor_plane(x, image, first + c);
        for (int row = 0; row < g->h; row++)
            for (int column = 0; column < g->w; column++) {
                float value = from[row * x->row + column];
                if (in->norm) {
                    value = in->norm->scale[first + c] * value + in->norm->shift[first + c];
                    value = value <= 0 ? 0 : value;
                }
                to[row * g->row + column * LANES + c] = value;
            }
    }
}

static void transform_group(const worker *w, void *context, int item) {
    const tiles_input *in = context;
    const tile_grid *g = in->grid;
    int group = item % groups_of(in->x->c), image = item / groups_of(in->x->c);
    ptrdiff_t stride = conv_tiles_stride(in->x->c);
    winograd_tiles k = {.pixels = in->pixels + (size_t)w->thread * g->pixels,
                        .row = g->row,
                        .height = g->h,
                        .width = g->w,
                        .dilation = g->dilation,
                        .points = in->points + image * g->tiles * stride + group * LANES,
                        .point_stride = point_stride(g, in->x->c),
                        .tile_stride = stride};
    gather(in, in->first + image, group * LANES, k.pixels);
    const kernel_table *table = w->kernels;
    (in->is_gradient             ? table->winograd_tiles_gradient
     : g->side == WINOGRAD_LARGE ? table->winograd_tiles_input
                                 : table->winograd_small_tiles_input)(&k);
}

void conv_tiles_transform(engine *e, const tiles_input *input) {
    tiles_input in = *input;
    parallel_for(e, in.images * groups_of(in.x->c), transform_group, &in);
}

/* --- products and output --- */

typedef struct tiles_job {
    const tile_grid *grid;
    const tiles_layer *layer;
    const tensor *y;
    int ic, first, images;
    const float *points;
    float *pixels, *sums; /* of a thread: a map; [point][tile][LANES] */
} tiles_job;

static size_t sums_count(const tile_grid *g) {
    return (size_t)g->points * (size_t)(g->images * g->tiles) * LANES;
}

/* A map with channels as lanes to the planes of one image. */
static void scatter(const tiles_job *job, int image, int first, const float *from) {
    const tile_grid *g = job->grid;
    const tiles_layer *layer = job->layer;
    const tensor *y = job->y;
    for (int c = first; c < y->c && c < first + LANES; c++, from++) {
        float *to = tensor_plane(y, image, c), bias = layer->bias ? layer->bias[c] : 0;
        for (int row = 0; row < g->h; row++)
            for (int column = 0; column < g->w; column++) {
                float value = from[row * g->row + column * LANES] + bias;
                float *at = to + row * y->row + column;
                *at = layer->accumulate ? *at + value : layer->relu && value <= 0 ? 0 : value;
            }
    }
}

static void convolve_group(const worker *w, void *context, int group) {
    const tiles_job *job = context;
    const tile_grid *g = job->grid;
    int tiles = job->images * g->tiles;
    float *pixels = job->pixels + (size_t)w->thread * g->pixels;
    float *sums = job->sums + (size_t)w->thread * sums_count(g);
    ptrdiff_t point = (ptrdiff_t)tiles * LANES, groups = groups_of(job->y->c);
    for (int p = 0; p < g->points; p++)
        w->kernels->tile_product(&(tile_product){.a = job->points + p * point_stride(g, job->ic),
                                                 .b = job->layer->packed + (p * groups + group) * job->ic * LANES,
                                                 .y = sums + p * point,
                                                 .rows = tiles,
                                                 .terms = job->ic,
                                                 .a_row = conv_tiles_stride(job->ic),
                                                 .a_term = 1,
                                                 .b_term = LANES,
                                                 .y_row = LANES});
    for (int image = 0; image < job->images; image++) {
        winograd_tiles k = {.pixels = pixels,
                            .row = g->row,
                            .height = g->h,
                            .width = g->w,
                            .dilation = g->dilation,
                            .points = sums + image * g->tiles * LANES,
                            .point_stride = point,
                            .tile_stride = LANES};
        (g->side == WINOGRAD_LARGE ? w->kernels->winograd_tiles_output : w->kernels->winograd_small_tiles_output)(&k);
        scatter(job, job->first + image, group * LANES, pixels);
    }
}

size_t conv_tiles_scratch(const engine *e, const tile_grid *g, int ic) {
    return conv_tiles_points(g, ic) + (size_t)engine_threads(e) * (g->pixels + sums_count(g));
}

void conv_tiles_run(const conv_run *run, const tile_grid *g, const tensor *x, const tiles_layer *layer,
                    const tensor *y) {
    engine *e = run->engine;
    tiles_input in = {.grid = g, .x = x, .norm = run->norm, .points = run->scratch};
    in.pixels = in.points + conv_tiles_points(g, x->c);
    tiles_job job = {.grid = g, .layer = layer, .y = y, .ic = x->c, .points = in.points, .pixels = in.pixels};
    job.sums = job.pixels + (size_t)engine_threads(e) * g->pixels;
    for (int first = 0; first < y->n; first += g->images) {
        in.first = job.first = first;
        in.images = job.images = y->n - first < g->images ? y->n - first : g->images;
        conv_tiles_transform(e, &in);
        parallel_for(e, groups_of(y->c), convolve_group, &job);
    }
    conv_call_hook(run, y);
}
