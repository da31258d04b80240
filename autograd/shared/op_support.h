/* Small things that several operations share.
 *
 * Thread rule: what takes an engine or changes a node: the calling thread of the tape's engine; the rest any thread at
 * any time. */
#ifndef IRST_AUTOGRAD_SHARED_OP_SUPPORT_H
#define IRST_AUTOGRAD_SHARED_OP_SUPPORT_H

#include "autograd/tape.h"
#include "core/base/parallel.h"
#include "core/tensor/kernels.h"

#include <string.h>

/* Shape rule of operations whose result looks like their first input. */
static inline status infer_like_input(node *n) {
    n->value = n->input[0]->value;
    n->value.data = NULL;
    return STATUS_OK;
}

/* Maps of one height and width differ in layout if one is a parameter, which has no halo. */
static inline status require_same_layout(const tensor *a, const tensor *b) {
    if (a->row == b->row && a->plane == b->plane)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "of two maps of %dx%d pixels one is a parameter, which has another layout", a->h,
                       a->w);
}

static inline status require_same_shape(const tensor *a, const tensor *b) {
    if (tensor_same_shape(a, b))
        return require_same_layout(a, b);
    return status_fail(STATUS_USAGE, "%dx%dx%dx%d and %dx%dx%dx%d are of different shapes", a->n, a->c, a->h, a->w,
                       b->n, b->c, b->h, b->w);
}

/* Shape rule of losses against a target: a scalar. */
static inline status infer_loss(node *n) {
    TRY(require_same_shape(&n->input[0]->value, &n->input[1]->value));
    if (n->input[1]->requires_grad)
        return status_fail(STATUS_USAGE, "what it is compared with must not depend on parameters");
    n->value = tensor_dense(1, 1, 1, 1);
    return STATUS_OK;
}

/* op.backward_reads_of of products of inputs 0 and 1: each is read for the gradient of the other. */
static inline int product_backward_reads(const node *n) {
    return (n->input[1]->requires_grad ? READS_INPUT_0 : 0) | (n->input[0]->requires_grad ? READS_INPUT_1 : 0);
}

static inline int plane_count(const node *n) {
    return n->value.n * n->value.c;
}

static inline plane_shape plane_of(const tensor *t) {
    return (plane_shape){t->h, t->w, t->row};
}

/* Pixel (0, 0) of plane number `plane`, counted over images and channels. */
static inline float *plane_data(const tensor *t, int plane) {
    return t->data + plane * t->plane;
}

static inline void plane_clear(const tensor *t, int plane) {
    for (int row = 0; row < t->h; row++)
        memset(plane_data(t, plane) + row * t->row, 0, (size_t)t->w * sizeof(float));
}

/* A gradient on its way to one input, for loops over planes. */
typedef struct grad_target {
    const node *n;
    const tensor *to; /* NULL: not wanted */
    bool accumulate;
} grad_target;

static inline grad_target grad_target_of(node *n, int input) {
    grad_target target = {.n = n};
    target.to = node_grad(n, input, &target.accumulate);
    return target;
}

/* Where the gradient of dense weights is added to; NULL: not wanted. A parameter's adds up from step to step, that of
 * weights which the tape computes begins at zero. */
static inline float *parameter_grad(node *n, int input) {
    bool accumulate;
    const tensor *to = node_grad(n, input, &accumulate);
    if (to && !accumulate)
        memset(to->data, 0, (size_t)tensor_count(to) * sizeof(float));
    return to ? to->data : NULL;
}

#endif
