/* Convolution as matrix products (im2col + OpenBLAS), the general way: see conv_strategy.h. */
#include "core/conv/conv_strategy.h"

#include "core/tensor/kernels.h"

#include <cblas.h>
#include <string.h>

/* Work is cut into blocks that depend on shapes only; each block is one matrix product by one thread. */
enum { COLUMN_BLOCK = 1024, BLOCK_ROWS = 72, OUTPUT_BLOCK = 128 };

typedef struct gemm_job {
    const tensor *x, *y; /* y: the output, or its gradient */
    const conv_options *o;
    const float *weight, *bias;
    float *dweight;
    bool relu, accumulate;
    int image;
    float *dense;      /* output gradient of one image, [oc][positions] */
    float *per_thread; /* column matrix of one block */
    size_t per_thread_count;
} gemm_job;

static int positions(const tensor *y) {
    return y->h * y->w;
}

static int taps(const conv_options *o) {
    return o->kh * o->kw;
}

/* Input channels of one block: enough rows of the column matrix for a good product. */
static int channel_block(const conv_options *o) {
    return taps(o) >= BLOCK_ROWS ? 1 : BLOCK_ROWS / taps(o);
}

static int channel_blocks(const tensor *x, const conv_options *o) {
    return (x->c + channel_block(o) - 1) / channel_block(o);
}

static int block_channels(const gemm_job *job, int block) {
    int most = channel_block(job->o), rest = job->x->c - block * most;
    return rest < most ? rest : most;
}

static int block_columns(const tensor *y) {
    return positions(y) < COLUMN_BLOCK ? positions(y) : COLUMN_BLOCK;
}

/* Of one thread: all channels' columns for a few positions and their products; or a few channels' for all positions. */
static size_t forward_columns(const tensor *x, const tensor *y, const conv_options *o) {
    size_t outputs = (size_t)(y->c < OUTPUT_BLOCK ? y->c : OUTPUT_BLOCK);
    return ((size_t)x->c * (size_t)taps(o) + outputs) * (size_t)block_columns(y);
}

static size_t gradient_columns(const tensor *y, const conv_options *o) {
    return (size_t)channel_block(o) * (size_t)taps(o) * (size_t)positions(y);
}

static size_t dense_count(const tensor *y) {
    return conv_round_up((size_t)y->c * (size_t)positions(y));
}

/* A normalised x stands in front, whole: columns of one pixel are gathered by several threads. */
static size_t copy_count(const conv_options *o, const tensor *x) {
    return o->normalised ? conv_copy_count(x) : 0;
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    size_t copy = d == CONV_INPUT_GRADIENT ? 0 : copy_count(&t->o, &t->x);
    size_t threads = (size_t)engine_threads(e);
    return copy + (d == CONV_FORWARD ? threads * forward_columns(&t->x, &t->y, &t->o)
                                     : dense_count(&t->y) + threads * gradient_columns(&t->y, &t->o));
}

/* x as the convolution sees it. */
static tensor seen(const conv_options *o, const conv_run *run, const tensor *x) {
    return o->normalised ? conv_normalised(run->engine, x, run->norm, run->scratch) : *x;
}

static gemm_job gradient_job(const tensor *x, const tensor *dy, const conv_options *o, float *scratch) {
    return (gemm_job){.x = x,
                      .y = dy,
                      .o = o,
                      .dense = scratch,
                      .per_thread = scratch + dense_count(dy),
                      .per_thread_count = gradient_columns(dy, o)};
}

static float *thread_columns(const worker *w, const gemm_job *job) {
    return job->per_thread + (size_t)w->thread * job->per_thread_count;
}

/* Output positions in a row of the output, and the input row that a tap meets there. */
typedef struct row_run {
    int position, count; /* from the first position of the block on */
    int output_row, column;
    int input_row;    /* may lie outside the image */
    int from, to;     /* positions of the run whose input column lies inside: from <= i < to */
    int input_column; /* of position 0 of the run */
} row_run;

static int clamp(int value, int least, int most) {
    return value < least ? least : value > most ? most : value;
}

