/* Convolution by the direct kernels on rows (kernels.h), see conv_strategy.h: stride 1, padding inside the halo, which
 * is one row high. What is padded with more rows, or normalised while it is read, is copied a band at a time. */
#include "core/conv/conv_strategy.h"

#include "core/tensor/kernels.h"

#include <string.h>

/* Rows of a partial sum. Fixed, so that sums do not depend on the number of threads. */
enum { BAND = 16 }; /* a multiple of CONV_BAND */

static int bands(const tensor *t) {
    return (t->h + BAND - 1) / BAND;
}

/* The zeros that a direction's convolution sees above and left of its input. The gradient of the input is a convolution
 * of dy with the turned kernel; its padding complements. */
typedef struct margins {
    int above, left;
} margins;

static margins margins_of(conv_direction d, const conv_options *o) {
    if (d == CONV_INPUT_GRADIENT)
        return (margins){o->dilation * (o->kh - 1) - o->padding, o->dilation * (o->kw - 1) - o->padding};
    return (margins){o->padding, o->padding};
}

/* The kernels read TENSOR_HALO columns beyond the plane, and store whole vectors, whose ends fall into the halo. Maps
 * of 1x1 pixels have none. */
static bool applies(conv_direction d, const conv_task *t) {
    margins m = margins_of(d, &t->o);
    return t->o.stride == 1 && !tensor_is_dense(&t->x) && !tensor_is_dense(&t->y) && m.above >= 0 && m.left >= 0 &&
           m.left <= TENSOR_HALO;
}

/* Narrow maps with many channels leave most lanes idle. The gradient of the weights, which sums over lanes in the end,
 * wants wider ones. */
static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    enum { LEAST_WIDTH = 16, LEAST_WIDTH_OF_WEIGHTS = 32, FEW_KERNELS = 16 * 16 };
    int width = d == CONV_INPUT_GRADIENT ? t->x.w : t->y.w;
    int least = d == CONV_WEIGHT_GRADIENT ? LEAST_WIDTH_OF_WEIGHTS : LEAST_WIDTH;
    return width >= least || t->x.c * t->y.c <= FEW_KERNELS;
}

static size_t packed(conv_direction d, const conv_task *t) {
    bool turned = d == CONV_INPUT_GRADIENT;
    return conv_packed_count(turned ? t->x.c : t->y.c, turned ? t->y.c : t->x.c, t->o.kh, t->o.kw);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    (void)e;
    conv_pack_weights(weight, t->y.c, t->x.c, t->o.kh, t->o.kw, d == CONV_INPUT_GRADIENT, out);
}

/* --- copies of a band of rows --- */

static bool copies(conv_direction d, const conv_options *o) {
    return margins_of(d, o).above > 1 || (o->normalised && d != CONV_INPUT_GRADIENT);
}

/* The rows of one image that a band of output rows reads. */
static tensor strip_of(const tensor *x, const conv_options *o) {
    return tensor_planar(1, x->c, BAND + o->dilation * (o->kh - 1), x->w);
}

static size_t strips_count(const engine *e, conv_direction d, const tensor *x, const conv_options *o) {
    tensor strip = strip_of(x, o);
    return copies(d, o) ? (size_t)engine_threads(e) * conv_copy_count(&strip) : 0;
}

typedef struct strips {
    const tensor *x;
    const conv_norm *norm; /* NULL: as it is */
    margins m;
    tensor first; /* strip of the first thread; no data: x is read itself */
} strips;

static strips strips_of(conv_direction d, const conv_options *o, const conv_run *run, const tensor *x) {
    strips s = {.x = x, .norm = d == CONV_INPUT_GRADIENT ? NULL : run->norm, .m = margins_of(d, o)};
    if (!copies(d, o))
        return s;
    s.first = strip_of(x, o);
    s.first.data = run->scratch + tensor_origin(&s.first);
    memset(run->scratch, 0, strips_count(run->engine, d, x, o) * sizeof *run->scratch); /* the halos */
    return s;
}

/* The rows of x that output rows y0 .. y1 - 1 read, normalised if asked for, into this thread's strip; zero outside the
 * image. Returns what a kernel, which counts rows from the image's first, takes for its input. */
static const float *fill_strip(const worker *w, const strips *s, int image, int y0, int y1) {
    const tensor *x = s->x;
    tensor strip = s->first;
    strip.data += (size_t)w->thread * conv_copy_count(&strip);
    int first = y0 - s->m.above, last = y1 - s->m.above + strip.h - BAND;
    int top = first < 0 ? 0 : first, bottom = last > x->h ? x->h : last;
    for (int c = 0; c < x->c; c++) {
        const float *from = tensor_plane(x, image, c);
        float *to = strip.data + c * strip.plane - first * strip.row; /* of row 0 */
        if (s->norm)
            w->kernels->plane_affine((plane_shape){bottom - top, x->w, x->row}, from + top * x->row, s->norm->scale[c],
                                     s->norm->shift[c], true, to + top * strip.row);
        for (int row = first; row < last; row++)
            if (row < 0 || row >= x->h)
                memset(to + row * strip.row, 0, (size_t)x->w * sizeof *to);
            else if (!s->norm)
                memcpy(to + row * strip.row, from + row * x->row, (size_t)x->w * sizeof *to);
    }
    return strip.data - y0 * strip.row - s->m.left;
}

/* --- forward, and the gradient of the input --- */

typedef struct rows_job {
    conv_rows kernel;
    const tensor *x, *y;
    const conv_hook *hook;
    strips strips;
} rows_job;

/* Rows of one work item; fewer where a small map would otherwise leave threads without work. */
static int item_rows(const tensor *y) {
    return y->h <= 2 * BAND ? CONV_BAND : BAND;
}

