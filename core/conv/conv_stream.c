#include "core/conv/conv_stream.h"

#include "core/base/parallel.h"
#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"

#include <string.h>

enum {
    TILE = 4,           /* rows that a Winograd pass makes */
    RING = 2 * TILE,    /* rows of the map between: those that TILE rows of the output read, and no more */
    SEGMENT = 8 * TILE, /* rows of one work item; each computes TILE rows more of the map between than it needs */
    NARROW = 64,        /* maps of that width gain more from passes of two rows of tiles */
    CACHE_BYTES = 1024 * 1024,          /* of one processor: a map of less stays there anyway */
    LAST_CACHE_BYTES = 16 * 1024 * 1024 /* a map of more has left it before it is read */
};

static const conv_options same_3x3 = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};

/* RING rows of one thread. Image row y lies in row (y + 1) mod RING, so that the TILE rows y0 - 1, y0, ... that a pass
 * makes for a segment beginning at y0 lie together. */
static tensor ring_of(int channels, int width) {
    return tensor_planar(1, channels, RING, width);
}

static bool first_is_direct(const tensor *x) {
    return x->c < 8;
}

bool conv_stream_pays(const tensor *x, int channels, const tensor *y) {
    tensor between = tensor_planar(1, channels, y->h, y->w);
    bool fits = !tensor_is_dense(x) && (first_is_direct(x) || conv_winograd_pays(x, &between, &same_3x3));
    return fits && y->w > NARROW && conv_winograd_pays(&between, y, &same_3x3) &&
           tensor_footprint(&between) * sizeof(float) > CACHE_BYTES;
}

static size_t packed_first(const tensor *x, int channels) {
    size_t count =
        first_is_direct(x) ? conv_packed_count(channels, x->c, 3, 3) : conv_winograd_packed_count(channels, x->c);
    return (count + TENSOR_HALO - 1) / TENSOR_HALO * TENSOR_HALO;
}

static size_t kernel_scratch(const engine *e, const tensor *x, int channels, const tensor *y) {
    int most = x->c > y->c ? x->c : y->c;
    return engine_kernels(e)->winograd_scratch(most > channels ? most : channels, most > channels ? most : channels);
}

size_t conv_stream_scratch(const engine *e, const tensor *x, int channels, const tensor *y) {
    tensor ring = ring_of(channels, y->w);
    return packed_first(x, channels) + conv_winograd_packed_count(y->c, channels) +
           (size_t)engine_threads(e) * (tensor_footprint(&ring) + TENSOR_HALO + kernel_scratch(e, x, channels, y));
}

typedef struct stream_job {
    const tensor *x, *y;
    conv_rows direct; /* the first convolution: this or the next */
    winograd_rows first, second;
    tensor ring;
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

/* Rows y .. y + TILE - 1 of the map between, as far as they lie inside the image; y + 1 is a multiple of TILE. */
static void run_first(const worker *w, const stream_job *job, int image, int y, const tensor *ring, float *scratch) {
    float *output = ring->data + ((y + 1) % RING - y) * ring->row; /* row y of it is where the ring has it */
    if (first_is_direct(job->x)) {
        conv_rows k = job->direct;
        k.input += image * job->x->c * job->x->plane;
        k.output = output;
        w->kernels->conv_rows(&k, y < 0 ? 0 : y, y + TILE < job->y->h ? y + TILE : job->y->h);
    } else {
        winograd_rows k = job->first;
        k.input.pixels += image * job->x->c * job->x->plane;
        k.output = output;
        w->kernels->winograd_rows(&k, y, y + TILE, scratch);
    }
}

static void run_segment(const worker *w, void *context, int item) {
    const stream_job *job = context;
    int segments = (job->y->h + SEGMENT - 1) / SEGMENT, image = item / segments, y0 = item % segments * SEGMENT;
    int y1 = y0 + SEGMENT < job->y->h ? y0 + SEGMENT : job->y->h;
    float *scratch = job->per_thread + (size_t)w->thread * job->per_thread_count;
    tensor ring = job->ring;
    ring.data = scratch + tensor_origin(&ring);
    scratch += job->ring_count;
    clear_halo(&ring);
    winograd_rows second = job->second;
    second.input.pixels = ring.data;
    second.output += image * job->y->c * job->y->plane;
    run_first(w, job, image, y0 - 1, &ring, scratch);
    for (int y = y0; y < y1; y += TILE) {
        if (y + TILE - 1 < job->y->h)
            run_first(w, job, image, y + TILE - 1, &ring, scratch);
        w->kernels->winograd_rows(&second, y, y + TILE, scratch);
    }
}

void conv_stream(engine *e, const tensor *x, const streamed_conv *first, const streamed_conv *second, const tensor *y,
                 float *scratch) {
    float *packed = scratch, *packed_second = packed + packed_first(x, first->channels);
    tensor ring = ring_of(first->channels, y->w);
    stream_job job = {
        .x = x,
        .y = y,
        .direct = {.input = x->data - x->row - 1,
                   .input_row = x->row,
                   .input_plane = x->plane,
                   .output_row = ring.row,
                   .output_plane = ring.plane,
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
                  .output_row = ring.row,
                  .output_plane = ring.plane,
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
        .per_thread = packed_second + conv_winograd_packed_count(y->c, first->channels),
        .ring_count = tensor_footprint(&ring) + TENSOR_HALO,
    };
    job.per_thread_count = job.ring_count + kernel_scratch(e, x, first->channels, y);
    if (first_is_direct(x))
        conv_pack_weights(first->weight, first->channels, x->c, 3, 3, false, packed);
    else
        conv_winograd_pack(e, first->weight, first->channels, x->c, false, packed);
    conv_winograd_pack(e, second->weight, y->c, first->channels, false, packed_second);
    parallel_for(e, y->n * ((y->h + SEGMENT - 1) / SEGMENT), run_segment, &job);
}
