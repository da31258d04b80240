/* Convolution by Fourier transforms of tiles, see conv_strategy.h: stride 1, wide kernels, between several channels.
 *
 * A tile of S x S pixels of x, of which neighbours overlap by the kernel's sides less 1, gives V x V pixels of y
 * (overlap and save): per frequency y[o] = sum_i w[o,i] x[i], w the spectrum of the turned kernel. Two tiles, as the
 * real and the imaginary part of one, share a transform, since kernels are real. The gradient of the input is such a
 * convolution with other kernels; that of the weights is x correlated with tiles of dy that are V x V and zero beyond:
 *
 *     g[o,i] = sum over tiles of conj(dy[o]) x[i]
 *
 * where of a pair of tiles z = x + i x', v = dy + i dy' the real part of conj(v) z is the sum of both.
 *
 * Rounding errors are smaller than those of sums over so many taps, but relative to a whole pair of tiles, not to each
 * window: what is not finite in one pixel reaches all that its pair gives. */
#include "core/conv/conv_strategy.h"

#include "core/tensor/kernels.h"

#include <string.h>

enum { SIDE = FOURIER_SIDE, POINTS = FOURIER_POINTS, BLOCK = FOURIER_BLOCK, BLOCKS = POINTS / BLOCK };
enum { LEAST_TAPS = 49, MOST_SIDE = SIDE / 2 + 1 }; /* of a kernel */

static int max(int a, int b) {
    return a > b ? a : b;
}

static bool applies(conv_direction d, const conv_task *t) {
    (void)d;
    const conv_options *o = &t->o;
    return o->stride == 1 && o->dilation == 1 && o->kh * o->kw >= LEAST_TAPS && max(o->kh, o->kw) <= MOST_SIDE;
}

/* --- tiles --- */

/* The tiles of an output, and pairs of them. */
typedef struct tiling {
    int high, wide; /* V in both directions: pixels that one tile gives */
    int across;     /* tiles beside each other */
    int tiles, pairs;
} tiling;

static tiling tiling_of(const tensor *y, const conv_options *o) {
    tiling g = {.high = SIDE - o->kh + 1, .wide = SIDE - o->kw + 1};
    g.across = (y->w + g.wide - 1) / g.wide;
    g.tiles = g.across * ((y->h + g.high - 1) / g.high);
    g.pairs = (g.tiles + 1) / 2;
    return g;
}

/* Floats of spectra: for each block of frequencies those of all rows x columns tiles. */
static size_t spectra(int rows, int columns) {
    return (size_t)BLOCKS * (size_t)rows * (size_t)columns * 2 * BLOCK;
}

/* The part of a spectrum that stands in block number `block`. */
static float *part_of(float *all, int count, int block, int index) {
    return all + ((size_t)block * (size_t)count + (size_t)index) * 2 * BLOCK;
}

/* A tile of complex numbers of one thread. */
typedef struct tile {
    float *re, *im;
} tile;

static tile tile_of(const worker *w, float *memory) {
    float *re = memory + (size_t)w->thread * 2 * POINTS;
    return (tile){re, re + POINTS};
}

static size_t tiles_count(const engine *e) {
    return (size_t)engine_threads(e) * 2 * POINTS;
}

static void tile_store(tile t, float *all, int count, int index) {
    for (int block = 0; block < BLOCKS; block++) {
        float *to = part_of(all, count, block, index);
        memcpy(to, t.re + block * BLOCK, BLOCK * sizeof *to);
        memcpy(to + BLOCK, t.im + block * BLOCK, BLOCK * sizeof *to);
    }
}

static void tile_load(tile t, float *all, int count, int index) {
    for (int block = 0; block < BLOCKS; block++) {
        const float *from = part_of(all, count, block, index);
        memcpy(t.re + block * BLOCK, from, BLOCK * sizeof *from);
        memcpy(t.im + block * BLOCK, from + BLOCK, BLOCK * sizeof *from);
    }
}

/* A map that tiles are cut from or pasted to. */
typedef struct tiled_map {
    const tensor *t;
    tiling grid;
    int image;
    int above, left;       /* zeros that it is seen with */
    int rows, columns;     /* pixels of a tile; zero beyond */
    const conv_norm *norm; /* NULL: as it is */
    float *spectra;
} tiled_map;

