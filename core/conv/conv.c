#include "core/conv/conv.h"

#include "core/base/parallel.h"
#include "core/conv/conv_gemm.h"
#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"

#include <string.h>

/* Rows of a partial sum. Fixed, so that sums do not depend on the number of threads. */
enum { BAND = 16 }; /* a multiple of CONV_BAND */

int conv_output_size(int input, int kernel, const conv_options *o) {
    int span = o->dilation * (kernel - 1) + 1;
    int room = input + 2 * o->padding - span;
    return room < 0 ? 0 : room / o->stride + 1;
}

static int bands(const tensor *t) {
    return (t->h + BAND - 1) / BAND;
}

/* Whether the direct kernel can run a stride-1 convolution with this padding: it reads at most one row and
 * TENSOR_HALO columns beyond the plane, and stores whole vectors, whose ends fall into the halo. Maps of 1x1 pixels
 * have none. Narrow maps with many channels leave most lanes idle: GEMM is faster. */
static bool direct_fits(const tensor *x, const tensor *y, const conv_options *o, int padding_h, int padding_w) {
    if (o->stride != 1 || tensor_is_dense(x) || tensor_is_dense(y) || padding_h < 0 || padding_h > 1 || padding_w < 0 ||
        padding_w > TENSOR_HALO)
        return false;
    return y->w >= 16 || x->c * y->c <= 16 * 16;
}

static bool forward_is_direct(const tensor *x, const tensor *y, const conv_options *o) {
    return direct_fits(x, y, o, o->padding, o->padding);
}

/* The kernel of the weights' gradient, which sums over lanes in the end, wants wider maps. */
static bool weight_gradient_is_direct(const tensor *x, const tensor *dy, const conv_options *o) {
    return forward_is_direct(x, dy, o) && (dy->w >= 32 || x->c * dy->c <= 16 * 16);
}

/* The gradient of the input is a convolution of dy with the turned kernel; its padding complements. */
static bool input_gradient_is_direct(const tensor *dy, const tensor *dx, const conv_options *o) {
    return direct_fits(dy, dx, o, o->dilation * (o->kh - 1) - o->padding, o->dilation * (o->kw - 1) - o->padding);
}

static size_t partial_count(int oc, int ic, const conv_options *o) {
    /* A cache line of its own for each partial, so that threads do not share lines. */
    return ((size_t)oc * (size_t)ic * (size_t)(o->kh * o->kw) + (size_t)oc + 15) / 16 * 16;
}

static size_t larger_size(size_t a, size_t b) {
    return a > b ? a : b;
}

/* A copy of x for its normalised values; a vector more, which the last row may be read by. */
static size_t copy_count(const tensor *x) {
    return (tensor_footprint(x) + 2 * TENSOR_HALO - 1) / TENSOR_HALO * TENSOR_HALO;
}

/* The rows of one image that a band of output rows reads. */
static tensor strip_of(const tensor *x, const conv_options *o) {
    return tensor_planar(1, x->c, BAND + o->dilation * (o->kh - 1), x->w);
}

static size_t strip_count(const tensor *x, const conv_options *o) {
    tensor strip = strip_of(x, o);
    return copy_count(&strip);
}

/* Normalised inputs, at the front of the scratch: a strip for each thread, or a copy of the whole for the way that
 * knows no bands. Winograd's kernels normalise what they fetch, but not all three functions need take that way. */
static size_t norm_count(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    if (!o->norm)
        return 0;
    size_t strips = forward_is_direct(x, y, o) ? (size_t)engine_threads(e) * strip_count(x, o) : 0;
    return weight_gradient_is_direct(x, y, o) ? strips : larger_size(strips, copy_count(x));
}

static size_t forward_work(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    size_t winograd = conv_winograd_pays(x, y, o) && !o->exact ? conv_winograd_scratch(e, x->c, y->c) : 0;
    if (!forward_is_direct(x, y, o))
        return conv_gemm_forward_scratch(e, x, y, o);
    return winograd ? winograd : conv_packed_count(y->c, x->c, o->kh, o->kw);
}

static size_t input_gradient_work(const engine *e, const tensor *dy, const tensor *dx, const conv_options *o) {
    if (conv_winograd_pays(dy, dx, o))
        return conv_winograd_scratch(e, dy->c, dx->c);
    return input_gradient_is_direct(dy, dx, o) ? conv_packed_count(dx->c, dy->c, o->kh, o->kw)
                                               : conv_gemm_gradient_scratch(e, dy, o);
}

