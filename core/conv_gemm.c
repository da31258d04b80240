#include "core/conv_gemm.h"

#include "core/kernels.h"
#include "core/runtime.h"

#include <cblas.h>
#include <string.h>

/* Work is cut into blocks that depend on shapes only; each block is one matrix product by one thread. */
enum { COLUMN_BLOCK = 1024, CHANNEL_BLOCK = 8 };

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

static int channel_blocks(const tensor *x) {
    return (x->c + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK;
}

static int block_channels(const tensor *x, int block) {
    int rest = x->c - block * CHANNEL_BLOCK;
    return rest < CHANNEL_BLOCK ? rest : CHANNEL_BLOCK;
}

static size_t columns_count(const tensor *x, const tensor *y, const conv_options *o) {
    size_t by_columns = ((size_t)x->c * (size_t)taps(o) + (size_t)y->c) * COLUMN_BLOCK;
    size_t by_channels = (size_t)CHANNEL_BLOCK * (size_t)taps(o) * (size_t)positions(y);
    return by_columns > by_channels ? by_columns : by_channels;
}

size_t conv_gemm_scratch(const tensor *x, const tensor *y, const conv_options *o) {
    return (size_t)y->c * (size_t)positions(y) + (size_t)runtime_threads() * columns_count(x, y, o);
}

static gemm_job job_new(const tensor *x, const tensor *y, const conv_options *o, float *scratch) {
    gemm_job job = {.x = x, .y = y, .o = o, .dense = scratch, .per_thread_count = columns_count(x, y, o)};
    job.per_thread = scratch + (size_t)y->c * (size_t)positions(y);
    return job;
}

static float *thread_columns(const gemm_job *job) {
    return job->per_thread + (size_t)runtime_thread_index() * job->per_thread_count;
}

/* Row `channel, ky, kx` of the column matrix for output positions first .. first + count - 1: the input pixel
 * that the tap meets, 0 outside the image. */
static void gather(const gemm_job *job, int channel, int ky, int kx, int first, int count, float *out) {
    const tensor *x = job->x, *y = job->y;
    const conv_options *o = job->o;
    const float *plane = tensor_plane(x, job->image, channel);
    for (int i = 0; i < count; i++) {
        int oy = (first + i) / y->w, ox = (first + i) % y->w;
        int iy = oy * o->stride - o->padding + ky * o->dilation;
        int ix = ox * o->stride - o->padding + kx * o->dilation;
        bool inside = iy >= 0 && iy < x->h && ix >= 0 && ix < x->w;
        out[i] = inside ? plane[iy * x->row + ix] : 0;
    }
}

/* Columns of channels c0 .. c0 + channels - 1: [channels * taps][count]. */
static void gather_channels(const gemm_job *job, int c0, int channels, int first, int count, float *columns) {
    for (int c = c0; c < c0 + channels; c++)
        for (int ky = 0; ky < job->o->kh; ky++)
            for (int kx = 0; kx < job->o->kw; kx++, columns += count)
                gather(job, c, ky, kx, first, count, columns);
}

static void forward_block(void *context, int item) {
    gemm_job job = *(const gemm_job *)context;
    const tensor *x = job.x, *y = job.y;
    int blocks = (positions(y) + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    job.image = item / blocks;
    int first = item % blocks * COLUMN_BLOCK;
    int count = positions(y) - first < COLUMN_BLOCK ? positions(y) - first : COLUMN_BLOCK;
    int depth = x->c * taps(job.o);
    float *columns = thread_columns(&job), *product = columns + (size_t)depth * COLUMN_BLOCK;
    gather_channels(&job, 0, x->c, first, count, columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, y->c, count, depth, 1, job.weight, depth, columns, count, 0,
                product, count);
    for (int c = 0; c < y->c; c++) {
        float *plane = tensor_plane(y, job.image, c);
        float bias = job.bias ? job.bias[c] : 0;
        for (int i = 0; i < count; i++) {
            float value = product[(size_t)c * (size_t)count + (size_t)i] + bias;
            int position = first + i;
            plane[position / y->w * y->row + position % y->w] = job.relu && value <= 0 ? 0 : value;
        }
    }
}

void conv_gemm_forward(const tensor *x, const float *weight, const float *bias, const conv_options *o, bool relu,
                       const tensor *y, float *scratch) {
    gemm_job job = job_new(x, y, o, scratch);
    job.weight = weight;
    job.bias = bias;
    job.relu = relu;
    parallel_for(y->n * ((positions(y) + COLUMN_BLOCK - 1) / COLUMN_BLOCK), forward_block, &job);
}

static void copy_dense(void *context, int channel) {
    const gemm_job *job = context;
    const tensor *y = job->y;
    float *dense = job->dense + (size_t)channel * (size_t)positions(y);
    const float *plane = tensor_plane(y, job->image, channel);
    for (int row = 0; row < y->h; row++)
        memcpy(dense + row * y->w, plane + row * y->row, (size_t)y->w * sizeof *dense);
}

/* Column gradients of a few input channels, scattered back to where the columns were gathered from. */
static void input_gradient_block(void *context, int block) {
    const gemm_job *job = context;
    const tensor *x = job->x, *y = job->y;
    const conv_options *o = job->o;
    int c0 = block * CHANNEL_BLOCK, channels = block_channels(x, block), count = positions(y);
    int depth = x->c * taps(o), rows = channels * taps(o);
    float *columns = thread_columns(job);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, count, y->c, 1, job->weight + (size_t)c0 * taps(o),
                depth, job->dense, count, 0, columns, count);
    for (int c = c0; c < c0 + channels; c++) {
        float *plane = tensor_plane(x, job->image, c);
        for (int row = 0; !job->accumulate && row < x->h; row++)
            memset(plane + row * x->row, 0, (size_t)x->w * sizeof *plane);
        for (int ky = 0; ky < o->kh; ky++)
            for (int kx = 0; kx < o->kw; kx++, columns += count)
                for (int i = 0; i < count; i++) {
                    int iy = i / y->w * o->stride - o->padding + ky * o->dilation;
                    int ix = i % y->w * o->stride - o->padding + kx * o->dilation;
                    if (iy >= 0 && iy < x->h && ix >= 0 && ix < x->w)
                        plane[iy * x->row + ix] += columns[i];
                }
    }
}

void conv_gemm_input_gradient(const tensor *dy, const float *weight, const conv_options *o, bool accumulate,
                              const tensor *dx, float *scratch) {
    gemm_job job = job_new(dx, dy, o, scratch);
    job.weight = weight;
    job.accumulate = accumulate;
    for (job.image = 0; job.image < dy->n; job.image++) {
        parallel_for(dy->c, copy_dense, &job);
        parallel_for(channel_blocks(dx), input_gradient_block, &job);
    }
}

static void weight_gradient_block(void *context, int block) {
    const gemm_job *job = context;
    int c0 = block * CHANNEL_BLOCK, channels = block_channels(job->x, block), count = positions(job->y);
    int depth = job->x->c * taps(job->o), rows = channels * taps(job->o);
    float *columns = thread_columns(job);
    gather_channels(job, c0, channels, 0, count, columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, job->y->c, rows, count, 1, job->dense, count, columns, count,
                1, job->dweight + (size_t)c0 * taps(job->o), depth);
}

void conv_gemm_weight_gradient(const tensor *x, const tensor *dy, const conv_options *o, float *dweight, float *dbias,
                               float *scratch) {
    gemm_job job = job_new(x, dy, o, scratch);
    job.dweight = dweight;
    for (job.image = 0; job.image < dy->n; job.image++) {
        parallel_for(dy->c, copy_dense, &job);
        parallel_for(channel_blocks(x), weight_gradient_block, &job);
        for (int c = 0; dbias && c < dy->c; c++) {
            plane_shape dense = {1, positions(dy), positions(dy)};
            dbias[c] += (float)kernels()->plane_sum(dense, job.dense + (size_t)c * (size_t)positions(dy));
        }
    }
}