/* Pixels in common of the tile's rows (or columns) and the map's. */
typedef struct span {
    int from, to; /* in the tile */
    int at;       /* of the first, in the map */
} span;

static span span_of(int start, int length, int size) {
    int from = max(0, -start), to = start + length > size ? size - start : length;
    return (span){from, max(from, to), start + from};
}

static span rows_of(const tiled_map *m, int index, int length) {
    return span_of(index / m->grid.across * m->grid.high - m->above, length, m->t->h);
}

static span columns_of(const tiled_map *m, int index, int length) {
    return span_of(index % m->grid.across * m->grid.wide - m->left, length, m->t->w);
}

/* One real tile; zeros where the map has no pixels. */
static void cut(const tiled_map *m, int channel, int index, float *to) {
    memset(to, 0, POINTS * sizeof *to);
    if (index >= m->grid.tiles)
        return;
    span rows = rows_of(m, index, m->rows), columns = columns_of(m, index, m->columns);
    for (int y = rows.from; y < rows.to; y++) {
        const float *from = tensor_plane(m->t, m->image, channel) + (rows.at + y - rows.from) * m->t->row + columns.at;
        float *row = to + y * SIDE + columns.from;
        for (int x = 0; x < columns.to - columns.from; x++) {
            float value = from[x];
            if (m->norm) {
                value = m->norm->scale[channel] * value + m->norm->shift[channel];
                value = value <= 0 ? 0 : value; /* written so that a NaN stays one */
            }
            row[x] = value;
        }
    }
}

static void transform_pair(const worker *w, const tiled_map *m, int channel, int pair, tile t) {
    cut(m, channel, 2 * pair, t.re);
    cut(m, channel, 2 * pair + 1, t.im);
    w->kernels->fourier_tile(t.re, t.im);
}

/* --- the convolution and the gradient of the input --- */

typedef struct fourier_job {
    tiled_map in, out;
    float *kernels; /* spectra, out channels x in channels */
    float *tiles;   /* of the threads */
    const float *bias;
    bool relu, accumulate;
    float *dweight;
    int kh, kw;
} fourier_job;

static void transform_item(const worker *w, void *context, int item) {
    const fourier_job *job = context;
    int pairs = job->in.grid.pairs;
    tile t = tile_of(w, job->tiles);
    transform_pair(w, &job->in, item / pairs, item % pairs, t);
    tile_store(t, job->in.spectra, job->in.t->c * pairs, item);
}

static void multiply_block(const worker *w, void *context, int block) {
    const fourier_job *job = context;
    int ic = job->in.t->c, oc = job->out.t->c, pairs = job->in.grid.pairs;
    w->kernels->fourier_product(&(fourier_product){.a = part_of(job->kernels, oc * ic, block, 0),
                                                   .b = part_of(job->in.spectra, ic * pairs, block, 0),
                                                   .y = part_of(job->out.spectra, oc * pairs, block, 0),
                                                   .rows = oc,
                                                   .terms = ic,
                                                   .columns = pairs,
                                                   .a_row = ic,
                                                   .a_term = 1,
                                                   .b_term = pairs,
                                                   .b_column = 1});
}

/* What a real tile gives of the output. */
static void paste(const fourier_job *job, int channel, int index, const float *from) {
    const tiled_map *m = &job->out;
    if (index >= m->grid.tiles)
        return;
    span rows = rows_of(m, index, m->grid.high), columns = columns_of(m, index, m->grid.wide);
    float bias = job->bias ? job->bias[channel] : 0;
    for (int y = rows.from; y < rows.to; y++) {
        const float *row = from + y * SIDE + columns.from;
        float *to = tensor_plane(m->t, m->image, channel) + (rows.at + y - rows.from) * m->t->row + columns.at;
        for (int x = 0; x < columns.to - columns.from; x++) {
            float value = row[x] * (1.0f / POINTS) + (job->accumulate ? to[x] : bias);
            to[x] = job->relu && value <= 0 ? 0 : value;
        }
    }
}

static void invert_item(const worker *w, void *context, int item) {
    const fourier_job *job = context;
    int pairs = job->out.grid.pairs, channel = item / pairs, pair = item % pairs;
    tile t = tile_of(w, job->tiles);
    tile_load(t, job->out.spectra, job->out.t->c * pairs, item);
    w->kernels->fourier_tile(t.im, t.re);
    paste(job, channel, 2 * pair, t.re);
    paste(job, channel, 2 * pair + 1, t.im);
}