static size_t weight_gradient_work(const engine *e, const tensor *x, const tensor *dy, const conv_options *o) {
    if (conv_winograd_weight_pays(x, dy, o))
        return conv_winograd_weight_scratch(e, x, dy);
    return weight_gradient_is_direct(x, dy, o) ? partial_count(dy->c, x->c, o) * (size_t)dy->n * (size_t)bands(dy)
                                               : conv_gemm_gradient_scratch(e, dy, o);
}

size_t conv_forward_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    return norm_count(e, x, y, o) + forward_work(e, x, y, o);
}

size_t conv_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    conv_options inexact = *o;
    inexact.exact = false;
    size_t forward = larger_size(forward_work(e, x, y, o), forward_work(e, x, y, &inexact));
    size_t gradients = larger_size(input_gradient_work(e, y, x, o), weight_gradient_work(e, x, y, o));
    return norm_count(e, x, y, o) + larger_size(forward, gradients);
}

typedef struct norm_job {
    const tensor *from, *to;
    const conv_norm *norm;
} norm_job;

static void normalise_plane(const worker *w, void *context, int plane) {
    const norm_job *job = context;
    const tensor *x = job->from;
    int c = plane % x->c;
    w->kernels->plane_affine((plane_shape){x->h, x->w, x->row}, x->data + plane * x->plane, job->norm->scale[c],
                             job->norm->shift[c], true, job->to->data + plane * x->plane);
}

/* norm(x), in `memory`, halo included. */
static tensor normalised(engine *e, const tensor *x, const conv_norm *norm, float *memory) {
    tensor copy = *x;
    memset(memory, 0, copy_count(x) * sizeof *memory);
    copy.data = memory + tensor_origin(x);
    parallel_for(e, x->n * x->c, normalise_plane, &(norm_job){x, &copy, norm});
    return copy;
}

/* Rows of x, normalised a band at a time. */
typedef struct norm_strips {
    const tensor *x;
    const conv_norm *norm; /* NULL: there are none */
    tensor first;          /* strip of the first thread */
    int padding_h, padding_w;
} norm_strips;

static norm_strips strips_of(const engine *e, const tensor *x, const conv_options *o, float *memory) {
    norm_strips s = {.x = x, .norm = o->norm, .padding_h = o->padding, .padding_w = o->padding};
    if (!o->norm)
        return s;
    s.first = strip_of(x, o);
    s.first.data = memory + tensor_origin(&s.first);
    memset(memory, 0, (size_t)engine_threads(e) * copy_count(&s.first) * sizeof *memory); /* the halos */
    return s;
}

/* The rows of x that output rows y0 .. y1 - 1 read, normalised, into this thread's strip; zero outside the image.
 * Returns what a kernel, which counts rows from the image's first, takes for its input. */
static const float *fill_strip(const worker *w, const norm_strips *s, int image, int y0, int y1) {
    const tensor *x = s->x;
    tensor strip = s->first;
    strip.data += (size_t)w->thread * copy_count(&strip);
    int first = y0 - s->padding_h, last = y1 - s->padding_h + strip.h - BAND;
    int top = first < 0 ? 0 : first, bottom = last > x->h ? x->h : last;
    for (int c = 0; c < x->c; c++) {
        float *to = strip.data + c * strip.plane;
        w->kernels->plane_affine((plane_shape){bottom - top, x->w, x->row}, tensor_plane(x, image, c) + top * x->row,
                                 s->norm->scale[c], s->norm->shift[c], true, to + (top - first) * strip.row);
        for (int row = first; row < last; row++)
            if (row < 0 || row >= x->h)
                memset(to + (row - first) * strip.row, 0, (size_t)x->w * sizeof *to);
    }
    return strip.data - y0 * strip.row - s->padding_w;
}

typedef struct rows_job {
    conv_rows kernel;
    const tensor *x, *y;
    const conv_hook *hook;
    norm_strips strips;
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
    if (job->strips.norm) {
        k.input = fill_strip(w, &job->strips, n, y0, y1);
        k.input_plane = job->strips.first.plane;
    }
    w->kernels->conv_rows(&k, y0, y1);
    if (job->hook)
        job->hook->rows_done(w, job->hook->context, n, y0, y1);
}

/* For the ways that know no bands. */
static void call_hook(const engine *e, const conv_hook *hook, const tensor *y) {
    worker w = parallel_caller(e);
    for (int n = 0; hook && n < y->n; n++)
        hook->rows_done(&w, hook->context, n, 0, y->h);
}

