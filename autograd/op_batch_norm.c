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

#include "autograd/op_support.h"
#include "core/runtime.h"

#include <math.h>

/* saved: mean, r, scale = weight r, shift = bias - mean scale, C each. The sign of z is found again from
 * scale * x + shift, the very expression of the forward pass, so Y need not be kept. */
typedef struct saved_arrays {
    float *mean, *inverse_std, *scale, *shift;
} saved_arrays;

static saved_arrays arrays(const node *n) {
    int c = n->value.c;
    return (saved_arrays){n->saved, n->saved + c, n->saved + 2 * c, n->saved + 3 * c};
}

static status infer(node *n) {
    const tensor *x = &n->input[0]->value;
    if (tensor_count(&n->input[1]->value) != x->c || tensor_count(&n->input[2]->value) != x->c)
        return status_fail(STATUS_USAGE, "weight and bias must hold one number for each of the %d channels", x->c);
    n->saved_count = 4 * (size_t)x->c;
    return infer_like_input(n);
}

/* What the loops over planes need; the sums of each plane are kept apart and added up in order. */
typedef struct norm_job {
    node *n;
    void *sums; /* plane_moments or double[2] of each plane */
    const tensor *dx;
    bool accumulate;
    const double *db, *dg; /* summed over the batch */
} norm_job;

static bool has_relu(const node *n) {
    const batch_norm_options *o = n->options;
    return o->activation == ACTIVATION_RELU;
}

static void moments_plane(void *context, int plane) {
    norm_job *job = context;
    const tensor *x = &job->n->input[0]->value;
    ((plane_moments *)job->sums)[plane] = kernels()->plane_moments(plane_of(x), plane_data(x, plane));
}

static void affine_plane(void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    saved_arrays a = arrays(n);
    int c = plane % x->c;
    kernels()->plane_affine(plane_of(x), plane_data(x, plane), a.scale[c], a.shift[c], has_relu(n),
                            plane_data(&n->value, plane));
}

/* Mean and squared deviations of all planes of a channel, merged pairwise in image order (Chan et al., 1983). */
static plane_moments merge_channel(const plane_moments *planes, int images, int channels, int c, double pixels) {
    plane_moments all = planes[c];
    double count = pixels;
    for (int i = 1; i < images; i++) {
        plane_moments one = planes[i * channels + c];
        double delta = one.mean - all.mean;
        all.m2 += one.m2 + delta * delta * count * pixels / (count + pixels);
        all.mean += delta * pixels / (count + pixels);
        count += pixels;
    }
    return all;
}

static void batch_statistics(node *n, const op_run *run) {
    const batch_norm_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    saved_arrays a = arrays(n);
    norm_job job = {.n = n, .sums = run->scratch};
    parallel_for(x->n * x->c, moments_plane, &job);
    double pixels = (double)x->h * x->w, count = pixels * x->n;
    for (int c = 0; c < x->c; c++) {
        plane_moments all = merge_channel(job.sums, x->n, x->c, c, pixels);
        a.mean[c] = (float)all.mean;
        a.inverse_std[c] = (float)(1 / sqrt(all.m2 / count + BATCH_NORM_EPSILON));
        double unbiased = all.m2 / (count > 1 ? count - 1 : 1);
        o->running_mean[c] = (float)((1 - BATCH_NORM_MOMENTUM) * o->running_mean[c] + BATCH_NORM_MOMENTUM * all.mean);
        o->running_var[c] = (float)((1 - BATCH_NORM_MOMENTUM) * o->running_var[c] + BATCH_NORM_MOMENTUM * unbiased);
    }
    *o->batches += 1;
}

static void forward(node *n, const op_run *run) {
    const batch_norm_options *o = n->options;
    const float *weight = n->input[1]->value.data, *bias = n->input[2]->value.data;
    saved_arrays a = arrays(n);
    int channels = n->value.c;
    if (o->statistics == NORM_BATCH)
        batch_statistics(n, run);
    for (int c = 0; c < channels; c++) {
        if (o->statistics == NORM_RUNNING) {
            a.mean[c] = o->running_mean[c];
            a.inverse_std[c] = (float)(1 / sqrt(o->running_var[c] + BATCH_NORM_EPSILON));
        }
        a.scale[c] = weight[c] * a.inverse_std[c];
        a.shift[c] = bias[c] - a.mean[c] * a.scale[c];
    }
    parallel_for(n->value.n * channels, affine_plane, n);
}

static void sums_plane(void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const tensor *x = &n->input[0]->value;
    saved_arrays a = arrays(n);
    int c = plane % x->c;
    kernels()->plane_norm_sums(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c], a.scale[c],
                               a.shift[c], has_relu(n), (double *)job->sums + 2 * plane);
}

static void gradient_plane(void *context, int plane) {
    norm_job *job = context;
    const node *n = job->n;
    const batch_norm_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    saved_arrays a = arrays(n);
    int c = plane % x->c;
    double count = (double)x->n * x->h * x->w, r = a.inverse_std[c];
    bool batch = o->statistics == NORM_BATCH;
    float slope = batch ? (float)(-a.scale[c] * r * job->dg[c] / count) : 0;
    float constant = batch ? (float)(-a.scale[c] * job->db[c] / count) : 0;
    kernels()->plane_norm_backward(plane_of(x), plane_data(x, plane), plane_data(&n->grad, plane), a.mean[c],
                                   a.scale[c], a.shift[c], has_relu(n), a.scale[c], slope, constant, job->accumulate,
                                   plane_data(job->dx, plane));
}

static void backward(node *n, const op_run *run) {
    const tensor *x = &n->input[0]->value;
    saved_arrays a = arrays(n);
    int planes = x->n * x->c;
    double *sums = (double *)(void *)run->scratch, *db = sums + 2 * planes, *dg = db + x->c;
    norm_job job = {.n = n, .sums = sums, .db = db, .dg = dg};
    parallel_for(planes, sums_plane, &job);
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
        parallel_for(planes, gradient_plane, &job);
}

static int keeps(const node *n) {
    (void)n;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1;
}

static size_t scratch(const node *n) {
    size_t doubles = 2 * (size_t)(plane_count(n)) + 2 * (size_t)n->value.c;
    return doubles * sizeof(double) / sizeof(float);
}

static node *sample(tape *t, int index) {
    static float statistics[3][8];
    static const struct {
        int n, c, h, w;
        norm_statistics statistics;
        activation activation;
    } cases[] = {
        {2, 3, 9, 21, NORM_BATCH, ACTIVATION_NONE},
        {3, 4, 7, 16, NORM_BATCH, ACTIVATION_RELU},
        {1, 2, 5, 33, NORM_RUNNING, ACTIVATION_RELU},
        {4, 8, 1, 1, NORM_BATCH, ACTIVATION_NONE},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    for (int c = 0; c < 8; c++) {
        statistics[0][c] = 0.1f * (float)c;
        statistics[1][c] = 1 + 0.2f * (float)c;
    }
    int channels = cases[index].c;
    node *x = tape_variable(t, cases[index].n, channels, cases[index].h, cases[index].w, false);
    node *weight = tape_variable(t, 1, channels, 1, 1, true), *bias = tape_variable(t, 1, channels, 1, 1, true);
    return batch_norm(t, x, weight, bias,
                      (batch_norm_options){.statistics = cases[index].statistics,
                                           .activation = cases[index].activation,
                                           .running_mean = statistics[0],
                                           .running_var = statistics[1],
                                           .batches = statistics[2]});
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
