/* Scaling of each pixel of all channels by one map: spatial attention (Woo et al., 2018).
 *
 * Forward    Y[n,c,y,x] = M[n,y,x] X[n,c,y,x]
 * Gradients  dX = M dY;  dM[n,y,x] = sum over c of dY X */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"

enum { BAND = 8 }; /* rows handled together, all channels of them, so that those of the map stay in the cache */

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value, *map = &n->input[1]->value;
    if (map->n != x->n || map->c != 1 || map->h != x->h || map->w != x->w)
        return status_fail(STATUS_USAGE, "a map of %dx%dx%dx%d for an input of %dx%dx%dx%d, expected one channel",
                           map->n, map->c, map->h, map->w, x->n, x->c, x->h, x->w);
    TRY(require_same_layout(x, map));
    return infer_like_input(n);
}

/* Some rows of one image. */
typedef struct band {
    int image;
    ptrdiff_t start; /* floats in front of them in each plane */
    plane_shape shape;
} band;

static int band_count(const tensor *x) {
    return (x->h + BAND - 1) / BAND;
}

static band band_at(const tensor *x, int item) {
    int row = item % band_count(x) * BAND, rows = x->h - row;
    return (band){item / band_count(x), row * x->row, {rows < BAND ? rows : BAND, x->w, x->row}};
}

static void forward_band(const worker *w, void *context, int item) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    band b = band_at(x, item);
    const float *map = tensor_plane(&n->input[1]->value, b.image, 0) + b.start;
    for (int c = 0; c < x->c; c++)
        w->kernels->plane_product(b.shape, tensor_plane(x, b.image, c) + b.start, map, false,
                                  tensor_plane(&n->value, b.image, c) + b.start);
}

static void forward(node *n, const op_run *run) {
    parallel_for(run->engine, n->value.n * band_count(&n->value), forward_band, n);
}

typedef struct scale_job {
    const node *n;
    grad_target dx, dmap;
} scale_job;

static void backward_band(const worker *w, void *context, int item) {
    const scale_job *job = context;
    const tensor *x = &job->n->input[0]->value, *map = &job->n->input[1]->value;
    band b = band_at(x, item);
    for (int c = 0; c < x->c; c++) {
        const float *dy = tensor_plane(&job->n->grad, b.image, c) + b.start;
        if (job->dmap.to)
            w->kernels->plane_product(b.shape, dy, tensor_plane(x, b.image, c) + b.start, job->dmap.accumulate || c > 0,
                                      tensor_plane(job->dmap.to, b.image, 0) + b.start);
        if (job->dx.to)
            w->kernels->plane_product(b.shape, dy, tensor_plane(map, b.image, 0) + b.start, job->dx.accumulate,
                                      tensor_plane(job->dx.to, b.image, c) + b.start);
    }
}

static void backward(node *n, const op_run *run) {
    scale_job job = {.n = n};
    job.dmap = grad_target_of(n, 1); /* in the order in which they are written: both may be one */
    job.dx = grad_target_of(n, 0);
    parallel_for(run->engine, n->value.n * band_count(&n->value), backward_band, &job);
}

static node *sample(tape *t, int index) {
    static const struct { int n, c, h, w; } cases[] = {{2, 3, 9, 20}, {1, 4, 17, 33}, {3, 1, 8, 16}, {2, 5, 1, 1}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int n = cases[index].n, h = cases[index].h, w = cases[index].w;
    return spatial_scale(t, tape_variable(t, n, cases[index].c, h, w, false), tape_variable(t, n, 1, h, w, false));
}

const op op_spatial_scale = {.name = "spatial_scale",
                             .infer_shape = infer_shape,
                             .forward = forward,
                             .backward = backward,
                             .backward_reads_of = product_backward_reads,
                             .sample = sample};

node *spatial_scale(tape *t, node *x, node *map) {
    node *inputs[] = {x, map};
    return tape_record(t, &op_spatial_scale, NULL, 0, 2, inputs);
}
