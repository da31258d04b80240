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

static int whole_blocks(int channels, int block) {
    return (channels + block - 1) / block * block;
}

size_t conv_winograd_packed_count(winograd_side side, int block, int oc, int ic) {
    return (size_t)(side * side) * (size_t)whole_blocks(oc, block) * (size_t)ic;
}

bool conv_winograd_pays(int ic, int oc, int width) {
    return width >= WINOGRAD_LEAST_WIDTH && ic >= WINOGRAD_LEAST_CHANNELS && oc >= WINOGRAD_LEAST_CHANNELS;
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
    enum { LEAST_OUTPUTS = 16, LEAST_KERNELS = 256 };
    bool enough = d != CONV_WEIGHT_GRADIENT || (t->y.c >= LEAST_OUTPUTS && t->x.c * t->y.c >= LEAST_KERNELS);
    return enough && conv_winograd_pays(t->x.c, t->y.c, t->y.w);
}

typedef struct pack_job {
    winograd_side side;
    int oc;
    winograd_weights weights; /* of the first block */
} pack_job;

/* G g G^T for one block of output channels. */
static void pack_block(const worker *w, void *context, int item) {
    const pack_job *job = context;
    winograd_weights k = job->weights;
    int first = item * k.block, rest = job->oc - first;
    k.outputs = rest < k.block ? rest : k.block;
    k.weight += first * k.output_stride;
    k.packed += first * k.inputs;
    (job->side == WINOGRAD_LARGE ? w->kernels->winograd_pack : w->kernels->winograd_small_pack)(&k);
}

void conv_winograd_pack(engine *e, winograd_side side, int block, const float *weight, int oc, int ic, bool transposed,
                        float *packed) {
    pack_job job = {.side = side, .oc = oc};
    job.weights = (winograd_weights){.weight = weight,
                                     .input_stride = transposed ? (ptrdiff_t)oc * 9 : 9,
                                     .output_stride = transposed ? 9 : (ptrdiff_t)ic * 9,
                                     .inputs = ic,
                                     .block = block,
                                     .turned = transposed,
                                     .packed = packed,
                                     .point_stride = (ptrdiff_t)whole_blocks(oc, block) * ic};
    parallel_for(e, whole_blocks(oc, block) / block, pack_block, &job);
}

size_t conv_winograd_task_packed(winograd_side side, int block, conv_direction d, const conv_task *t) {
    bool back = d == CONV_INPUT_GRADIENT;
    return conv_winograd_packed_count(side, block, back ? t->x.c : t->y.c, back ? t->y.c : t->x.c);
}

void conv_winograd_pack_task(engine *e, winograd_side side, int block, conv_direction d, const conv_task *t,
                             const float *weight, float *packed) {
    bool back = d == CONV_INPUT_GRADIENT;
    conv_winograd_pack(e, side, block, weight, back ? t->x.c : t->y.c, back ? t->y.c : t->x.c, back, packed);
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

/* Adds up the partial sums of one input channel in a fixed order, and transforms them back. */
static void finish_weights(const worker *w, void *context, int i) {
    const weight_job *job = context;
    int ic = job->x->c, oc = job->dy->c;
    for (int o = 0; o < oc; o += BLOCK)
        w->kernels->winograd_taps(&(winograd_sums){.sums = job->partials + i * job->padded + o,
                                                   .items = weight_items(w->kernels, job->x, job->dy),
                                                   .outputs = oc - o < BLOCK ? oc - o : BLOCK,
                                                   .item_stride = (ptrdiff_t)job->partial_count,
                                                   .point_stride = (ptrdiff_t)ic * job->padded,
                                                   .dweight = job->dweight + ((ptrdiff_t)o * ic + i) * 9,
                                                   .output_stride = (ptrdiff_t)ic * 9});
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
    return conv_winograd_task_packed(WINOGRAD_LARGE, BLOCK, d, t);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    conv_winograd_pack_task(e, WINOGRAD_LARGE, BLOCK, d, t, weight, out);
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
