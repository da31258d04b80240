#include "autograd/shared/norm.h"

#include "autograd/shared/bands.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/parallel.h"
#include "core/base/peers.h"

#include <math.h>
#include <string.h>

norm_saved norm_saved_at(float *saved, int channels) {
    return (norm_saved){saved, saved + channels, saved + 2 * channels, saved + 3 * channels};
}

status norm_check(const tensor *x, const node *weight, const node *bias) {
    if (tensor_count(&weight->value) == x->c && tensor_count(&bias->value) == x->c)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "weight and bias must hold one number for each of the %d channels", x->c);
}

/* Rows come in bands of CONV_BAND; results of a band are kept at its first row's place, so that they are added up in a
 * fixed order, whoever computed them. */
static int band_count(const tensor *x) {
    return (x->h + CONV_BAND - 1) / CONV_BAND;
}

static size_t place_of(const tensor *x, int image, int y0, int channel) {
    return ((size_t)image * (size_t)band_count(x) + (size_t)(y0 / CONV_BAND)) * (size_t)x->c + (size_t)channel;
}

static size_t place_count(const tensor *x) {
    return (size_t)x->n * (size_t)band_count(x) * (size_t)x->c;
}

static plane_shape rows_shape(const tensor *x, int y0, int y1) {
    return (plane_shape){y1 - y0, x->w, x->row};
}

static float *rows_data(const tensor *x, int image, int channel, int y0) {
    return tensor_plane(x, image, channel) + y0 * x->row;
}

static status request_moments(tape *t, node *x) {
    if (!x->op || !x->op->gathers_moments || x->plan->moments)
        return STATUS_OK;
    x->plan->moments = tape_alloc(t, place_count(&x->value) * sizeof *x->plan->moments);
    return x->plan->moments ? STATUS_OK : STATUS_MEMORY;
}

bool norm_take(tape *t, node **x, int readers, const node *last, norm_inputs *norm) {
    const node *n = *x;
    if (!rewrite_is_inner(t, n, &op_batch_norm_relu, readers, last) || !tape_runs_backward(t, n))
        return false;
    *norm = (norm_inputs){n->input[1], n->input[2], *(const batch_norm_options *)n->options};
    *x = n->input[0];
    return norm->options.statistics == NORM_RUNNING || request_moments(t, *x) == STATUS_OK;
}

bool norm_clear_moments(node *n) {
    if (n->plan->moments)
        memset(n->plan->moments, 0, place_count(&n->value) * sizeof *n->plan->moments);
    return n->plan->moments != NULL;
}

void norm_gather_moments(const worker *w, void *context, int image, int y0, int y1) {
    node *n = context;
    const tensor *x = &n->value;
    for (int c = 0; c < x->c; c++) {
        plane_moments m = w->kernels->plane_moments(rows_shape(x, y0, y1), rows_data(x, image, c, y0));
        n->plan->moments[place_of(x, image, y0, c)] = (norm_moments){(double)(y1 - y0) * x->w, m.mean, m.m2};
    }
}

/* What norm_prepare's loops share. */
typedef struct prepare_job {
    const node *x;
    norm_moments *moments; /* [image][band][channel]; another norm may read them too */
    norm_moments *whole;   /* of each channel */
    const batch_norm_options *o;
    norm_saved saved;
} prepare_job;

static void whole_plane(const worker *w, void *context, int plane) {
    const prepare_job *job = context;
    const tensor *x = &job->x->value;
    plane_moments m = w->kernels->plane_moments(plane_of(x), plane_data(x, plane));
    job->moments[place_of(x, plane / x->c, 0, plane % x->c)] = (norm_moments){(double)x->h * x->w, m.mean, m.m2};
}

/* Chan et al., 1983. */
static void merge(norm_moments *all, norm_moments part) {
    if (part.count == 0)
        return;
    double count = all->count + part.count, delta = part.mean - all->mean;
    all->m2 += part.m2 + delta * delta * all->count * part.count / count;
    all->mean += delta * part.count / count;
    all->count = count;
}

/* Merges the parts of one channel in a fixed order. */
static void merge_channel(const worker *w, void *context, int c) {
    (void)w;
    const prepare_job *job = context;
    const tensor *x = &job->x->value;
    norm_moments all = {0};
    for (size_t i = (size_t)c; i < place_count(x); i += (size_t)x->c)
        merge(&all, job->moments[i]);
    job->whole[c] = all;
}

