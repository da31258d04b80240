/* Weighted sum of two values of one shape; add and subtract are its special cases.
 *
 * Forward    Y = a A + b B           (a, b constants)
 * Gradients  dA = a dY;  dB = b dY */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer(node *n) {
    TRY(require_same_shape(&n->input[0]->value, &n->input[1]->value));
    return infer_like_input(n);
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const add_options *o = n->options;
    const tensor *a = &n->input[0]->value, *b = &n->input[1]->value;
    w->kernels->plane_combine(plane_of(a), o->weight_a, plane_data(a, plane), o->weight_b, plane_data(b, plane), false,
                              plane_data(&n->value, plane));
}

typedef struct add_job {
    grad_target target;
    float weight;
} add_job;

static void backward_plane(const worker *w, void *context, int plane) {
    const add_job *job = context;
    const tensor *dy = &job->target.n->grad;
    w->kernels->plane_combine(plane_of(dy), job->weight, plane_data(dy, plane), 0, NULL, job->target.accumulate,
                              plane_data(job->target.to, plane));
}

static void backward(node *n, const op_run *run) {
    const add_options *o = n->options;
    for (int i = 0; i < 2; i++) {
        add_job job = {grad_target_of(n, i), i ? o->weight_b : o->weight_a};
        if (job.target.to)
            parallel_for(run->engine, plane_count(n), backward_plane, &job);
    }
}

static void add_plane(const worker *w, void *context, int plane) {
    const tensor *const *from_to = context;
    const tensor *from = from_to[0];
    w->kernels->plane_combine(plane_of(from), 1, plane_data(from, plane), 0, NULL, true, plane_data(from_to[1], plane));
}

void add_to_gradient(engine *e, const tensor *from, const tensor *to) {
    parallel_for(e, from->n * from->c, add_plane, (const tensor *[]){from, to});
}

static node *sample(tape *t, int index) {
    if (index > 3)
        return NULL;
    node *a = tape_variable(t, 2, 3, 6, 18, false);
    if (index == 3)
        return add(t, a, a); /* one value read twice: its gradient adds up */
    node *b = tape_variable(t, 2, 3, 6, 18, false);
    return index == 0 ? add(t, a, b) : index == 1 ? subtract(t, a, b) : add_weighted(t, a, 0.7f, b, -1.3f);
}

const op op_add = {.name = "add",
                   .infer = infer,
                   .forward = planes_forward,
                   .forward_plane = forward_plane,
                   .backward = backward,
                   .sample = sample};

node *add_weighted(tape *t, node *a, float weight_a, node *b, float weight_b) {
    node *inputs[] = {a, b};
    add_options options = {weight_a, weight_b};
    return tape_record(t, &op_add, &options, sizeof options, 2, inputs);
}

node *add(tape *t, node *a, node *b) {
    return add_weighted(t, a, 1, b, 1);
}

node *subtract(tape *t, node *a, node *b) {
    return add_weighted(t, a, 1, b, -1);
}