/* The run that begins at position `first + done` of the output; `end`: after the block's last position. */
static row_run next_run(const gemm_job *job, int ky, int kx, int first, int done, int end) {
    const tensor *x = job->x, *y = job->y;
    const conv_options *o = job->o;
    row_run r = {.position = done, .output_row = (first + done) / y->w, .column = (first + done) % y->w};
    r.count = clamp(end - first - done, 0, y->w - r.column);
    r.input_row = r.output_row * o->stride - o->padding + ky * o->dilation;
    r.input_column = r.column * o->stride - o->padding + kx * o->dilation;
    if (r.input_row < 0 || r.input_row >= x->h)
        return r;
    r.from = r.input_column < 0 ? clamp((-r.input_column + o->stride - 1) / o->stride, 0, r.count) : 0;
    r.to = clamp((x->w - r.input_column + o->stride - 1) / o->stride, r.from, r.count);
    return r;
}

/* Row `channel, ky, kx` of the column matrix for output positions first .. first + count - 1: the input pixel
 * that the tap meets, 0 outside the image. */
static void gather(const gemm_job *job, int channel, int ky, int kx, int first, int count, float *out) {
    const float *plane = tensor_plane(job->x, job->image, channel);
    int stride = job->o->stride;
    for (int done = 0; done < count;) {
        row_run r = next_run(job, ky, kx, first, done, first + count);
        const float *row = plane + r.input_row * job->x->row + r.input_column;
        float *to = out + done;
        memset(to, 0, (size_t)r.from * sizeof *to);
        if (stride == 1)
            memcpy(to + r.from, row + r.from, (size_t)(r.to - r.from) * sizeof *to);
        else
            for (int i = r.from; i < r.to; i++)
                to[i] = row[i * stride];
        memset(to + r.to, 0, (size_t)(r.count - r.to) * sizeof *to);
        done += r.count;
    }
}

/* The reverse: adds a row of the column matrix's gradient, for all positions, to the pixels that it came from. */
static void scatter(const gemm_job *job, int channel, int ky, int kx, const float *columns) {
    float *plane = tensor_plane(job->x, job->image, channel);
    int stride = job->o->stride, count = positions(job->y);
    for (int done = 0; done < count;) {
        row_run r = next_run(job, ky, kx, 0, done, count);
        float *row = plane + r.input_row * job->x->row + r.input_column;
        for (int i = r.from; i < r.to; i++)
            row[i * stride] += columns[done + i];
        done += r.count;
    }
}

/* Output positions first .. first + count - 1 of one channel. */
static void store_channel(const gemm_job *job, int channel, int first, int count, const float *product) {
    float *plane = tensor_plane(job->y, job->image, channel);
    float bias = job->bias ? job->bias[channel] : 0;
    for (int done = 0; done < count;) {
        row_run r = next_run(job, 0, 0, first, done, first + count);
        float *row = plane + r.output_row * job->y->row + r.column;
        for (int i = 0; i < r.count; i++) {
            float value = product[done + i] + bias;
            row[i] = job->relu && value <= 0 ? 0 : value;
        }
        done += r.count;
    }
}

/* Columns of channels c0 .. c0 + channels - 1: [channels * taps][count]. */
static void gather_channels(const gemm_job *job, int c0, int channels, int first, int count, float *columns) {
    for (int c = c0; c < c0 + channels; c++)
        for (int ky = 0; ky < job->o->kh; ky++)
            for (int kx = 0; kx < job->o->kw; kx++, columns += count)
                gather(job, c, ky, kx, first, count, columns);
}

