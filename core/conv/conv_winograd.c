#include "core/conv/conv_winograd.h"

#include "core/tensor/kernels.h"

#include <string.h>

enum { BLOCK = WINOGRAD_BLOCK };

/* Rows of one work item: those of a pass, which has four rows of tiles where half a vector of them, as wide as two
 * vectors of pixels, spans the map. */
static int band_rows(const kernel_table *table, const tensor *y) {
    int two_vectors = table->winograd_padded(1);
    return y->w <= two_vectors ? 4 * CONV_BAND : 2 * CONV_BAND;
}

static int blocks_of(int channels) {
    return (channels + BLOCK - 1) / BLOCK;
}

size_t conv_winograd_packed_count(winograd_side side, int oc, int ic) {
    return (size_t)(side * side) * (size_t)blocks_of(oc) * BLOCK * (size_t)ic;
}

/* Whole tiles of a map, and enough products for each transformed one. */
bool conv_winograd_pays(int ic, int oc, int width) {
    return width >= 32 && ic >= 8 && oc >= 8;
}

bool conv_winograd_fits(const conv_task *t) {
    const conv_options *o = &t->o;
    return o->kh == 3 && o->kw == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1 &&
           !tensor_is_dense(&t->x) && !tensor_is_dense(&t->y);
}

static bool applies(conv_direction d, const conv_task *t) {
    return conv_winograd_fits(t) && !(d == CONV_FORWARD && t->o.exact);
}

/* The gradient of the weights pads the output channels to two vectors. */
static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    bool enough = d != CONV_WEIGHT_GRADIENT || (t->y.c >= 16 && t->x.c * t->y.c >= 256);
    return enough && conv_winograd_pays(t->x.c, t->y.c, t->y.w);
}

/* Numbers of one block of output channels, side by side. */
typedef struct lanes {
    double v[BLOCK];
} lanes;

/* G of winograd_rows.c: rows [1, p, p^2] / N(p) for the points p = 0, +-a, +-b, and infinity, with a^2 = 1/2, b^2 = 2
 * and N(p) the product of p's distances from the other finite points. */
static void large_points(const lanes *g0, const lanes *g1, const lanes *g2, lanes u[6]) {
    const double a = 0.70710678118654752, b = 1.41421356237309505;
    for (int i = 0; i < BLOCK; i++) {
        double even1 = g0->v[i] + 0.5 * g2->v[i], even2 = g0->v[i] + 2 * g2->v[i];
        u[0].v[i] = g0->v[i];
        u[1].v[i] = (even1 + a * g1->v[i]) * (-1 / 1.5);
        u[2].v[i] = (even1 - a * g1->v[i]) * (-1 / 1.5);
        u[3].v[i] = (even2 + b * g1->v[i]) * (1.0 / 6);
        u[4].v[i] = (even2 - b * g1->v[i]) * (1.0 / 6);
        u[5].v[i] = g2->v[i];
    }
}

/* G of winograd_small_rows.c: the same for 0, +-1 and infinity; signs are left to B and A. */
static void small_points(const lanes *g0, const lanes *g1, const lanes *g2, lanes u[4]) {
    for (int i = 0; i < BLOCK; i++) {
        double even = g0->v[i] + g2->v[i];
        u[0].v[i] = g0->v[i];
        u[1].v[i] = 0.5 * (even + g1->v[i]);
        u[2].v[i] = 0.5 * (even - g1->v[i]);
        u[3].v[i] = g2->v[i];
    }
}

/* The taps of one input channel and one block of output channels. */
static void gather_taps(const float *weight, int oc, int ic, bool transposed, int block, int i, lanes g[9]) {
    for (int lane = 0; lane < BLOCK; lane++) {
        int o = block * BLOCK + lane;
        const float *taps = weight + (transposed ? (ptrdiff_t)i * oc + o : (ptrdiff_t)o * ic + i) * 9;
        for (int tap = 0; tap < 9; tap++)
            g[tap].v[lane] = o < oc ? taps[transposed ? 8 - tap : tap] : 0;
    }
}

