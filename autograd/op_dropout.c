/* Dropout (Srivastava et al., 2014): each value is dropped with probability `rate`, the others grow in return. Which
 * ones, is a function of seed, training step and index in the whole batch, on all ranks.
 *
 * Forward    Y = m X / (1 - rate),  m = 0 (dropped) or 1
 * Gradient   dX = m dY / (1 - rate);  m is drawn again, not kept */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"
#include "core/base/peers.h"
#include "core/base/rng.h"

static status infer_shape(node *n) {
    const dropout_options *o = n->options;
    if (!(o->rate >= 0 && o->rate < 1))
        return status_fail(STATUS_USAGE, "rate %g: expected at least 0 and less than 1", o->rate);
    if (!o->step)
        return status_fail(STATUS_USAGE, "no training step to draw for");
    return infer_like_input(n);
}

typedef struct dropout_job {
    const node *n;
    const tensor *from, *to;
    bool accumulate;
    uint32_t *draws; /* a row of each thread */
    int first;       /* plane of the whole batch that is ours */
} dropout_job;

static void drop_plane(const worker *w, void *context, int plane) {
    const dropout_job *job = context;
    const dropout_options *o = job->n->options;
    const tensor *from = job->from, *to = job->to;
    const float grown = (float)(1 / (1 - o->rate));
    const uint32_t least_kept = (uint32_t)(o->rate * 0x1p32);
    uint32_t *draws = job->draws + (size_t)w->thread * (size_t)to->w;
    rng r = rng_new(o->seed, (uint64_t)*o->step);
    r.index = (uint64_t)(job->first + plane) * (uint64_t)to->h * (uint64_t)to->w;
    for (int row = 0; row < to->h; row++) {
        const float *x = plane_data(from, plane) + row * from->row;
        float *y = plane_data(to, plane) + row * to->row;
        rng_fill_u32(&r, draws, to->w);
        for (int i = 0; i < to->w; i++) {
            float value = draws[i] >= least_kept ? grown * x[i] : 0;
            y[i] = job->accumulate ? y[i] + value : value;
        }
    }
}

static void forward(node *n, const op_run *run) {
    int first = peers_first_image(run->engine) * n->value.c;
    dropout_job job = {n, &n->input[0]->value, &n->value, false, run->scratch, first};
    parallel_for(run->engine, plane_count(n), drop_plane, &job);
}

static void backward(node *n, const op_run *run) {
    int first = peers_first_image(run->engine) * n->value.c;
    dropout_job job = {.n = n, .from = &n->grad, .draws = run->scratch, .first = first};
    job.to = node_grad(n, 0, &job.accumulate);
    if (job.to)
        parallel_for(run->engine, plane_count(n), drop_plane, &job);
}

static size_t scratch(const engine *e, const node *n) {
    return (size_t)engine_threads(e) * (size_t)n->value.w;
}

static node *sample(tape *t, int index) {
    static const int64_t steps[] = {0, 7};
    if (index > 1)
        return NULL;
    node *x = index ? tape_variable(t, 2, 40, 1, 1, true) : tape_variable(t, 2, 3, 9, 21, false);
    return dropout(t, x, index ? 0.5 : 0.1, 11, &steps[index]);
}

const op op_dropout = {.name = "dropout",
                       .infer_shape = infer_shape,
                       .forward = forward,
                       .backward = backward,
                       .scratch = scratch,
                       .sample = sample};

node *dropout(tape *t, node *x, double rate, uint64_t seed, const int64_t *step) {
    if (rate == 0)
        return x;
    dropout_options options = {rate, seed, step};
    return tape_record(t, &op_dropout, &options, sizeof options, 1, &x);
}