/* And those of all ranks, in their order. */
static void merge_ranks(peers *p, norm_moments *channels, int count) {
    enum { EACH = sizeof(norm_moments) / sizeof(double), AT_ONCE = PEERS_MOST_VALUES / EACH };
    for (int first = 0, part; p && first < count; first += part) {
        part = count - first < AT_ONCE ? count - first : AT_ONCE;
        const double *all = peers_gather_counted(p, (const double *)(channels + first), EACH * part);
        for (int c = 0; c < part; c++) {
            norm_moments whole = {0};
            for (int rank = 0; rank < peers_count(p); rank++) {
                const double *m = all + EACH * (rank * part + c);
                merge(&whole, (norm_moments){m[0], m[1], m[2]});
            }
            channels[first + c] = whole;
        }
    }
}

static void channel_statistics(prepare_job *job, int c) {
    const batch_norm_options *o = job->o;
    norm_moments all = job->whole[c];
    job->saved.mean[c] = (float)all.mean;
    job->saved.inverse_std[c] = (float)(1 / sqrt(all.m2 / all.count + BATCH_NORM_EPSILON));
    double unbiased = all.m2 / (all.count > 1 ? all.count - 1 : 1);
    o->running_mean[c] = (float)((1 - BATCH_NORM_MOMENTUM) * o->running_mean[c] + BATCH_NORM_MOMENTUM * all.mean);
    o->running_var[c] = (float)((1 - BATCH_NORM_MOMENTUM) * o->running_var[c] + BATCH_NORM_MOMENTUM * unbiased);
}

static void batch_statistics(engine *e, prepare_job *job, void *scratch) {
    const tensor *x = &job->x->value;
    job->whole = scratch;
    job->moments = job->x->plan->moments;
    if (!job->moments) {
        job->moments = job->whole + x->c;
        memset(job->moments, 0, place_count(x) * sizeof *job->moments);
        parallel_for(e, x->n * x->c, whole_plane, job);
    }
    parallel_for(e, x->c, merge_channel, job);
    merge_ranks(engine_peers(e), job->whole, x->c);
    for (int c = 0; c < x->c; c++)
        channel_statistics(job, c);
    *job->o->batches += 1;
}

void norm_prepare(node *n, int norm, const batch_norm_options *o, void *scratch, const op_run *run) {
    const node *x = n->input[0];
    const float *weight = n->input[norm]->value.data, *bias = n->input[norm + 1]->value.data;
    norm_saved saved = norm_saved_at(n->saved, x->value.c);
    if (run->is_recomputation)
        return;
    if (o->statistics == NORM_BATCH)
        batch_statistics(run->engine, &(prepare_job){.x = x, .o = o, .saved = saved}, scratch);
    for (int c = 0; c < x->value.c; c++) {
        if (o->statistics == NORM_RUNNING) {
            saved.mean[c] = o->running_mean[c];
            saved.inverse_std[c] = (float)(1 / sqrt(o->running_var[c] + BATCH_NORM_EPSILON));
        }
        saved.scale[c] = weight[c] * saved.inverse_std[c];
        /* Where a channel varies little the product is large and all but cancels scale * x. */
        saved.shift[c] = (float)(bias[c] - (double)saved.mean[c] * saved.scale[c]);
    }
}

typedef struct apply_job {
    const tensor *x, *to;
    norm_saved saved;
} apply_job;

static void apply_plane(const worker *w, void *context, int plane) {
    const apply_job *job = context;
    int c = plane % job->x->c;
    w->kernels->plane_affine(plane_of(job->x), plane_data(job->x, plane), job->saved.scale[c], job->saved.shift[c],
                             true, plane_data(job->to, plane));
}

size_t norm_applied_room(const tensor *x) {
    return tensor_footprint(x) + TENSOR_HALO;
}

void norm_applied_clear(const tensor *x, float *room) {
    memset(room, 0, norm_applied_room(x) * sizeof *room);
}

tensor norm_apply(engine *e, const tensor *x, norm_saved saved, float *room) {
    tensor applied = *x;
    applied.data = room + tensor_origin(x);
    parallel_for(e, x->n * x->c, apply_plane, &(apply_job){x, &applied, saved});
    return applied;
}

size_t norm_scratch(const tensor *x) {
    size_t bytes =
        (place_count(x) + (size_t)x->c) * sizeof(norm_moments); /* the two sums of the backward pass need less */
    return (bytes + 63) / 64 * 64 / sizeof(float);
}