static void convolve(const conv_run *run, fourier_job *job) {
    for (int image = 0; image < job->in.t->n; image++) {
        job->in.image = job->out.image = image;
        parallel_for(run->engine, job->in.t->c * job->in.grid.pairs, transform_item, job);
        parallel_for(run->engine, BLOCKS, multiply_block, job);
        parallel_for(run->engine, job->out.t->c * job->out.grid.pairs, invert_item, job);
    }
    conv_call_hook(run, job->out.t);
}

/* in: what is convolved, seen with that many zeros above and left of it; out: the result. */
static fourier_job job_of(const conv_options *o, const conv_run *run, const tensor *in, const tensor *out, int above,
                          int left) {
    tiling grid = tiling_of(out, o);
    fourier_job job = {
        .in = {.t = in, .grid = grid, .above = above, .left = left, .rows = SIDE, .columns = SIDE, .norm = run->norm},
        .out = {.t = out, .grid = grid, .rows = grid.high, .columns = grid.wide},
        .kh = o->kh,
        .kw = o->kw};
    job.in.spectra = run->scratch;
    job.out.spectra = job.in.spectra + spectra(in->c, grid.pairs);
    job.tiles = job.out.spectra + spectra(out->c, grid.pairs);
    return job;
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed, const float *bias,
                    bool relu, const tensor *y) {
    fourier_job job = job_of(o, run, x, y, o->padding, o->padding);
    job.kernels = (float *)packed;
    job.bias = bias;
    job.relu = relu;
    convolve(run, &job);
}

static void input_gradient(const conv_options *o, const conv_run *run, const tensor *dy, const float *packed,
                           bool accumulate, const tensor *dx) {
    fourier_job job = job_of(o, run, dy, dx, o->kh - 1 - o->padding, o->kw - 1 - o->padding);
    job.in.norm = NULL;
    job.kernels = (float *)packed;
    job.accumulate = accumulate;
    convolve(run, &job);
}

/* --- kernels --- */

typedef struct pack_job {
    const conv_task *task;
    bool turned; /* those of the gradient of the input: channels exchanged, taps in reverse */
    const float *weight;
    float *packed;
} pack_job;

static size_t packed(conv_direction d, const conv_task *t) {
    (void)d;
    return spectra(t->x.c, t->y.c);
}

/* Correlating is convolving with the turned kernel: tap (ky, kx) stands at (-ky, -kx), counted round the tile. */
static void pack_kernel(const worker *w, void *context, int index) {
    const pack_job *job = context;
    const conv_task *t = job->task;
    int kh = t->o.kh, kw = t->o.kw, columns = job->turned ? t->y.c : t->x.c;
    int row = index / columns, column = index % columns;
    const float *taps = job->weight + (size_t)(job->turned ? column * t->x.c + row : index) * (size_t)(kh * kw);
    float memory[2 * POINTS] __attribute__((aligned(64))) = {0};
    tile of = {memory, memory + POINTS};
    for (int ky = 0; ky < kh; ky++)
        for (int kx = 0; kx < kw; kx++) {
            int y = job->turned ? kh - 1 - ky : ky, x = job->turned ? kw - 1 - kx : kx;
            of.re[(SIDE - y) % SIDE * SIDE + (SIDE - x) % SIDE] = taps[ky * kw + kx];
        }
    w->kernels->fourier_tile(of.re, of.im);
    tile_store(of, job->packed, t->x.c * t->y.c, index);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    pack_job job = {t, d == CONV_INPUT_GRADIENT, weight, out};
    parallel_for(e, t->x.c * t->y.c, pack_kernel, &job);
}

/* --- the gradient of the weights --- */

/* conj(v): all pixels at (-y, -x), counted round the tile, the imaginary part with another sign. */
static void turn_round(tile t, tile to) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int at = (SIDE - y) % SIDE * SIDE + (SIDE - x) % SIDE;
            to.re[at] = t.re[y * SIDE + x];
            to.im[at] = -t.im[y * SIDE + x];
        }
}

