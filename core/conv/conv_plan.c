#include "core/conv/conv_strategy.h"

#include "core/tensor/kernels.h"

#include <assert.h>
#include <string.h>

/* Packing is a hundredth of the work on maps of that many pixels. */
enum { MOST_PIXELS_KEPT = 20 * 1000 };

const conv_strategy *const conv_strategies[] = {
#define CONV_STRATEGY(name) &conv_##name,
#include "core/conv/conv.def"
#undef CONV_STRATEGY
    NULL,
};

int conv_output_size(int input, int kernel, const conv_options *o) {
    int span = o->dilation * (kernel - 1) + 1;
    int room = input + 2 * o->padding - span;
    return room < 0 ? 0 : room / o->stride + 1;
}

static const conv_strategy *choose(const engine *e, conv_direction d, const conv_task *t) {
    const conv_strategy *const *s = conv_strategies;
    while (!(*s)->applies(d, t) || !(*s)->pays(e, d, t))
        s++;
    return *s;
}

/* The packed weights stand at the front of the scratch. */
static size_t packed_count(const conv_strategy *s, conv_direction d, const conv_task *t) {
    return s->packed && d != CONV_WEIGHT_GRADIENT ? conv_round_up(s->packed(d, t)) : 0;
}

conv_plan conv_plan_by(const engine *e, const conv_task *t, const conv_strategy *const by[CONV_DIRECTIONS]) {
    conv_plan p = {.task = *t};
    for (conv_direction d = CONV_FORWARD; d < CONV_DIRECTIONS; d++) {
        p.by[d] = by[d];
        size_t need = by[d] ? packed_count(by[d], d, t) + by[d]->scratch(e, d, t) : 0;
        p.scratch = need > p.scratch ? need : p.scratch;
    }
    return p;
}

conv_plan conv_plan_new(const engine *e, const tensor *x, const tensor *y, const conv_options *o, bool gradients) {
    conv_task t = {.x = *x, .y = *y, .o = *o};
    t.x.data = t.y.data = NULL;
    const conv_strategy *by[CONV_DIRECTIONS] = {NULL};
    for (conv_direction d = CONV_FORWARD; d < (gradients ? CONV_DIRECTIONS : CONV_INPUT_GRADIENT); d++)
        by[d] = choose(e, d, &t);
    return conv_plan_by(e, &t, by);
}

bool conv_keeping_pays(const tensor *y) {
    return (int64_t)y->n * y->h * y->w <= MOST_PIXELS_KEPT;
}

size_t conv_plan_keeps(const conv_plan *p) {
    return conv_keeping_pays(&p->task.y) ? packed_count(p->by[CONV_FORWARD], CONV_FORWARD, &p->task) : 0;
}

void conv_plan_keep(conv_plan *p, float *memory) {
    assert(!p->by[CONV_INPUT_GRADIENT] && !p->by[CONV_WEIGHT_GRADIENT] && !p->kept.packed);
    if (!memory)
        return;
    p->kept = (kept_weights){.packed = memory};
    p->scratch -= packed_count(p->by[CONV_FORWARD], CONV_FORWARD, &p->task);
}

static bool fits(const conv_plan *p, const tensor *x, const tensor *y) {
    const conv_task *t = &p->task;
    return x->n <= t->x.n && x->n == y->n && x->c == t->x.c && x->h == t->x.h && x->w == t->x.w && x->row == t->x.row &&
           y->c == t->y.c && y->h == t->y.h && y->w == t->y.w && y->row == t->y.row;
}

/* Packs into the scratch, which is less by that much then. */
static const float *packed_in_scratch(const conv_plan *p, conv_direction d, const float *weight, conv_run *run) {
    const conv_strategy *s = p->by[d];
    float *packed = run->scratch;
    run->scratch += packed_count(s, d, &p->task);
    if (!s->packed)
        return weight;
    s->pack(run->engine, d, &p->task, weight, packed);
    return packed;
}

static const float *kept(conv_plan *p, const conv_run *run, const float *weight) {
    const conv_task *t = &p->task;
    size_t count = (size_t)t->y.c * (size_t)t->x.c * (size_t)(t->o.kh * t->o.kw);
    uint64_t print = run->fingerprint ? run->fingerprint : weights_fingerprint(run->engine, weight, count);
    if (!kept_weights_are(&p->kept, &print, 1))
        p->by[CONV_FORWARD]->pack(run->engine, CONV_FORWARD, t, weight, p->kept.packed);
    return p->kept.packed;
}

void conv_forward(conv_plan *p, const conv_run *run, const tensor *x, const float *weight, const float *bias, bool relu,
                  const tensor *y) {
    assert(fits(p, x, y) && !run->norm == !p->task.o.normalised);
    conv_run rest = *run;
    const float *packed = p->kept.packed ? kept(p, run, weight) : packed_in_scratch(p, CONV_FORWARD, weight, &rest);
    p->by[CONV_FORWARD]->forward(&p->task.o, &rest, x, packed, bias, relu, y);
}

void conv_input_gradient(const conv_plan *p, const conv_run *run, const tensor *dy, const float *weight,
                         bool accumulate, const tensor *dx) {
    assert(fits(p, dx, dy));
    conv_run rest = *run;
    const float *packed = packed_in_scratch(p, CONV_INPUT_GRADIENT, weight, &rest);
    p->by[CONV_INPUT_GRADIENT]->input_gradient(&p->task.o, &rest, dy, packed, accumulate, dx);
}

void conv_weight_gradient(const conv_plan *p, const conv_run *run, const tensor *x, const tensor *dy, float *dweight,
                          float *dbias) {
    assert(fits(p, x, dy) && !run->norm == !p->task.o.normalised);
    p->by[CONV_WEIGHT_GRADIENT]->weight_gradient(&p->task.o, run, x, dy, dweight, dbias);
}

/* --- for strategies --- */

size_t conv_copy_count(const tensor *x) {
    return conv_round_up(tensor_footprint(x) + TENSOR_HALO);
}

typedef struct norm_job {
    const tensor *from, *to;
    const conv_norm *norm;
} norm_job;

static void normalise_plane(const worker *w, void *context, int plane) {
    const norm_job *job = context;
    const tensor *x = job->from;
    int c = plane % x->c;
    w->kernels->plane_affine((plane_shape){x->h, x->w, x->row}, x->data + plane * x->plane, job->norm->scale[c],
                             job->norm->shift[c], true, job->to->data + plane * x->plane);
}

tensor conv_normalised(engine *e, const tensor *x, const conv_norm *norm, float *memory) {
    tensor copy = *x;
    memset(memory, 0, conv_copy_count(x) * sizeof *memory);
    copy.data = memory + tensor_origin(x);
    parallel_for(e, x->n * x->c, normalise_plane, &(norm_job){x, &copy, norm});
    return copy;
}

void conv_call_hook(const conv_run *run, const tensor *y) {
    worker w = parallel_caller(run->engine);
    for (int n = 0; run->hook && n < y->n; n++)
        run->hook->rows_done(&w, run->hook->context, n, 0, y->h);
}