typedef struct pack_job {
    int side;
    void (*points)(const lanes *g0, const lanes *g1, const lanes *g2, lanes *u);
    const float *weight;
    int oc, ic;
    bool transposed;
    float *packed;
} pack_job;

/* G g G^T for one block of output channels. */
static void pack_block(const worker *w, void *context, int block) {
    (void)w;
    const pack_job *job = context;
    int side = job->side;
    size_t point_stride = (size_t)blocks_of(job->oc) * (size_t)job->ic * BLOCK;
    float *packed = job->packed + (size_t)block * (size_t)job->ic * BLOCK;
    for (int i = 0; i < job->ic; i++, packed += BLOCK) {
        lanes g[9], columns[3][6], rows[6];
        gather_taps(job->weight, job->oc, job->ic, job->transposed, block, i, g);
        for (int ky = 0; ky < 3; ky++)
            job->points(&g[3 * ky], &g[3 * ky + 1], &g[3 * ky + 2], columns[ky]);
        for (int q = 0; q < side; q++) {
            job->points(&columns[0][q], &columns[1][q], &columns[2][q], rows);
            for (int p = 0; p < side; p++)
                for (int lane = 0; lane < BLOCK; lane++)
                    packed[(size_t)(p * side + q) * point_stride + lane] = (float)rows[p].v[lane];
        }
    }
}

void conv_winograd_pack(engine *e, winograd_side side, const float *weight, int oc, int ic, bool transposed,
                        float *packed) {
    pack_job job = {.side = side,
                    .points = side == WINOGRAD_LARGE ? large_points : small_points,
                    .weight = weight,
                    .oc = oc,
                    .ic = ic,
                    .transposed = transposed,
                    .packed = packed};
    parallel_for(e, blocks_of(oc), pack_block, &job);
}

winograd_input conv_winograd_input(const tensor *x, const conv_norm *norm) {
    return (winograd_input){.pixels = x->data,
                            .row = x->row,
                            .plane = x->plane,
                            .channels = x->c,
                            .height = x->h,
                            .width = x->w,
                            .scale = norm ? norm->scale : NULL,
                            .shift = norm ? norm->shift : NULL};
}

typedef struct winograd_job {
    winograd_side side;
    winograd_rows kernel;
    const tensor *x, *y;
    const conv_hook *hook;
    float *per_thread;
    size_t per_thread_count;
} winograd_job;

static int bands(const kernel_table *table, const tensor *y) {
    int rows = band_rows(table, y);
    return (y->h + rows - 1) / rows;
}

static void run_band(const worker *w, void *context, int item) {
    const winograd_job *job = context;
    int rows = band_rows(w->kernels, job->y), count = bands(w->kernels, job->y), n = item / count,
        y0 = item % count * rows;
    int y1 = y0 + rows < job->y->h ? y0 + rows : job->y->h;
    winograd_rows k = job->kernel;
    k.input.pixels += n * job->x->c * job->x->plane;
    k.output += n * job->y->c * job->y->plane;
    float *scratch = job->per_thread + (size_t)w->thread * job->per_thread_count;
    (job->side == WINOGRAD_LARGE ? w->kernels->winograd_rows : w->kernels->winograd_small_rows)(&k, y0, y1, scratch);
    if (job->hook)
        job->hook->rows_done(w, job->hook->context, n, y0, y1);
}

void conv_winograd_run(const conv_run *run, winograd_side side, winograd_rows k, const tensor *x, const tensor *y) {
    k.output = y->data;
    k.output_row = y->row;
    k.output_plane = y->plane;
    k.oc = y->c;
    winograd_job job = {.side = side,
                        .kernel = k,
                        .x = x,
                        .y = y,
                        .hook = run->hook,
                        .per_thread = run->scratch,
                        .per_thread_count = engine_kernels(run->engine)->winograd_scratch(x->c, y->c)};
    parallel_for(run->engine, y->n * bands(engine_kernels(run->engine), y), run_band, &job);
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed, const float *bias,
                    bool relu, const tensor *y) {
    (void)o;
    winograd_rows k = {.input = conv_winograd_input(x, run->norm), .weight = packed, .bias = bias, .relu = relu};
    conv_winograd_run(run, WINOGRAD_LARGE, k, x, y);
}

