/* Scaling of each patch (patches.h) of each channel by a factor of its own.
 *
 * Forward    Y[n,c,y,x] = F[n,c,i,j] X[n,c,y,x]                    for pixels y, x of patch i, j
 * Gradients  dX = F dY;  dF[n,c,i,j] = sum over its patch of dY X */
#include "autograd/ops.h"

#include "autograd/shared/patches.h"
#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value, *factor = &n->input[1]->value;
    if (factor->n != x->n || factor->c != x->c || factor->h != factor->w)
        return status_fail(STATUS_USAGE, "factors %dx%dx%dx%d for an input of %dx%d channels", factor->n, factor->c,
                           factor->h, factor->w, x->n, x->c);
    TRY(patches_check(x, factor->h));
    return infer_like_input(n);
}

/* The factors of one plane, or their gradients: one for each patch. */
static float *factor_at(const tensor *factors, int plane, int patch_index) {
    return plane_data(factors, plane) + patch_index / factors->w * factors->row + patch_index % factors->w;
}

static float *pixels_at(const tensor *t, int plane, patch p) {
    return plane_data(t, plane) + p.y * t->row + p.x;
}

static plane_shape shape_of(const tensor *t, patch p) {
    return (plane_shape){p.h, p.w, t->row};
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value, *factors = &n->input[1]->value;
    for (int i = 0; i < factors->h * factors->w; i++) {
        patch p = patch_at(x, factors->h, i);
        w->kernels->plane_combine(shape_of(x, p), *factor_at(factors, plane, i), pixels_at(x, plane, p), 0, NULL, false,
                                  pixels_at(&n->value, plane, p));
    }
}

typedef struct scale_job {
    const node *n;
    grad_target dx, dfactors;
} scale_job;

static void backward_plane(const worker *w, void *context, int plane) {
    const scale_job *job = context;
    const tensor *x = &job->n->input[0]->value, *factors = &job->n->input[1]->value, *dy = &job->n->grad;
    for (int i = 0; i < factors->h * factors->w; i++) {
        patch p = patch_at(x, factors->h, i);
        if (job->dfactors.to) {
            float sum = (float)w->kernels->plane_dot(shape_of(x, p), pixels_at(dy, plane, p), pixels_at(x, plane, p));
            float *to = factor_at(job->dfactors.to, plane, i);
            *to = job->dfactors.accumulate ? *to + sum : sum;
        }
        if (job->dx.to)
            w->kernels->plane_combine(shape_of(x, p), *factor_at(factors, plane, i), pixels_at(dy, plane, p), 0, NULL,
                                      job->dx.accumulate, pixels_at(job->dx.to, plane, p));
    }
}

static void backward(node *n, const op_run *run) {
    scale_job job = {.n = n};
    job.dfactors = grad_target_of(n, 1); /* in the order in which they are written: both may be one */
    job.dx = grad_target_of(n, 0);
    parallel_for(run->engine, plane_count(n), backward_plane, &job);
}

static node *sample(tape *t, int index) {
    static const struct { int h, w, parts; } cases[] = {{10, 14, 3}, {11, 9, 4}, {5, 20, 5}, {6, 7, 1}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    node *x = tape_variable(t, 2, 3, cases[index].h, cases[index].w, false);
    return patch_scale(t, x, tape_variable(t, 2, 3, cases[index].parts, cases[index].parts, false));
}

const op op_patch_scale = {.name = "patch_scale",
                           .infer_shape = infer_shape,
                           .forward = planes_forward,
                           .forward_plane = forward_plane,
                           .backward = backward,
                           .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                           .sample = sample};

node *patch_scale(tape *t, node *x, node *factor) {
    node *inputs[] = {x, factor};
    return tape_record(t, &op_patch_scale, NULL, 0, 2, inputs);
}
