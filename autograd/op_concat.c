/* Concatenation along the channels.
 *
 * Forward    Y[n] = (A[n], B[n], ...)      (the channels of each part, in order)
 * Gradients  dA[n], dB[n], ... = their channels of dY[n] */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"

static status infer_shape(node *n) {
    const tensor *first = &n->input[0]->value;
    int channels = 0;
    for (int i = 0; i < n->input_count; i++) {
        const tensor *part = &n->input[i]->value;
        if (part->n != first->n || part->h != first->h || part->w != first->w)
            return status_fail(STATUS_USAGE, "a part of %dx%dx%dx%d beside one of %dx%dx%dx%d", part->n, part->c,
                               part->h, part->w, first->n, first->c, first->h, first->w);
        TRY(require_same_layout(part, first));
        channels += part->c;
    }
    n->value = tensor_planar(first->n, channels, first->h, first->w);
    return STATUS_OK;
}

/* One part, and its first channel in the whole. */
typedef struct concat_job {
    const tensor *part, *whole;
    int channel;
    bool accumulate;
} concat_job;

static float *plane_in_whole(const concat_job *job, int plane) {
    return tensor_plane(job->whole, plane / job->part->c, job->channel + plane % job->part->c);
}

static void copy_plane(const worker *w, const tensor *shape, const float *from, bool accumulate, float *to) {
    w->kernels->plane_combine(plane_of(shape), 1, from, 0, NULL, accumulate, to);
}

static void forward_plane(const worker *w, void *context, int plane) {
    const concat_job *job = context;
    copy_plane(w, job->part, plane_data(job->part, plane), false, plane_in_whole(job, plane));
}

static void forward(node *n, const op_run *run) {
    concat_job job = {.whole = &n->value};
    for (int i = 0; i < n->input_count; i++) {
        job.part = &n->input[i]->value;
        parallel_for(run->engine, job.part->n * job.part->c, forward_plane, &job);
        job.channel += job.part->c;
    }
}

static void backward_plane(const worker *w, void *context, int plane) {
    const concat_job *job = context;
    copy_plane(w, job->part, plane_in_whole(job, plane), job->accumulate, plane_data(job->part, plane));
}

static void backward(node *n, const op_run *run) {
    concat_job job = {.whole = &n->grad};
    for (int i = 0; i < n->input_count; i++) {
        job.part = node_grad(n, i, &job.accumulate);
        if (job.part)
            parallel_for(run->engine, job.part->n * job.part->c, backward_plane, &job);
        job.channel += n->input[i]->value.c;
    }
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, h, w, channels[4];
    } cases[] = {{2, 7, 21, {3, 2}}, {1, 9, 16, {1, 4, 2, 1}}, {3, 1, 1, {2, 5, 3}}, {2, 1, 5, {6}}};
    if (index > (int)(sizeof cases / sizeof *cases))
        return NULL;
    if (index == (int)(sizeof cases / sizeof *cases)) { /* one value twice: its gradient adds up */
        node *a = tape_variable(t, 2, 2, 6, 18, false), *b = tape_variable(t, 2, 1, 6, 18, false);
        return concat(t, 3, (node *[]){a, b, a});
    }
    node *parts[4];
    int count = 0;
    for (; count < 4 && cases[index].channels[count]; count++)
        parts[count] =
            tape_variable(t, cases[index].n, cases[index].channels[count], cases[index].h, cases[index].w, false);
    return concat(t, count, parts);
}

const op op_concat = {
    .name = "concat", .infer_shape = infer_shape, .forward = forward, .backward = backward, .sample = sample};

node *concat(tape *t, int count, node *const *parts) {
    return tape_record(t, &op_concat, NULL, 0, count, parts);
}
