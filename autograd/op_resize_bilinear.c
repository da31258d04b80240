/* Bilinear resampling to h x w pixels, as PyTorch's interpolate.
 *
 * Along each axis, output pixel i looks at the place s of the input:
 *     s = i (in - 1) / (out - 1)               where corners are aligned (0 if out = 1)
 *     s = max(0, (i + 1/2) in / out - 1/2)     else
 * and takes 1 - a of pixel floor(s) and a = s - floor(s) of the next one; where there is no next one, all of the last.
 * R and C being the matrices of these weights for rows and columns, in each plane:
 *
 * Forward    Y = R X C^T
 * Gradient   dX = R^T dY C */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"
#include "core/base/carve.h"
#include "core/base/parallel.h"

#include <math.h>
#include <string.h>

/* One row of R or C. */
typedef struct tap {
    int first, next; /* input pixels */
    float weight, next_weight;
} tap;

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value;
    const resize_options *o = n->options;
    if (o->h < 1 || o->w < 1)
        return status_fail(STATUS_USAGE, "to %dx%d pixels: expected at least 1x1", o->h, o->w);
    n->value = tensor_planar(x->n, x->c, o->h, o->w);
    return STATUS_OK;
}

static void fill_taps(int in, int out, bool align_corners, tap *taps) {
    for (int i = 0; i < out; i++) {
        double place = 0;
        if (!align_corners)
            place = fmax(0, (i + 0.5) * in / out - 0.5);
        else if (out > 1)
            place = (double)i * (in - 1) / (out - 1);
        int first = (int)place;
        bool last = first >= in - 1;
        float next_weight = last ? 0 : (float)(place - first);
        taps[i] = (tap){first, last ? first : first + 1, 1 - next_weight, next_weight};
    }
}

typedef struct resize_job {
    grad_target target;
    tap *rows, *columns;
    float *strips; /* two rows as wide as the output, for each thread */
} resize_job;

static void carve_parts(const node *n, const engine *e, carver *c, resize_job *job) {
    const tensor *y = &n->value;
    job->rows = carve(c, (size_t)y->h, sizeof *job->rows);
    job->columns = carve(c, (size_t)y->w, sizeof *job->columns);
    job->strips = carve(c, 2 * (size_t)engine_threads(e) * (size_t)y->w, sizeof *job->strips);
}

static resize_job job_new(const node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value, *y = &n->value;
    const resize_options *o = n->options;
    resize_job job = {.target = {.n = n}};
    carver c = {.base = run->scratch};
    carve_parts(n, run->engine, &c, &job);
    fill_taps(x->h, y->h, o->align_corners, job.rows);
    fill_taps(x->w, y->w, o->align_corners, job.columns);
    return job;
}

static float *thread_strips(const worker *w, const resize_job *job) {
    return job->strips + 2 * (size_t)w->thread * (size_t)job->target.n->value.w;
}

/* One input row times C^T. */
static void widen(const tap *columns, int width, const float *from, float *to) {
    for (int i = 0; i < width; i++)
        to[i] = columns[i].weight * from[columns[i].first] + columns[i].next_weight * from[columns[i].next];
}

/* The two input rows that an output row mixes, neighbours, lie widened in the strips of even and odd rows. */
static void forward_plane(const worker *w, void *context, int plane) {
    const resize_job *job = context;
    const tensor *x = &job->target.n->input[0]->value, *y = &job->target.n->value;
    float *strip[2] = {thread_strips(w, job), thread_strips(w, job) + y->w};
    int begun = 0; /* rows before this one are widened, or nobody wants them any more */
    for (int i = 0; i < y->h; i++) {
        const tap *row = &job->rows[i];
        for (begun = begun > row->first ? begun : row->first; begun <= row->next; begun++)
            widen(job->columns, y->w, plane_data(x, plane) + begun * x->row, strip[begun % 2]);
        w->kernels->plane_combine((plane_shape){1, y->w, y->w}, row->weight, strip[row->first % 2], row->next_weight,
                                  strip[row->next % 2], false, plane_data(y, plane) + i * y->row);
    }
}

static void forward(node *n, const op_run *run) {
    resize_job job = job_new(n, run);
    parallel_for(run->engine, plane_count(n), forward_plane, &job);
}

/* One row times C: the output pixels that begin at an input pixel stand together, and give to it and to the next. */
static void narrow(const tap *columns, int width, const float *from, int to_width, bool accumulate, float *to) {
    float next = 0;
    for (int k = 0, i = 0; k < to_width; k++) {
        float sum = next;
        for (next = 0; i < width && columns[i].first == k; i++) {
            sum += columns[i].weight * from[i];
            next += columns[i].next_weight * from[i];
        }
        to[k] = accumulate ? to[k] + sum : sum;
    }
}

/* The same with rows, before each is narrowed. */
static void backward_plane(const worker *w, void *context, int plane) {
    const resize_job *job = context;
    const tensor *dx = job->target.to, *dy = &job->target.n->grad;
    plane_shape row = {1, dy->w, dy->w};
    float *sum = thread_strips(w, job), *next = sum + dy->w;
    memset(next, 0, (size_t)dy->w * sizeof *next);
    for (int k = 0, i = 0; k < dx->h; k++) {
        float *spare = sum;
        sum = next;
        next = spare;
        memset(next, 0, (size_t)dy->w * sizeof *next);
        for (; i < dy->h && job->rows[i].first == k; i++) {
            const float *from = plane_data(dy, plane) + i * dy->row;
            w->kernels->plane_combine(row, job->rows[i].weight, from, 0, NULL, true, sum);
            w->kernels->plane_combine(row, job->rows[i].next_weight, from, 0, NULL, true, next);
        }
        narrow(job->columns, dy->w, sum, dx->w, job->target.accumulate, plane_data(dx, plane) + k * dx->row);
    }
}

static void backward(node *n, const op_run *run) {
    resize_job job = job_new(n, run);
    job.target = grad_target_of(n, 0);
    if (job.target.to)
        parallel_for(run->engine, plane_count(n), backward_plane, &job);
}

static size_t scratch(const engine *e, const node *n) {
    resize_job job;
    carver c = {0};
    carve_parts(n, e, &c, &job);
    return c.used / sizeof(float);
}

static node *sample(tape *t, int index) {
    static const struct {
        int from_h, from_w, h, w;
        bool align_corners;
    } cases[] = {
        {9, 11, 18, 22, true}, {9, 11, 18, 22, false}, {7, 24, 19, 33, true}, {7, 24, 19, 33, false},
        {17, 23, 6, 5, true},  {17, 23, 6, 5, false},  {5, 21, 16, 9, true},  {5, 21, 16, 9, false},
        {1, 1, 3, 4, true},    {1, 1, 3, 4, false},    {6, 7, 1, 1, true},    {6, 7, 1, 1, false},
        {1, 5, 8, 1, true},    {1, 5, 8, 1, false},    {8, 9, 8, 9, false},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    node *x = tape_variable(t, 2, 3, cases[index].from_h, cases[index].from_w, false);
    return resize_bilinear(t, x, cases[index].h, cases[index].w, cases[index].align_corners);
}

const op op_resize_bilinear = {.name = "resize_bilinear",
                               .infer_shape = infer_shape,
                               .forward = forward,
                               .backward = backward,
                               .scratch = scratch,
                               .sample = sample};

node *resize_bilinear(tape *t, node *x, int h, int w, bool align_corners) {
    resize_options options = {h, w, align_corners};
    return tape_record(t, &op_resize_bilinear, &options, sizeof options, 1, &x);
}