/* A convolution of dy with channels swapped and taps turned by 180 degrees, which packing does. */
static void input_gradient(const conv_options *o, const conv_run *run, const tensor *dy, const float *packed,
                           bool accumulate, const tensor *dx) {
    (void)o;
    winograd_rows k = {.input = conv_winograd_input(dy, NULL), .weight = packed, .accumulate = accumulate};
    conv_winograd_run(run, WINOGRAD_LARGE, k, dy, dx);
}

/* Rows of one partial sum: long enough that adding the partial sums up costs little, short enough for many threads. */
enum { WEIGHT_BAND = 64 };

typedef struct weight_job {
    winograd_weight_rows kernel;
    const tensor *x, *dy;
    float *partials, *per_thread;
    double *bias_sums; /* [item][oc] */
    size_t partial_count, per_thread_count;
    int padded;
    float *dweight, *dbias;
} weight_job;

static int weight_bands(const tensor *dy) {
    return (dy->h + WEIGHT_BAND - 1) / WEIGHT_BAND;
}

static size_t weight_partial_count(const kernel_table *table, int ic, int oc) {
    return (size_t)WINOGRAD_POINTS * (size_t)ic * (size_t)table->winograd_padded(oc);
}

/* Partial sums, each by one work item over a stretch of all bands: one for each band, or fewer where many channels make
 * them large. */
static int weight_items(const kernel_table *table, const tensor *x, const tensor *dy) {
    enum { MOST_FLOATS = 16 * 1024 * 1024 };
    int bands_of_all = dy->n * weight_bands(dy), room = (int)(MOST_FLOATS / weight_partial_count(table, x->c, dy->c));
    room = room < 2 ? 2 : room;
    return bands_of_all < room ? bands_of_all : room;
}

static size_t weight_scratch(const kernel_table *table, const tensor *x, const tensor *dy) {
    size_t items = (size_t)weight_items(table, x, dy);
    return items * (weight_partial_count(table, x->c, dy->c) + 2 * (size_t)(dy->c + BLOCK));
}

/* Adds one band of one image. */
static void add_weight_band(const worker *w, const weight_job *job, int band, winograd_weight_rows k,
                            double *bias_sums) {
    const tensor *dy = job->dy;
    int count = weight_bands(dy), n = band / count, y0 = band % count * WEIGHT_BAND;
    int y1 = y0 + WEIGHT_BAND < dy->h ? y0 + WEIGHT_BAND : dy->h;
    k.input.pixels += n * job->x->c * job->x->plane;
    k.output_grad += n * dy->c * dy->plane;
    w->kernels->winograd_weight_rows(&k, y0, y1, job->per_thread + (size_t)w->thread * job->per_thread_count);
    for (int c = 0; c < dy->c && job->dbias; c++)
        bias_sums[c] +=
            w->kernels->plane_sum((plane_shape){y1 - y0, dy->w, dy->row}, k.output_grad + c * dy->plane + y0 * dy->row);
}

static void run_weight_item(const worker *w, void *context, int item) {
    const weight_job *job = context;
    const tensor *dy = job->dy;
    int64_t all = (int64_t)dy->n * weight_bands(dy), items = weight_items(w->kernels, job->x, dy);
    winograd_weight_rows k = job->kernel;
    double *bias_sums = job->bias_sums + item * dy->c;
    k.partial = job->partials + (size_t)item * job->partial_count;
    memset(k.partial, 0, job->partial_count * sizeof *k.partial);
    memset(bias_sums, 0, (size_t)dy->c * sizeof *bias_sums);
    for (int64_t band = all * item / items; band < all * (item + 1) / items; band++)
        add_weight_band(w, job, (int)band, k, bias_sums);
}