static int items_of_image(const tensor *y) {
    return (y->h + item_rows(y) - 1) / item_rows(y);
}

static void run_rows(const worker *w, void *context, int item) {
    const rows_job *job = context;
    int count = items_of_image(job->y), n = item / count, y0 = item % count * item_rows(job->y);
    int y1 = y0 + item_rows(job->y) < job->y->h ? y0 + item_rows(job->y) : job->y->h;
    conv_rows k = job->kernel;
    k.input += n * job->x->c * job->x->plane;
    k.output += n * job->y->c * job->y->plane;
    if (job->strips.first.data) {
        k.input = fill_strip(w, &job->strips, n, y0, y1);
        k.input_plane = job->strips.first.plane;
    }
    w->kernels->conv_rows(&k, y0, y1);
    if (job->hook)
        job->hook->rows_done(w, job->hook->context, n, y0, y1);
}

static conv_rows kernel_of(const conv_options *o, margins m, const tensor *x, const float *weight, const tensor *y) {
    return (conv_rows){.input = x->data - m.above * x->row - m.left,
                       .input_row = x->row,
                       .input_plane = x->plane,
                       .output = y->data,
                       .output_row = y->row,
                       .output_plane = y->plane,
                       .ic = x->c,
                       .oc = y->c,
                       .width = y->w,
                       .kh = o->kh,
                       .kw = o->kw,
                       .dilation = o->dilation,
                       .weight = weight};
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed, const float *bias,
                    bool relu, const tensor *y) {
    rows_job job = {.kernel = kernel_of(o, margins_of(CONV_FORWARD, o), x, packed, y),
                    .x = x,
                    .y = y,
                    .hook = run->hook,
                    .strips = strips_of(CONV_FORWARD, o, run, x)};
    job.kernel.bias = bias;
    job.kernel.relu = relu;
    parallel_for(run->engine, y->n * items_of_image(y), run_rows, &job);
}

static void input_gradient(const conv_options *o, const conv_run *run, const tensor *dy, const float *packed,
                           bool accumulate, const tensor *dx) {
    rows_job job = {.kernel = kernel_of(o, margins_of(CONV_INPUT_GRADIENT, o), dy, packed, dx),
                    .x = dy,
                    .y = dx,
                    .hook = run->hook,
                    .strips = strips_of(CONV_INPUT_GRADIENT, o, run, dy)};
    job.kernel.accumulate = accumulate;
    parallel_for(run->engine, dx->n * items_of_image(dx), run_rows, &job);
}

/* --- the gradient of the weights --- */

/* A cache line of its own for each partial sum, so that threads do not share lines. */
static size_t partial_count(int oc, int ic, const conv_options *o) {
    return conv_round_up((size_t)oc * (size_t)ic * (size_t)(o->kh * o->kw) + (size_t)oc);
}

typedef struct weight_job {
    conv_weight_rows kernel;
    const tensor *x, *dy;
    size_t partial_count;
    strips strips;
} weight_job;

static void run_weight_rows(const worker *w, void *context, int item) {
    const weight_job *job = context;
    int count = bands(job->dy), n = item / count, y0 = item % count * BAND;
    conv_weight_rows k = job->kernel;
    k.input += n * job->x->c * job->x->plane;
    k.output_grad += n * job->dy->c * job->dy->plane;
    k.partial += (size_t)item * job->partial_count;
    int y1 = y0 + BAND < job->dy->h ? y0 + BAND : job->dy->h;
    if (job->strips.first.data) {
        k.input = fill_strip(w, &job->strips, n, y0, y1);
        k.input_plane = job->strips.first.plane;
    }
    w->kernels->conv_weight_rows(&k, y0, y1);
}

static void weight_gradient(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias) {
    float *partials = run->scratch + strips_count(run->engine, CONV_WEIGHT_GRADIENT, x, o);
    weight_job job = {
        .kernel = {.input = x->data - o->padding * x->row - o->padding,
                   .input_row = x->row,
                   .input_plane = x->plane,
                   .output_grad = dy->data,
                   .output_row = dy->row,
                   .output_plane = dy->plane,
                   .ic = x->c,
                   .oc = dy->c,
                   .width = dy->w,
                   .kh = o->kh,
                   .kw = o->kw,
                   .dilation = o->dilation,
                   .partial = partials},
        .x = x,
        .dy = dy,
        .partial_count = partial_count(dy->c, x->c, o),
        .strips = strips_of(CONV_WEIGHT_GRADIENT, o, run, x),
    };
    int items = dy->n * bands(dy);
    parallel_for(run->engine, items, run_weight_rows, &job);
    /* In a fixed order: bands, then images. */
    size_t weights = (size_t)dy->c * (size_t)x->c * (size_t)(o->kh * o->kw);
    for (int item = 0; item < items; item++) {
        const float *partial = partials + (size_t)item * job.partial_count;
        for (size_t i = 0; i < weights; i++)
            dweight[i] += partial[i];
        if (dbias)
            for (int c = 0; c < dy->c; c++)
                dbias[c] += partial[weights + (size_t)c];
    }
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    size_t partials = partial_count(t->y.c, t->x.c, &t->o) * (size_t)t->y.n * (size_t)bands(&t->y);
    return strips_count(e, d, d == CONV_INPUT_GRADIENT ? &t->y : &t->x, &t->o) +
           (d == CONV_WEIGHT_GRADIENT ? partials : 0);
}

const conv_strategy conv_direct = {.name = "direct",
                                   .applies = applies,
                                   .pays = pays,
                                   .scratch = scratch,
                                   .packed = packed,
                                   .pack = pack,
                                   .forward = forward,
                                   .input_gradient = input_gradient,
                                   .weight_gradient = weight_gradient};
