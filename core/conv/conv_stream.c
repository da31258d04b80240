#include "core/conv/conv_stream.h"

#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"

#include <string.h>

enum {
    TILE = 4,           /* rows that a Winograd pass makes */
    RING = 2 * TILE,    /* rows of the map between: those that TILE rows of the output read, and no more */
    SEGMENT = 8 * TILE, /* rows of one work item */
    LEAST_SEGMENT = 4 * TILE,
    NARROW = 64,                        /* maps of that width gain more from passes of two rows of tiles */
    CACHE_BYTES = 1024 * 1024,          /* of one processor: a map of less stays there anyway */
    LAST_CACHE_BYTES = 16 * 1024 * 1024 /* a map of more has left it before it is read */
};

/* RING rows of one thread. Image row y lies in row (y + 1) mod RING, so that the TILE rows y0 - 1, y0, ... that a pass
 * makes for a segment beginning at y0 lie together. */
static tensor ring_of(int channels, int width) {
    return tensor_planar(1, channels, RING, width);
}

static bool first_is_direct(const tensor *x) {
    return x->c < WINOGRAD_LEAST_CHANNELS;
}

bool conv_stream_pays(const tensor *x, int channels, const tensor *y) {
    tensor between = tensor_planar(1, channels, y->h, y->w);
    bool fits = !tensor_is_dense(x) && (first_is_direct(x) || conv_winograd_pays(x->c, channels, y->w));
    return fits && y->w > NARROW && conv_winograd_pays(channels, y->c, y->w) &&
           tensor_footprint(&between) * sizeof(float) > CACHE_BYTES;
}

/* Both packed weights lie one after the other. */
static size_t packed_first(const conv_stream_plan *p) {
    int ic = p->x.c, oc = p->channels;
    return conv_round_up(first_is_direct(&p->x) ? conv_packed_count(oc, ic, 3, 3)
                                                : conv_winograd_packed_count(WINOGRAD_LARGE, WINOGRAD_BLOCK, oc, ic));
}

static size_t packed_both(const conv_stream_plan *p) {
    return packed_first(p) +
           conv_round_up(conv_winograd_packed_count(WINOGRAD_LARGE, WINOGRAD_BLOCK, p->y.c, p->channels));
}

static void pack_both(const conv_stream_plan *p, engine *e, const float *first, const float *second, float *packed) {
    if (first_is_direct(&p->x))
        conv_pack_weights(first, p->channels, p->x.c, 3, 3, false, packed);
    else
        conv_winograd_pack(e, WINOGRAD_LARGE, WINOGRAD_BLOCK, first, p->channels, p->x.c, false, packed);
    conv_winograd_pack(e, WINOGRAD_LARGE, WINOGRAD_BLOCK, second, p->y.c, p->channels, false, packed + packed_first(p));
}

static size_t kernel_scratch(const engine *e, const conv_stream_plan *p) {
    int most = p->x.c > p->y.c ? p->x.c : p->y.c;
    most = most > p->channels ? most : p->channels;
    return engine_kernels(e)->winograd_scratch(most, most);
}

static size_t ring_count(const conv_stream_plan *p) {
    tensor ring = ring_of(p->channels, p->y.w);
    return tensor_footprint(&ring) + TENSOR_HALO;
}

/* A border lies between two segments: TILE rows of the map between that both need, from the upper one's last row on.
 * They are made before the segments, which then read no row of x but their own. */
static tensor border_of(const conv_stream_plan *p) {
    return tensor_planar(1, p->channels, TILE, p->y.w);
}

static size_t border_count(const conv_stream_plan *p) {
    tensor border = border_of(p);
    return tensor_footprint(&border);
}

static int segments_of(const conv_stream_plan *p) {
    return (p->y.h + p->segment - 1) / p->segment;
}

static int items_of(const conv_stream_plan *p, int images) {
    return images * segments_of(p);
}

static int borders_of(const conv_stream_plan *p, int images) {
    return images * (segments_of(p) - 1);
}