/* g = G^T u, G as in kernel_points. */
static void weight_taps(const double u[6], double g[3]) {
    const double a = 0.70710678118654752, b = 1.41421356237309505;
    double even1 = -(u[1] + u[2]) / 1.5, odd1 = -a * (u[1] - u[2]) / 1.5;
    double even2 = (u[3] + u[4]) / 6, odd2 = b * (u[3] - u[4]) / 6;
    g[0] = u[0] + even1 + even2;
    g[1] = odd1 + odd2;
    g[2] = 0.5 * even1 + 2 * even2 + u[5];
}

/* Adds up the partial sums of one input channel in a fixed order, and transforms them back. */
static void finish_weights(const worker *w, void *context, int i) {
    const weight_job *job = context;
    int ic = job->x->c, oc = job->dy->c, items = weight_items(w->kernels, job->x, job->dy);
    for (int o = 0; o < oc; o++) {
        double points[6][6], columns[3][6], taps[3];
        for (int point = 0; point < WINOGRAD_POINTS; point++) {
            const float *at = job->partials + ((size_t)point * ic + (size_t)i) * (size_t)job->padded + o;
            double sum = 0;
            for (int item = 0; item < items; item++)
                sum += at[(size_t)item * job->partial_count];
            points[point % 6][point / 6] = sum;
        }
        for (int q = 0; q < 6; q++) {
            weight_taps(points[q], taps);
            for (int ky = 0; ky < 3; ky++)
                columns[ky][q] = taps[ky];
        }
        for (int ky = 0; ky < 3; ky++) {
            weight_taps(columns[ky], taps);
            for (int kx = 0; kx < 3; kx++)
                job->dweight[((size_t)o * ic + (size_t)i) * 9 + (size_t)(ky * 3 + kx)] += (float)taps[kx];
        }
    }
}

static void weight_gradient(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias) {
    (void)o;
    const kernel_table *table = engine_kernels(run->engine);
    int items = weight_items(table, x, dy);
    weight_job job = {
        .kernel = {.input = conv_winograd_input(x, run->norm),
                   .output_grad = dy->data,
                   .output_row = dy->row,
                   .output_plane = dy->plane,
                   .oc = dy->c},
        .x = x,
        .dy = dy,
        .partials = run->scratch,
        .partial_count = weight_partial_count(table, x->c, dy->c),
        .per_thread_count = table->winograd_scratch(x->c, dy->c),
        .padded = table->winograd_padded(dy->c),
        .dweight = dweight,
        .dbias = dbias,
    };
    job.per_thread = run->scratch + (size_t)items * job.partial_count;
    job.bias_sums = (double *)(void *)(job.per_thread + (size_t)engine_threads(run->engine) * job.per_thread_count);
    parallel_for(run->engine, items, run_weight_item, &job);
    parallel_for(run->engine, x->c, finish_weights, &job);
    for (int c = 0; c < dy->c && dbias; c++) {
        double sum = 0;
        for (int item = 0; item < items; item++)
            sum += job.bias_sums[item * dy->c + c];
        dbias[c] += (float)sum;
    }
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    const kernel_table *table = engine_kernels(e);
    bool back = d == CONV_INPUT_GRADIENT;
    size_t pass = table->winograd_scratch(back ? t->y.c : t->x.c, back ? t->x.c : t->y.c);
    return (size_t)engine_threads(e) * pass + (d == CONV_WEIGHT_GRADIENT ? weight_scratch(table, &t->x, &t->y) : 0);
}

static size_t packed(conv_direction d, const conv_task *t) {
    bool back = d == CONV_INPUT_GRADIENT;
    return conv_winograd_packed_count(WINOGRAD_LARGE, back ? t->x.c : t->y.c, back ? t->y.c : t->x.c);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    bool back = d == CONV_INPUT_GRADIENT;
    conv_winograd_pack(e, WINOGRAD_LARGE, weight, back ? t->x.c : t->y.c, back ? t->y.c : t->x.c, back, out);
}

const conv_strategy conv_winograd = {.name = "winograd",
                                     .applies = applies,
                                     .pays = pays,
                                     .scratch = scratch,
                                     .packed = packed,
                                     .pack = pack,
                                     .forward = forward,
                                     .input_gradient = input_gradient,
                                     .weight_gradient = weight_gradient};