void norm_mask(const worker *w, void *context, int image, int y0, int y1) {
    const norm_backward *b = context;
    const tensor *x = b->x, *dx = b->dx;
    for (int c = 0; c < x->c; c++)
        w->kernels->plane_norm_mask(rows_shape(x, y0, y1), rows_data(x, image, c, y0), rows_data(dx, image, c, y0),
                                    b->constant ? b->constant[image * x->c + c] : 0, b->saved.mean[c],
                                    b->saved.scale[c], b->saved.shift[c], b->sums + 2 * place_of(x, image, y0, c));
}

void norm_backward_begin(const norm_backward *b) {
    memset(b->sums, 0, 2 * place_count(b->x) * sizeof *b->sums);
}

typedef struct finish_job {
    const norm_backward *b;
    norm_statistics statistics;
    float *dweight, *dbias; /* of this process's images: all gradients are summed over the ranks later */
    double count;           /* of values of a channel in the whole batch */
} finish_job;

/* The sums over the batch go to the places of the first band, where the second loop finds them. */
static void sum_channel(const worker *w, void *context, int c) {
    (void)w;
    const finish_job *job = context;
    const norm_backward *b = job->b;
    double db = 0, dg = 0;
    for (size_t i = (size_t)c; i < place_count(b->x); i += (size_t)b->x->c) {
        db += b->sums[2 * i];
        dg += b->sums[2 * i + 1];
    }
    dg *= b->saved.inverse_std[c];
    if (job->dweight)
        job->dweight[c] += (float)dg;
    if (job->dbias)
        job->dbias[c] += (float)db;
    b->sums[2 * c] = db;
    b->sums[2 * c + 1] = dg;
}

static void finish_plane(const worker *w, void *context, int plane) {
    const finish_job *job = context;
    const norm_backward *b = job->b;
    const tensor *x = b->x;
    int c = plane % x->c;
    float scale = b->saved.scale[c], slope = 0, constant = 0;
    if (job->statistics == NORM_BATCH) {
        slope = (float)(-scale * b->saved.inverse_std[c] * b->sums[2 * c + 1] / job->count);
        constant = (float)(-scale * b->sums[2 * c] / job->count);
    }
    float *dx = plane_data(b->dx, plane);
    w->kernels->plane_norm_backward(plane_of(x), plane_data(x, plane), dx, b->saved.mean[c], scale, b->saved.shift[c],
                                    false, scale, slope, constant, false, dx);
}

void norm_backward_finish(node *n, int norm, const norm_backward *b, norm_statistics statistics, const tensor *sum,
                          const op_run *run) {
    const tensor *x = b->x;
    finish_job job = {b, statistics, parameter_grad(n, norm), parameter_grad(n, norm + 1),
                      (double)peers_images(run->engine, x->n) * x->h * x->w};
    parallel_for(run->engine, x->c, sum_channel, &job);
    if (statistics == NORM_BATCH)
        peers_sum(engine_peers(run->engine), b->sums, 2 * x->c);
    parallel_for(run->engine, x->n * x->c, finish_plane, &job);
    if (sum)
        bands_add(run->engine, b->dx, sum);
}

size_t norm_room(const node *n, int x, int norm) {
    const node *input = n->input[x];
    bool needed = input->requires_grad ? node_grad_adds_up(n, x) : norm_is_trained(n, norm);
    return needed ? tensor_footprint(&input->value) + TENSOR_HALO : 0;
}

tensor norm_place(const tensor *x, const tensor *dx, bool accumulate, float *room) {
    tensor place = *x;
    place.data = dx && !accumulate ? dx->data : room + tensor_origin(x);
    return place;
}

norm_inputs norm_sample(tape *t, int channels, sample_norm kind) {
    if (kind == SAMPLE_PLAIN)
        return (norm_inputs){0};
    float *statistics = tape_alloc(t, (2 * (size_t)channels + 1) * sizeof *statistics);
    for (int c = 0; statistics && c < channels; c++) {
        statistics[c] = 0.05f * (float)c;
        statistics[channels + c] = 1 + 0.1f * (float)c;
    }
    return (norm_inputs){tape_variable(t, 1, channels, 1, 1, true),
                         tape_variable(t, 1, channels, 1, 1, true),
                         {.statistics = kind == SAMPLE_BATCH ? NORM_BATCH : NORM_RUNNING,
                          .running_mean = statistics,
                          .running_var = statistics + channels,
                          .batches = statistics + 2 * channels}};
}