static void transform_turned_item(const worker *w, void *context, int item) {
    const fourier_job *job = context;
    int pairs = job->out.grid.pairs;
    float memory[2 * POINTS] __attribute__((aligned(64)));
    tile t = tile_of(w, job->tiles), turned = {memory, memory + POINTS};
    cut(&job->out, item / pairs, item % pairs * 2, t.re);
    cut(&job->out, item / pairs, item % pairs * 2 + 1, t.im);
    turn_round(t, turned);
    w->kernels->fourier_tile(turned.re, turned.im);
    tile_store(turned, job->out.spectra, job->out.t->c * pairs, item);
}

static void correlate_block(const worker *w, void *context, int block) {
    const fourier_job *job = context;
    int ic = job->in.t->c, oc = job->out.t->c, pairs = job->in.grid.pairs;
    w->kernels->fourier_product(&(fourier_product){.a = part_of(job->out.spectra, oc * pairs, block, 0),
                                                   .b = part_of(job->in.spectra, ic * pairs, block, 0),
                                                   .y = part_of(job->kernels, oc * ic, block, 0),
                                                   .rows = oc,
                                                   .terms = pairs,
                                                   .columns = ic,
                                                   .a_row = pairs,
                                                   .a_term = 1,
                                                   .b_term = 1,
                                                   .b_column = pairs,
                                                   .accumulate = job->accumulate});
}

static void invert_kernel(const worker *w, void *context, int index) {
    const fourier_job *job = context;
    tile t = tile_of(w, job->tiles);
    tile_load(t, job->kernels, job->out.t->c * job->in.t->c, index);
    w->kernels->fourier_tile(t.im, t.re);
    float *to = job->dweight + (size_t)index * (size_t)(job->kh * job->kw);
    for (int ky = 0; ky < job->kh; ky++)
        for (int kx = 0; kx < job->kw; kx++)
            to[ky * job->kw + kx] += t.re[ky * SIDE + kx] * (1.0f / POINTS);
}

typedef struct bias_job {
    const tensor *dy;
    float *dbias;
} bias_job;

static void sum_channel(const worker *w, void *context, int c) {
    const bias_job *job = context;
    const tensor *dy = job->dy;
    for (int image = 0; image < dy->n; image++)
        job->dbias[c] += (float)w->kernels->plane_sum((plane_shape){dy->h, dy->w, dy->row}, tensor_plane(dy, image, c));
}

static void weight_gradient(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias) {
    fourier_job job = job_of(o, run, x, dy, o->padding, o->padding);
    job.kernels = job.tiles + tiles_count(run->engine);
    job.dweight = dweight;
    for (int image = 0; image < x->n; image++) {
        job.in.image = job.out.image = image;
        job.accumulate = image > 0;
        parallel_for(run->engine, x->c * job.in.grid.pairs, transform_item, &job);
        parallel_for(run->engine, dy->c * job.in.grid.pairs, transform_turned_item, &job);
        parallel_for(run->engine, BLOCKS, correlate_block, &job);
    }
    parallel_for(run->engine, dy->c * x->c, invert_kernel, &job);
    if (dbias)
        parallel_for(run->engine, dy->c, sum_channel, &(bias_job){dy, dbias});
}

/* --- the choice --- */

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    tiling grid = tiling_of(d == CONV_INPUT_GRADIENT ? &t->x : &t->y, &t->o);
    size_t kernels = d == CONV_WEIGHT_GRADIENT ? spectra(t->x.c, t->y.c) : 0;
    return spectra(t->x.c + t->y.c, grid.pairs) + tiles_count(e) + kernels;
}

/* In multiply-adds of the other strategies, measured: a transform takes 8 us where those do 20 a ns. */
#define TRANSFORM_COST (60.0 * POINTS)
#define PRODUCT_COST (5.0 * POINTS)

static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    double channels = t->x.c + t->y.c, kernels = (double)t->x.c * t->y.c, images = t->y.n;
    double pairs = tiling_of(d == CONV_INPUT_GRADIENT ? &t->x : &t->y, &t->o).pairs;
    double transforms = images * pairs * channels + kernels, products = images * pairs * kernels;
    double direct = kernels * images * t->y.h * t->y.w * t->o.kh * t->o.kw;
    return TRANSFORM_COST * transforms + PRODUCT_COST * products < direct;
}

const conv_strategy conv_fourier = {.name = "fourier",
                                    .applies = applies,
                                    .pays = pays,
                                    .scratch = scratch,
                                    .packed = packed,
                                    .pack = pack,
                                    .forward = forward,
                                    .input_gradient = input_gradient,
                                    .weight_gradient = weight_gradient};
