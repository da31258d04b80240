#include "core/conv_winograd.h"

#include "core/kernels.h"
#include "core/runtime.h"

enum { BLOCK = WINOGRAD_BLOCK, BAND = CONV_BAND }; /* BAND: rows of one work item */

static int blocks_of(int channels) {
    return (channels + BLOCK - 1) / BLOCK;
}

size_t conv_winograd_packed_count(int oc, int ic) {
    return (size_t)WINOGRAD_POINTS * (size_t)blocks_of(oc) * BLOCK * (size_t)ic;
}

bool conv_winograd_pays(const tensor *x, const tensor *y, const conv_options *o) {
    return o->kh == 3 && o->kw == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1 && !tensor_is_dense(x) &&
           y->w >= 32 && x->c >= 8 && y->c >= 8;
}

size_t conv_winograd_scratch(int ic, int oc) {
    int most = ic > oc ? ic : oc;
    return conv_winograd_packed_count(most, most) + (size_t)runtime_threads() * kernels()->winograd_scratch(most, most);
}

/* Numbers of one block of output channels, side by side. */
typedef struct lanes {
    double v[BLOCK];
} lanes;

/* G of winograd_rows.c: rows [1, p, p^2] / N(p) for the points p = 0, +-a, +-b, and infinity, with a^2 = 1/2, b^2 = 2 and
 * N(p) the product of p's distances from the other finite points. */
static void kernel_points(const lanes *g0, const lanes *g1, const lanes *g2, lanes u[6]) {
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

/* The taps of one input channel and one block of output channels. */
static void gather_taps(const float *weight, int oc, int ic, bool transposed, int block, int i, lanes g[9]) {
    for (int lane = 0; lane < BLOCK; lane++) {
        int o = block * BLOCK + lane;
        const float *taps = weight + (transposed ? (ptrdiff_t)i * oc + o : (ptrdiff_t)o * ic + i) * 9;
        for (int tap = 0; tap < 9; tap++)
            g[tap].v[lane] = o < oc ? taps[transposed ? 8 - tap : tap] : 0;
    }
}

/* G g G^T. */
void conv_winograd_pack(const float *weight, int oc, int ic, bool transposed, float *packed) {
    size_t point_stride = (size_t)blocks_of(oc) * (size_t)ic * BLOCK;
    for (int block = 0; block < blocks_of(oc); block++)
        for (int i = 0; i < ic; i++, packed += BLOCK) {
            lanes g[9], columns[3][6], rows[6];
            gather_taps(weight, oc, ic, transposed, block, i, g);
            for (int ky = 0; ky < 3; ky++)
                kernel_points(&g[3 * ky], &g[3 * ky + 1], &g[3 * ky + 2], columns[ky]);
            for (int q = 0; q < 6; q++) {
                kernel_points(&columns[0][q], &columns[1][q], &columns[2][q], rows);
                for (int p = 0; p < 6; p++)
                    for (int lane = 0; lane < BLOCK; lane++)
                        packed[(size_t)(p * 6 + q) * point_stride + lane] = (float)rows[p].v[lane];
            }
        }
}

typedef struct winograd_job {
    winograd_rows kernel;
    const tensor *x, *y;
    const conv_hook *hook;
    float *per_thread;
    size_t per_thread_count;
} winograd_job;

static int bands(const tensor *y) {
    return (y->h + BAND - 1) / BAND;
}

static void run_band(void *context, int item) {
    const winograd_job *job = context;
    int count = bands(job->y), n = item / count, y0 = item % count * BAND;
    int y1 = y0 + BAND < job->y->h ? y0 + BAND : job->y->h;
    winograd_rows k = job->kernel;
    k.input += n * job->x->c * job->x->plane;
    k.output += n * job->y->c * job->y->plane;
    kernels()->winograd_rows(&k, y0, y1, job->per_thread + (size_t)runtime_thread_index() * job->per_thread_count);
    if (job->hook)
        job->hook->rows_done(job->hook->context, n, y0, y1);
}

void conv_winograd(const tensor *x, const float *weight, const float *bias, const conv_winograd_options *options,
                   const tensor *y, float *scratch) {
    winograd_job job = {
        .kernel = {.input = x->data,
                   .input_row = x->row,
                   .input_plane = x->plane,
                   .input_scale = options->norm ? options->norm->scale : NULL,
                   .input_shift = options->norm ? options->norm->shift : NULL,
                   .output = y->data,
                   .output_row = y->row,
                   .output_plane = y->plane,
                   .ic = x->c,
                   .oc = y->c,
                   .height = y->h,
                   .width = y->w,
                   .weight = scratch,
                   .bias = bias,
                   .relu = options->relu,
                   .accumulate = options->accumulate},
        .x = x,
        .y = y,
        .hook = options->hook,
        .per_thread = scratch + conv_winograd_packed_count(y->c, x->c),
        .per_thread_count = kernels()->winograd_scratch(x->c, y->c),
    };
    conv_winograd_pack(weight, y->c, x->c, options->transposed, scratch);
    parallel_for(y->n * bands(y), run_band, &job);
}
