#include "core/conv/conv_bytes.h"

#include "core/base/carve.h"
#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    LEAST_CHANNELS = 16,  /* a block: with fewer most products would be of zeros */
    MOST_CHANNELS = 2048, /* products that a sum may have */
    TAPS = 9,
    ROWS = 4, /* of one work item */
    MOST_BYTE = 255,
    MOST_WEIGHT = 127
};
#define MOST_BIAS 0x1p29 /* in steps of a sum, which is a 32-bit integer */

bool conv_bytes_begins(const tensor *x) {
    return !tensor_is_dense(x) && x->c < WINOGRAD_LEAST_CHANNELS;
}

bool conv_bytes_pays(int ic, int oc) {
    return ic >= LEAST_CHANNELS && oc >= LEAST_CHANNELS && ic <= MOST_CHANNELS;
}

static int whole_blocks(int channels) {
    return (channels + BYTE_BLOCK - 1) / BYTE_BLOCK * BYTE_BLOCK;
}

/* --- layout of the scratch --- */

/* A layer after the first, ready for the kernel. */
typedef struct packed_layer {
    int8_t *weight;
    int32_t *bias;
    float *scale;
} packed_layer;

typedef struct scratch_parts {
    float *first;   /* its packed weights */
    float *factors; /* from its output to 8 bits */
    packed_layer packed[BYTES_MOST_LAYERS];
    uint8_t *maps[2]; /* which layers fill in turns */
    float *strips;    /* ROWS rows of the first layer's output, for each thread */
} scratch_parts;

static ptrdiff_t map_row(int width, int pixel) {
    return ((ptrdiff_t)(width + BYTE_PIXELS - 1) / BYTE_PIXELS * BYTE_PIXELS + 2) * pixel;
}

static tensor strip_of(const conv_bytes_plan *p) {
    return tensor_planar(1, p->channels[0], ROWS, p->y.w);
}

static size_t strip_count(const conv_bytes_plan *p) {
    tensor strip = strip_of(p);
    return tensor_footprint(&strip) + TENSOR_HALO;
}

static scratch_parts carve_parts(const conv_bytes_plan *p, const engine *e, carver *c) {
    scratch_parts s = {.first = carve(c, conv_packed_count(p->channels[0], p->x.c, 3, 3), sizeof *s.first)};
    s.factors = carve(c, (size_t)p->channels[0], sizeof *s.factors);
    int widest = 0;
    for (int i = 1; i < p->layers; i++) {
        size_t in = (size_t)whole_blocks(p->channels[i - 1]), out = (size_t)whole_blocks(p->channels[i]);
        s.packed[i] = (packed_layer){.weight = carve(c, TAPS * in * out, sizeof(int8_t)),
                                     .bias = carve(c, out, sizeof(int32_t)),
                                     .scale = carve(c, out, sizeof(float))};
        widest = (int)in > widest ? (int)in : widest;
    }
    for (int i = 0; i < 2; i++)
        s.maps[i] = carve(c, (size_t)(p->y.h + 2) * (size_t)map_row(p->y.w, widest), 1);
    s.strips = carve(c, (size_t)engine_threads(e) * strip_count(p), sizeof *s.strips);
    return s;
}

conv_bytes_plan conv_bytes_plan_new(const engine *e, const tensor *x, const int *channels, int layers,
                                    const tensor *y) {
    assert(layers >= 2 && layers <= BYTES_MOST_LAYERS);
    conv_bytes_plan p = {.x = *x, .y = *y, .layers = layers};
    memcpy(p.channels, channels, (size_t)layers * sizeof *channels);
    carver measure = {0};
    carve_parts(&p, e, &measure);
    p.scratch = measure.used / sizeof(float);
    return p;
}

typedef struct chain_job {
    const conv_bytes_plan *plan;
    const byte_layer *layers;
    const tensor *x, *y;
    scratch_parts parts;
    int layer, image; /* of the loop that runs */
} chain_job;

/* --- weights --- */

/* What a byte's step is worth. */
static double step_of(const byte_layer *layer, int channel) {
    return (double)layer->ranges[channel] / MOST_BYTE;
}

/* Channel o of a layer: what a step of its sum is worth, in double. A weight counts by what its channel makes of it;
 * steps are those of the largest, wider only where the bias would not fit otherwise. */
static double step_of_sum(const byte_layer *layer, int ic, int o) {
    const streamed_conv *conv = &layer->conv;
    const float *of = conv->weight + (ptrdiff_t)o * ic * TAPS;
    double largest = 0, bias = conv->bias ? fabs((double)conv->bias[o]) : 0;
    for (int i = 0; i < ic; i++)
        for (int tap = 0; tap < TAPS; tap++) {
            double size = fabs(of[i * TAPS + tap] * step_of(layer - 1, i));
            largest = size > largest ? size : largest;
        }
    double step = fmax(largest / MOST_WEIGHT, bias / MOST_BIAS);
    return step > 0 ? step : 1;
}