static void direct(engine *e, const tensor *x, const tensor *y, const conv_options *o, int padding_h, int padding_w,
                   const float *packed, const float *bias, bool relu, bool accumulate, norm_strips strips) {
    rows_job job = {
        .kernel = {.input = x->data - padding_h * x->row - padding_w,
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
                   .weight = packed,
                   .bias = bias,
                   .relu = relu,
                   .accumulate = accumulate},
        .x = x,
        .y = y,
        .hook = o->hook,
        .strips = strips,
    };
    parallel_for(e, y->n * items_of_image(y), run_rows, &job);
}

void conv_forward(engine *e, const tensor *x, const float *weight, const float *bias, const conv_options *o, bool relu,
                  const tensor *y, float *scratch) {
    float *normal = scratch;
    scratch += norm_count(e, x, y, o);
    if (conv_winograd_pays(x, y, o) && !o->exact) {
        conv_winograd(e, x, weight, bias, &(conv_winograd_options){.norm = o->norm, .relu = relu, .hook = o->hook}, y,
                      scratch);
    } else if (forward_is_direct(x, y, o)) {
        conv_pack_weights(weight, y->c, x->c, o->kh, o->kw, false, scratch);
        direct(e, x, y, o, o->padding, o->padding, scratch, bias, relu, false, strips_of(e, x, o, normal));
    } else {
        tensor copy = o->norm ? normalised(e, x, o->norm, normal) : *x;
        conv_gemm_forward(e, &copy, weight, bias, o, relu, y, scratch);
        call_hook(e, o->hook, y);
    }
}

void conv_input_gradient(engine *e, const tensor *dy, const float *weight, const conv_options *o, bool accumulate,
                         const tensor *dx, float *scratch) {
    if (conv_winograd_pays(dy, dx, o)) {
        conv_winograd(e, dy, weight, NULL,
                      &(conv_winograd_options){.transposed = true, .accumulate = accumulate, .hook = o->hook}, dx,
                      scratch);
    } else if (input_gradient_is_direct(dy, dx, o)) {
        conv_pack_weights(weight, dy->c, dx->c, o->kh, o->kw, true, scratch);
        direct(e, dy, dx, o, o->dilation * (o->kh - 1) - o->padding, o->dilation * (o->kw - 1) - o->padding, scratch,
               NULL, false, accumulate, (norm_strips){.norm = NULL});
    } else {
        conv_gemm_input_gradient(e, dy, weight, o, accumulate, dx, scratch);
        call_hook(e, o->hook, dx);
    }
}

typedef struct weight_job {
    conv_weight_rows kernel;
    const tensor *x, *dy;
    size_t partial_count;
    norm_strips strips;
} weight_job;

static void run_weight_rows(const worker *w, void *context, int item) {
    const weight_job *job = context;
    int count = bands(job->dy), n = item / count, y0 = item % count * BAND;
    conv_weight_rows k = job->kernel;
    k.input += n * job->x->c * job->x->plane;
    k.output_grad += n * job->dy->c * job->dy->plane;
    k.partial += (size_t)item * job->partial_count;
    int y1 = y0 + BAND < job->dy->h ? y0 + BAND : job->dy->h;
    if (job->strips.norm) {
        k.input = fill_strip(w, &job->strips, n, y0, y1);
        k.input_plane = job->strips.first.plane;
    }
    w->kernels->conv_weight_rows(&k, y0, y1);
}

void conv_weight_gradient(engine *e, const tensor *x, const tensor *dy, const conv_options *o, float *dweight,
                          float *dbias, float *scratch) {
    if (conv_winograd_weight_pays(x, dy, o)) {
        conv_winograd_weight_gradient(e, x, o->norm, dy, dweight, dbias, scratch);
        return;
    }
    float *normal = scratch;
    scratch += norm_count(e, x, dy, o);
    if (!weight_gradient_is_direct(x, dy, o)) {
        tensor copy = o->norm ? normalised(e, x, o->norm, normal) : *x;
        conv_gemm_weight_gradient(e, &copy, dy, o, dweight, dbias, scratch);
        return;
    }
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
                   .partial = scratch},
        .x = x,
        .dy = dy,
        .partial_count = partial_count(dy->c, x->c, o),
        .strips = strips_of(e, x, o, normal),
    };
    int items = dy->n * bands(dy);
    parallel_for(e, items, run_weight_rows, &job);
    /* In a fixed order: bands, then images. */
    size_t weights = (size_t)dy->c * (size_t)x->c * (size_t)(o->kh * o->kw);
    for (int item = 0; item < items; item++) {
        const float *partial = scratch + (size_t)item * job.partial_count;
        for (size_t i = 0; i < weights; i++)
            dweight[i] += partial[i];
        if (dbias)
            for (int c = 0; c < dy->c; c++)
                dbias[c] += partial[weights + (size_t)c];
    }
}
