#include "autograd/shared/batch_norm.h"

#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "core/base/peers.h"

static norm_saved arrays(const node *n) {
    return norm_saved_at(n->saved, n->value.c);
}

status batch_norm_infer_shape(node *n) {
    const tensor *x = &n->input[0]->value;
    TRY(norm_check(x, n->input[1], n->input[2]));
    n->saved_count = NORM_SAVED_COUNT(x->c);
    return infer_like_input(n);
}

/* What the loops over planes need; the sums of each plane are added up in order. */
typedef struct norm_job {
    node *n;
    bool relu;
    double *sums; /* two of each plane */
    const tensor *dx;
    bool accumulate;
    const double *db, *dg; /* summed over the batch */
    double count;          /* of values of a channel in it */
} norm_job;

static void affine_plane(const worker *w, void *context, int plane) {
    const norm_job *job = context;
    const node *n = job->n;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    w->kernels->plane_affine(plane_of(x), plane_data(x, plane), a.scale[c], a.shift[c], job->relu,
                             plane_data(&n->value, plane));
}

void batch_norm_forward(node *n, bool relu, const op_run *run) {
    norm_prepare(n, 1, n->options, run->scratch, run);
    parallel_for(run->engine, plane_count(n), affine_plane, &(norm_job){.n = n, .relu = relu});
}

/* The sign of z is found again from scale * x + shift, the very expression of the forward pass: Y need not be kept. */
static void sums_plane(const worker *w, void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    w->kernels->plane_norm_sums(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c], a.scale[c],
                                a.shift[c], job->relu, job->sums + 2 * plane);
}

static void gradient_plane(const worker *w, void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const batch_norm_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    double r = a.inverse_std[c];
    bool batch = o->statistics == NORM_BATCH;
    float slope = batch ? (float)(-a.scale[c] * r * job->dg[c] / job->count) : 0;
    float constant = batch ? (float)(-a.scale[c] * job->db[c] / job->count) : 0;
    w->kernels->plane_norm_backward(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c],
                                    a.scale[c], a.shift[c], job->relu, a.scale[c], slope, constant, job->accumulate,
                                    plane_data(job->dx, plane));
}

void batch_norm_backward(node *n, bool relu, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int planes = x->n * x->c;
    double *sums = run->scratch, *db = sums + 2 * planes, *dg = db + x->c;
    norm_job job = {.n = n, .relu = relu, .sums = sums, .db = db, .dg = dg};
    job.count = (double)peers_images(run->engine, x->n) * x->h * x->w;
    parallel_for(run->engine, planes, sums_plane, &job);
    float *dweight = parameter_grad(n, 1), *dbias = parameter_grad(n, 2);
    for (int c = 0; c < x->c; c++) {
        db[c] = dg[c] = 0;
        for (int i = 0; i < x->n; i++) {
            db[c] += sums[2 * (i * x->c + c)];
            dg[c] += sums[2 * (i * x->c + c) + 1];
        }
        dg[c] *= a.inverse_std[c];
        if (dweight)
            dweight[c] += (float)dg[c];
        if (dbias)
            dbias[c] += (float)db[c];
    }
    const batch_norm_options *o = n->options;
    if (o->statistics == NORM_BATCH)
        peers_sum(engine_peers(run->engine), db, 2 * x->c);
    job.dx = node_grad(n, 0, &job.accumulate);
    if (job.dx)
        parallel_for(run->engine, planes, gradient_plane, &job);
}

size_t batch_norm_scratch(const engine *e, const node *n) {
    (void)e;
    size_t doubles = 2 * (size_t)(plane_count(n)) + 2 * (size_t)n->value.c;
    size_t backward_count = doubles * sizeof(double) / sizeof(float), forward_count = norm_scratch(&n->value);
    return backward_count > forward_count ? backward_count : forward_count;
}

node *batch_norm_sample(tape *t, const op *operation, int index) {
    static const struct {
        int n, c, h, w;
        sample_norm norm;
    } cases[] = {{2, 3, 9, 21, SAMPLE_BATCH},
                 {3, 4, 7, 16, SAMPLE_BATCH},
                 {1, 2, 5, 33, SAMPLE_RUNNING},
                 {4, 8, 1, 1, SAMPLE_BATCH}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int channels = cases[index].c;
    node *x = tape_variable(t, cases[index].n, channels, cases[index].h, cases[index].w, false);
    norm_inputs norm = norm_sample(t, channels, cases[index].norm);
    return tape_record(t, operation, &norm.options, sizeof norm.options, 3, (node *[]){x, norm.weight, norm.bias});
}