/* One output channel of a layer after the first, as kernels.h wants it; zeros where none is left in a block. */
static void pack_channel(const worker *w, void *context, int o) {
    (void)w;
    const chain_job *job = context;
    const byte_layer *layer = &job->layers[job->layer], *before = layer - 1;
    const packed_layer *to = &job->parts.packed[job->layer];
    int ic = job->plan->channels[job->layer - 1], quads = whole_blocks(ic) / 4;
    bool exists = o < layer->conv.channels, is_last = job->layer == job->plan->layers - 1;
    double step = exists ? step_of_sum(layer, ic, o) : 1, bias = exists && layer->conv.bias ? layer->conv.bias[o] : 0;
    int8_t *packed = to->weight + (ptrdiff_t)(o / BYTE_BLOCK) * TAPS * quads * BYTE_BLOCK * 4 + o % BYTE_BLOCK * 4;
    for (int i = 0; i < quads * 4; i++) {
        const float *weight = exists && i < ic ? layer->conv.weight + ((ptrdiff_t)o * ic + i) * TAPS : NULL;
        double unit = weight ? step / step_of(before, i) : 1;
        for (int tap = 0; tap < TAPS; tap++) {
            long rounded = weight ? lrint(weight[tap] / unit) : 0;
            packed[(((ptrdiff_t)tap / 3 * quads + i / 4) * 3 + tap % 3) * BYTE_BLOCK * 4 + i % 4] = (int8_t)rounded;
            bias += weight ? (weight[tap] - (double)rounded * unit) * before->means[i] : 0;
        }
    }
    to->bias[o] = (int32_t)lrint(bias / step);
    to->scale[o] = exists ? (float)(is_last ? step : step / step_of(layer, o)) : 0;
}

/* --- maps --- */

/* The output of a layer but the last. */
static byte_map map_of(const chain_job *job, int layer) {
    int pixel = whole_blocks(job->plan->channels[layer]);
    ptrdiff_t row = map_row(job->y->w, pixel);
    return (byte_map){job->parts.maps[layer % 2] + row + pixel, row, pixel};
}

/* Zeros around rows y0 .. y1 - 1, which are the padding of the next convolution. */
static void clear_border(const byte_map *m, int h, int w, int y0, int y1) {
    uint8_t *first = m->pixels - m->row - m->pixel;
    if (y0 == 0)
        memset(first, 0, (size_t)m->row);
    if (y1 == h)
        memset(first + (h + 1) * m->row, 0, (size_t)m->row);
    for (int y = y0; y < y1; y++) {
        memset(m->pixels + y * m->row - m->pixel, 0, (size_t)m->pixel);
        memset(m->pixels + y * m->row + w * (ptrdiff_t)m->pixel, 0, (size_t)m->pixel);
    }
}

static int last_row(const chain_job *job, int y0) {
    return y0 + ROWS < job->y->h ? y0 + ROWS : job->y->h;
}

static void run_first(const worker *w, void *context, int item) {
    const chain_job *job = context;
    const tensor *x = job->x;
    const streamed_conv *conv = &job->layers[0].conv;
    tensor strip = strip_of(job->plan);
    float *rows = job->parts.strips + (size_t)w->thread * strip_count(job->plan) + tensor_origin(&strip);
    int y0 = item * ROWS, y1 = last_row(job, y0);
    byte_map map = map_of(job, 0);
    w->kernels->conv_rows(&(conv_rows){.input = tensor_plane(x, job->image, 0) - x->row - 1,
                                       .input_row = x->row,
                                       .input_plane = x->plane,
                                       .output = rows - y0 * strip.row,
                                       .output_row = strip.row,
                                       .output_plane = strip.plane,
                                       .ic = x->c,
                                       .oc = conv->channels,
                                       .width = x->w,
                                       .kh = 3,
                                       .kw = 3,
                                       .dilation = 1,
                                       .weight = job->parts.first,
                                       .bias = conv->bias,
                                       .relu = conv->relu},
                          y0, y1);
    w->kernels->byte_rows(&(byte_rows){.planes = rows - y0 * strip.row,
                                       .row = strip.row,
                                       .plane = strip.plane,
                                       .channels = conv->channels,
                                       .width = x->w,
                                       .factors = job->parts.factors,
                                       .output = map},
                          y0, y1);
    clear_border(&map, x->h, x->w, y0, y1);
}

static void run_layer(const worker *w, void *context, int item) {
    const chain_job *job = context;
    const tensor *y = job->y;
    const packed_layer *packed = &job->parts.packed[job->layer];
    int y0 = item * ROWS, y1 = last_row(job, y0);
    conv_byte_rows k = {.input = map_of(job, job->layer - 1),
                        .width = y->w,
                        .oc = job->plan->channels[job->layer],
                        .weight = packed->weight,
                        .bias = packed->bias,
                        .scale = packed->scale};
    if (job->layer == job->plan->layers - 1) {
        k.planes = tensor_plane(y, job->image, 0);
        k.plane_row = y->row;
        k.plane = y->plane;
        k.relu = job->layers[job->layer].conv.relu;
        w->kernels->conv_byte_rows(&k, y0, y1);
        return;
    }
    k.output = map_of(job, job->layer);
    w->kernels->conv_byte_rows(&k, y0, y1);
    clear_border(&k.output, y->h, y->w, y0, y1);
}

void conv_bytes(const conv_bytes_plan *p, engine *e, const tensor *x, const byte_layer *layers, const tensor *y,
                float *scratch) {
    carver c = {.base = scratch};
    chain_job job = {.plan = p, .layers = layers, .x = x, .y = y, .parts = carve_parts(p, e, &c)};
    int items = (y->h + ROWS - 1) / ROWS;
    conv_pack_weights(layers[0].conv.weight, p->channels[0], x->c, 3, 3, false, job.parts.first);
    for (int i = 0; i < p->channels[0]; i++)
        job.parts.factors[i] = (float)(1 / step_of(&layers[0], i));
    for (job.layer = 1; job.layer < p->layers; job.layer++)
        parallel_for(e, whole_blocks(p->channels[job.layer]), pack_channel, &job);
    for (job.image = 0; job.image < y->n; job.image++) {
        parallel_for(e, items, run_first, &job);
        for (job.layer = 1; job.layer < p->layers; job.layer++)
            parallel_for(e, items, run_layer, &job);
    }
}
