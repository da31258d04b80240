/* Soft-IoU loss of logits z against a mask t in [0, 1], p = sigmoid(z); per image, then averaged, or of the whole batch
 * as if it were one image (methods 9.1).
 *
 * Forward    I = sum p t,  U = sum p + sum t - I,  Y = 1 - mean over images of (I + 1) / (U + 1)
 * Gradient   dz = -dY / N * (t (U + 1) - (I + 1) (1 - t)) / (U + 1)^2 * p (1 - p); none for t
 *            N is the number of images, or 1 */
#include "autograd/ops.h"

#include "autograd/op_support.h"
#include "core/runtime.h"

#include <math.h>

static status infer(node *n) {
    const tensor *logit = &n->input[0]->value;
    TRY(require_same_shape(logit, &n->input[1]->value));
    if (n->input[1]->requires_grad)
        return status_fail(STATUS_USAGE, "the mask must not depend on parameters");
    n->value = tensor_dense(1, 1, 1, 1);
    n->saved_count = 2 * (size_t)logit->n; /* I + 1 and U + 1 of each image */
    return STATUS_OK;
}

static float probability(float logit) {
    return 1 / (1 + expf(-logit));
}

static void forward_image(void *context, int image) {
    const node *n = context;
    const tensor *z = &n->input[0]->value, *t = &n->input[1]->value;
    double overlap = 0, predicted = 0, labelled = 0;
    for (int c = 0; c < z->c; c++)
        for (int row = 0; row < z->h; row++) {
            const float *zr = tensor_plane(z, image, c) + row * z->row, *tr = tensor_plane(t, image, c) + row * t->row;
            for (int i = 0; i < z->w; i++) {
                double p = probability(zr[i]);
                overlap += p * tr[i];
                predicted += p;
                labelled += tr[i];
            }
        }
    n->saved[2 * image] = (float)(overlap + 1);
    n->saved[2 * image + 1] = (float)(predicted + labelled - overlap + 1);
}

static bool is_whole_batch(const node *n) {
    const soft_iou_options *o = n->options;
    return o->whole_batch;
}

/* Each image gets the sums of all. */
static void share_sums(const node *n, int images) {
    double overlap = 1, all = 1;
    for (int i = 0; i < images; i++) {
        overlap += n->saved[2 * i] - 1;
        all += n->saved[2 * i + 1] - 1;
    }
    for (int i = 0; i < images; i++) {
        n->saved[2 * i] = (float)overlap;
        n->saved[2 * i + 1] = (float)all;
    }
}

static void forward(node *n, const op_run *run) {
    (void)run;
    int images = n->input[0]->value.n;
    parallel_for(images, forward_image, n);
    if (is_whole_batch(n))
        share_sums(n, images);
    double sum = 0;
    for (int i = 0; i < images; i++)
        sum += (double)n->saved[2 * i] / n->saved[2 * i + 1];
    *n->value.data = (float)(1 - sum / images);
}

static void backward_image(void *context, int image) {
    const grad_target *target = context;
    const node *n = target->n;
    const tensor *z = &n->input[0]->value, *t = &n->input[1]->value;
    double overlap = n->saved[2 * image], all = n->saved[2 * image + 1];
    double factor = -(double)*n->grad.data / (is_whole_batch(n) ? 1 : z->n) / (all * all);
    for (int c = 0; c < z->c; c++)
        for (int row = 0; row < z->h; row++) {
            const float *zr = tensor_plane(z, image, c) + row * z->row, *tr = tensor_plane(t, image, c) + row * t->row;
            float *to = tensor_plane(target->to, image, c) + row * target->to->row;
            for (int i = 0; i < z->w; i++) {
                float p = probability(zr[i]);
                float grad = (float)(factor * (tr[i] * all - overlap * (1 - tr[i]))) * p * (1 - p);
                to[i] = target->accumulate ? to[i] + grad : grad;
            }
        }
}

static void backward(node *n, const op_run *run) {
    (void)run;
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        parallel_for(n->input[0]->value.n, backward_image, &target);
}

static int keeps(const node *n) {
    (void)n;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1;
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    node *logit = tape_variable(t, 3, 1, 9, 21, false), *mask = tape_input(t, 3, 1, 9, 21);
    return index ? soft_iou_of_batch(t, logit, mask) : soft_iou(t, logit, mask);
}

const op op_soft_iou = {
    .name = "soft_iou", .infer = infer, .forward = forward, .backward = backward, .keeps = keeps, .sample = sample};

node *soft_iou(tape *t, node *logit, node *mask) {
    node *inputs[] = {logit, mask};
    soft_iou_options options = {.whole_batch = false};
    return tape_record(t, &op_soft_iou, &options, sizeof options, 2, inputs);
}

node *soft_iou_of_batch(tape *t, node *logit, node *mask) {
    node *inputs[] = {logit, mask};
    soft_iou_options options = {.whole_batch = true};
    return tape_record(t, &op_soft_iou, &options, sizeof options, 2, inputs);
}