conv_stream_plan conv_stream_plan_new(const engine *e, const tensor *x, int channels, const tensor *y) {
    conv_stream_plan p = {.x = *x, .y = *y, .channels = channels, .segment = SEGMENT};
    while (p.segment > LEAST_SEGMENT && items_of(&p, y->n) < engine_threads(e))
        p.segment /= 2;
    p.scratch = packed_both(&p) + (size_t)engine_threads(e) * (ring_count(&p) + kernel_scratch(e, &p)) +
                (size_t)borders_of(&p, y->n) * border_count(&p);
    return p;
}

size_t conv_stream_plan_keeps(const conv_stream_plan *p) {
    return conv_keeping_pays(&p->y) ? packed_both(p) : 0;
}

void conv_stream_plan_keep(conv_stream_plan *p, float *memory) {
    if (!memory)
        return;
    p->kept = (kept_weights){.packed = memory};
    p->scratch -= packed_both(p);
}

static uint64_t fingerprint(engine *e, const streamed_conv *conv, int ic) {
    return conv->fingerprint ? conv->fingerprint
                             : weights_fingerprint(e, conv->weight, (size_t)conv->channels * (size_t)ic * 9);
}

/* The packed weights: those kept, or in the scratch. */
static const float *packed_weights(conv_stream_plan *p, engine *e, const streamed_conv *first,
                                   const streamed_conv *second, float *scratch) {
    if (!p->kept.packed) {
        pack_both(p, e, first->weight, second->weight, scratch);
        return scratch;
    }
    uint64_t prints[2] = {fingerprint(e, first, p->x.c), fingerprint(e, second, p->channels)};
    if (!kept_weights_are(&p->kept, prints, 2))
        pack_both(p, e, first->weight, second->weight, p->kept.packed);
    return p->kept.packed;
}

typedef struct stream_job {
    const conv_stream_plan *plan;
    const tensor *x, *y;
    conv_rows direct; /* the first convolution: this or the next */
    winograd_rows first, second;
    tensor ring, border; /* of the latter data is the first of all borders */
    float *per_thread;
    size_t per_thread_count, ring_count;
} stream_job;

/* Zeros between the rows, which are the padding of the second convolution. */
static void clear_halo(const tensor *ring) {
    ptrdiff_t gap = ring->row - ring->w;
    for (int c = 0; c < ring->c; c++)
        for (int row = -1; row < ring->h; row++)
            memset(ring->data + c * ring->plane + row * ring->row + ring->w, 0, (size_t)gap * sizeof(float));
}

/* Where the ring has image row y. */
static float *ring_row(const tensor *ring, int y) {
    return ring->data + (y + 1) % RING * ring->row;
}

/* Rows y .. y + TILE - 1 of the map between, as far as they lie inside the image; y + 1 is a multiple of TILE. `to` is
 * where its row y goes, with the strides of `layout`. */
static void run_first(const worker *w, const stream_job *job, int image, int y, float *to, const tensor *layout,
                      float *scratch) {
    float *output = to - y * layout->row;
    if (first_is_direct(job->x)) {
        conv_rows k = job->direct;
        k.input += image * job->x->c * job->x->plane;
        k.output = output;
        k.output_row = layout->row;
        k.output_plane = layout->plane;
        w->kernels->conv_rows(&k, y < 0 ? 0 : y, y + TILE < job->y->h ? y + TILE : job->y->h);
    } else {
        winograd_rows k = job->first;
        k.input.pixels += image * job->x->c * job->x->plane;
        k.output = output;
        k.output_row = layout->row;
        k.output_plane = layout->plane;
        w->kernels->winograd_rows(&k, y, y + TILE, scratch);
    }
}

static float *border_data(const stream_job *job, int border) {
    return job->border.data + (size_t)border * tensor_footprint(&job->border);
}

static void run_border(const worker *w, void *context, int item) {
    const stream_job *job = context;
    int borders = borders_of(job->plan, 1), image = item / borders, y = (item % borders + 1) * job->plan->segment - 1;
    float *scratch = job->per_thread + (size_t)w->thread * job->per_thread_count;
    run_first(w, job, image, y, border_data(job, item), &job->border, scratch);
}

