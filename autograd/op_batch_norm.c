/* Batch normalisation (Ioffe & Szegedy, 2015) of each channel over batch, rows and columns, M values in all, and an
 * optional ReLU.
 *
 * Forward    xhat = (x - mean) r,  r = 1 / sqrt(var + eps),  z = weight xhat + bias,  Y = max(0, z) or z.
 *            Batch statistics: mean and biased variance of the batch; the running ones move by the momentum, the
 *            variance with M / (M - 1), as PyTorch. Running statistics: mean and var are constants.
 * Gradients  dz = dY where z > 0 (all of dY without ReLU);  dbias = sum dz;  dweight = sum dz xhat
 *            batch:   dX = weight r (dz - dbias / M - xhat dweight / M)
 *            running: dX = weight r dz */
#include "autograd/ops.h"

#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"

/* The sign of z is found again from scale * x + shift, the very expression of the forward pass, so Y need not be kept.
 */
static norm_saved arrays(const node *n) {
    return norm_saved_at(n->saved, n->value.c);
}

static status infer(node *n) {
    const tensor *x = &n->input[0]->value;
    TRY(norm_check(x, n->input[1], n->input[2]));
    n->saved_count = NORM_SAVED_COUNT(x->c);
    return infer_like_input(n);
}

/* What the loops over planes need; the sums of each plane are kept apart and added up in order. */
typedef struct norm_job {
    node *n;
    double *sums; /* two of each plane */
    const tensor *dx;
    bool accumulate;
    const double *db, *dg; /* summed over the batch */
} norm_job;

static bool has_relu(const node *n) {
    const batch_norm_options *o = n->options;
    return o->activation == ACTIVATION_RELU;
}

static void affine_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    w->kernels->plane_affine(plane_of(x), plane_data(x, plane), a.scale[c], a.shift[c], has_relu(n),
                             plane_data(&n->value, plane));
}

static void forward(node *n, const op_run *run) {
    if (!run->again)
        norm_prepare(run->engine, n->input[0], n->input[1]->value.data, n->input[2]->value.data, n->options, arrays(n),
                     run->scratch);
    parallel_for(run->engine, plane_count(n), affine_plane, n);
}

static void sums_plane(const worker *w, void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    w->kernels->plane_norm_sums(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c], a.scale[c],
                                a.shift[c], has_relu(n), job->sums + 2 * plane);
}

static void gradient_plane(const worker *w, void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const batch_norm_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int c = plane % x->c;
    double count = (double)x->n * x->h * x->w, r = a.inverse_std[c];
    bool batch = o->statistics == NORM_BATCH;
    float slope = batch ? (float)(-a.scale[c] * r * job->dg[c] / count) : 0;
    float constant = batch ? (float)(-a.scale[c] * job->db[c] / count) : 0;
    w->kernels->plane_norm_backward(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c],
                                    a.scale[c], a.shift[c], has_relu(n), a.scale[c], slope, constant, job->accumulate,
                                    plane_data(job->dx, plane));
}

static void backward(node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    norm_saved a = arrays(n);
    int planes = x->n * x->c;
    double *sums = (double *)(void *)run->scratch, *db = sums + 2 * planes, *dg = db + x->c;
    norm_job job = {.n = n, .sums = sums, .db = db, .dg = dg};
    parallel_for(run->engine, planes, sums_plane, &job);
    bool accumulate;
    const tensor *dweight = node_grad(n, 1, &accumulate), *dbias = node_grad(n, 2, &accumulate);
    for (int c = 0; c < x->c; c++) {
        db[c] = dg[c] = 0;
        for (int i = 0; i < x->n; i++) {
            db[c] += sums[2 * (i * x->c + c)];
            dg[c] += sums[2 * (i * x->c + c) + 1];
        }
        dg[c] *= a.inverse_std[c];
        if (dweight)
            dweight->data[c] += (float)dg[c];
        if (dbias)
            dbias->data[c] += (float)db[c];
    }
    job.dx = node_grad(n, 0, &job.accumulate);
    if (job.dx)
        parallel_for(run->engine, planes, gradient_plane, &job);
}

static int keeps(const node *n) {
    (void)n;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1;
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    size_t doubles = 2 * (size_t)(plane_count(n)) + 2 * (size_t)n->value.c;
    size_t backward_count = doubles * sizeof(double) / sizeof(float), forward_count = norm_scratch(&n->value);
    return backward_count > forward_count ? backward_count : forward_count;
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, c, h, w;
        sample_norm kind;
        activation activation;
    } cases[] = {
        {2, 3, 9, 21, SAMPLE_BATCH, ACTIVATION_NONE},
        {3, 4, 7, 16, SAMPLE_BATCH, ACTIVATION_RELU},
        {1, 2, 5, 33, SAMPLE_RUNNING, ACTIVATION_RELU},
        {4, 8, 1, 1, SAMPLE_BATCH, ACTIVATION_NONE},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    node *x = tape_variable(t, cases[index].n, cases[index].c, cases[index].h, cases[index].w, false);
    norm_inputs norm = norm_sample(t, cases[index].c, cases[index].kind);
    norm.options.activation = cases[index].activation;
    return batch_norm(t, x, norm.weight, norm.bias, norm.options);
}

const op op_batch_norm = {.name = "batch_norm",
                          .infer = infer,
                          .forward = forward,
                          .backward = backward,
                          .keeps = keeps,
                          .scratch = scratch,
                          .sample = sample};

node *batch_norm(tape *t, node *x, node *weight, node *bias, batch_norm_options options) {
    node *inputs[] = {x, weight, bias};
    return tape_record(t, &op_batch_norm, &options, sizeof options, 3, inputs);
}