static int column_blocks(const tensor *y) {
    return (positions(y) + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
}

static int output_blocks(const tensor *y) {
    return (y->c + OUTPUT_BLOCK - 1) / OUTPUT_BLOCK;
}

/* A few positions and a few output channels: gathering columns anew for others of the same positions costs little. */
static void forward_block(const worker *w, void *context, int item) {
    gemm_job job = *(const gemm_job *)context;
    const tensor *x = job.x, *y = job.y;
    int o0 = item % output_blocks(y) * OUTPUT_BLOCK, outputs = clamp(y->c - o0, 0, OUTPUT_BLOCK);
    item /= output_blocks(y);
    job.image = item / column_blocks(y);
    int first = item % column_blocks(y) * COLUMN_BLOCK, count = clamp(positions(y) - first, 0, COLUMN_BLOCK);
    int depth = x->c * taps(job.o);
    float *columns = thread_columns(w, &job), *product = columns + (size_t)depth * (size_t)block_columns(y);
    gather_channels(&job, 0, x->c, first, count, columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, outputs, count, depth, 1, job.weight + (size_t)o0 * depth,
                depth, columns, count, 0, product, count);
    for (int c = 0; c < outputs; c++)
        store_channel(&job, o0 + c, first, count, product + (size_t)c * (size_t)count);
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *weight, const float *bias,
                    bool relu, const tensor *y) {
    tensor from = seen(o, run, x);
    gemm_job job = {.x = &from,
                    .y = y,
                    .o = o,
                    .weight = weight,
                    .bias = bias,
                    .relu = relu,
                    .per_thread = run->scratch + copy_count(o, x),
                    .per_thread_count = forward_columns(x, y, o)};
    parallel_for(run->engine, y->n * column_blocks(y) * output_blocks(y), forward_block, &job);
    conv_call_hook(run, y);
}

static void copy_dense(const worker *w, void *context, int channel) {
    (void)w;
    const gemm_job *job = context;
    const tensor *y = job->y;
    float *dense = job->dense + (size_t)channel * (size_t)positions(y);
    const float *plane = tensor_plane(y, job->image, channel);
    for (int row = 0; row < y->h; row++)
        memcpy(dense + row * y->w, plane + row * y->row, (size_t)y->w * sizeof *dense);
}

/* Column gradients of a few input channels, scattered back to where the columns were gathered from. */
static void input_gradient_block(const worker *w, void *context, int block) {
    const gemm_job *job = context;
    const tensor *x = job->x, *y = job->y;
    const conv_options *o = job->o;
    int c0 = block * channel_block(o), channels = block_channels(job, block), count = positions(y);
    int depth = x->c * taps(o), rows = channels * taps(o);
    float *columns = thread_columns(w, job);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, count, y->c, 1, job->weight + (size_t)c0 * taps(o),
                depth, job->dense, count, 0, columns, count);
    for (int c = c0; c < c0 + channels; c++) {
        float *plane = tensor_plane(x, job->image, c);
        for (int row = 0; !job->accumulate && row < x->h; row++)
            memset(plane + row * x->row, 0, (size_t)x->w * sizeof *plane);
        for (int ky = 0; ky < o->kh; ky++)
            for (int kx = 0; kx < o->kw; kx++, columns += count)
                scatter(job, c, ky, kx, columns);
    }
}

static void input_gradient(const conv_options *o, const conv_run *run, const tensor *dy, const float *weight,
                           bool accumulate, const tensor *dx) {
    gemm_job job = gradient_job(dx, dy, o, run->scratch);
    job.weight = weight;
    job.accumulate = accumulate;
    for (job.image = 0; job.image < dy->n; job.image++) {
        parallel_for(run->engine, dy->c, copy_dense, &job);
        parallel_for(run->engine, channel_blocks(dx, o), input_gradient_block, &job);
    }
    conv_call_hook(run, dx);
}

static void weight_gradient_block(const worker *w, void *context, int block) {
    const gemm_job *job = context;
    int c0 = block * channel_block(job->o), channels = block_channels(job, block), count = positions(job->y);
    int depth = job->x->c * taps(job->o), rows = channels * taps(job->o);
    float *columns = thread_columns(w, job);
    gather_channels(job, c0, channels, 0, count, columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, job->y->c, rows, count, 1, job->dense, count, columns, count,
                1, job->dweight + (size_t)c0 * taps(job->o), depth);
}

static void weight_gradient(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias) {
    tensor from = seen(o, run, x);
    gemm_job job = gradient_job(&from, dy, o, run->scratch + copy_count(o, x));
    job.dweight = dweight;
    for (job.image = 0; job.image < dy->n; job.image++) {
        parallel_for(run->engine, dy->c, copy_dense, &job);
        parallel_for(run->engine, channel_blocks(x, o), weight_gradient_block, &job);
        for (int c = 0; dbias && c < dy->c; c++) {
            plane_shape dense = {1, positions(dy), positions(dy)};
            dbias[c] +=
                (float)engine_kernels(run->engine)->plane_sum(dense, job.dense + (size_t)c * (size_t)positions(dy));
        }
    }
}

static bool always_pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)e;
    (void)d;
    (void)t;
    return true;
}

static bool always(conv_direction d, const conv_task *t) {
    (void)d;
    (void)t;
    return true;
}

const conv_strategy conv_gemm = {.name = "gemm",
                                 .applies = always,
                                 .pays = always_pays,
                                 .scratch = scratch,
                                 .forward = forward,
                                 .input_gradient = input_gradient,
                                 .weight_gradient = weight_gradient};