/* Rows y .. y + TILE - 1 of the map between, from the border that begins there. */
static void copy_border(const stream_job *job, int border, int y, const tensor *ring) {
    const float *from = border_data(job, border);
    int rows = job->y->h - y < TILE ? job->y->h - y : TILE;
    for (int c = 0; c < ring->c; c++)
        for (int r = 0; r < rows; r++)
            memcpy(ring_row(ring, y) + c * ring->plane + r * ring->row,
                   from + c * job->border.plane + r * job->border.row, (size_t)ring->w * sizeof *from);
}

static void run_segment(const worker *w, void *context, int item) {
    const stream_job *job = context;
    int segments = segments_of(job->plan), rows = job->plan->segment, image = item / segments;
    int segment = item % segments, border = image * (segments - 1) + segment; /* the lower one */
    int y0 = segment * rows, y1 = y0 + rows < job->y->h ? y0 + rows : job->y->h;
    float *scratch = job->per_thread + (size_t)w->thread * job->per_thread_count;
    tensor ring = job->ring;
    ring.data = scratch + tensor_origin(&ring);
    scratch += job->ring_count;
    clear_halo(&ring);
    winograd_rows second = job->second;
    second.input.pixels = ring.data;
    second.output += image * job->y->c * job->y->plane;
    if (segment > 0)
        copy_border(job, border - 1, y0 - 1, &ring);
    else
        run_first(w, job, image, -1, ring_row(&ring, -1), &ring, scratch);
    for (int y = y0; y < y1; y += TILE) {
        int next = y + TILE - 1;
        if (next + 1 == y1 && segment + 1 < segments)
            copy_border(job, border, next, &ring);
        else if (next < job->y->h)
            run_first(w, job, image, next, ring_row(&ring, next), &ring, scratch);
        w->kernels->winograd_rows(&second, y, y + TILE, scratch);
    }
}

void conv_stream(conv_stream_plan *p, engine *e, const tensor *x, const streamed_conv *first,
                 const streamed_conv *second, const tensor *y, float *scratch) {
    const float *packed = packed_weights(p, e, first, second, scratch);
    const float *packed_second = packed + packed_first(p);
    tensor ring = ring_of(first->channels, y->w);
    stream_job job = {
        .plan = p,
        .x = x,
        .y = y,
        .direct = {.input = x->data - x->row - 1,
                   .input_row = x->row,
                   .input_plane = x->plane,
                   .ic = x->c,
                   .oc = first->channels,
                   .width = y->w,
                   .kh = 3,
                   .kw = 3,
                   .dilation = 1,
                   .weight = packed,
                   .bias = first->bias,
                   .relu = first->relu},
        .first = {.input = {.pixels = x->data,
                            .row = x->row,
                            .plane = x->plane,
                            .channels = x->c,
                            .height = x->h,
                            .width = x->w},
                  .oc = first->channels,
                  .weight = packed,
                  .bias = first->bias,
                  .relu = first->relu},
        .second = {.input = {.row = ring.row,
                             .plane = ring.plane,
                             .ring = RING,
                             .channels = first->channels,
                             .height = y->h,
                             .width = y->w},
                   .output = y->data,
                   .output_row = y->row,
                   .output_plane = y->plane,
                   .oc = y->c,
                   .weight = packed_second,
                   .bias = second->bias,
                   .relu = second->relu,
                   .past_cache = tensor_footprint(y) * sizeof(float) > LAST_CACHE_BYTES},
        .ring = ring,
        .border = border_of(p),
        .per_thread = p->kept.packed ? scratch : scratch + packed_both(p),
        .ring_count = ring_count(p),
    };
    job.per_thread_count = job.ring_count + kernel_scratch(e, p);
    job.border.data = job.per_thread + (size_t)engine_threads(e) * job.per_thread_count;
    parallel_for(e, borders_of(p, y->n), run_border, &job);
    parallel_for(e, items_of(p, y->n), run_segment, &job);
}
