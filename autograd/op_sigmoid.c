/* Logistic function, elementwise.
 *
 * Forward    Y = 1 / (1 + exp(-X))
 * Gradient   dX = dY Y (1 - Y) */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

#include <math.h>

static void forward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    for (int row = 0; row < y->h; row++) {
        const float *from = plane_data(x, plane) + row * x->row;
        float *to = plane_data(y, plane) + row * y->row;
        for (int i = 0; i < y->w; i++)
            to[i] = 1 / (1 + expf(-from[i]));
    }
}

static void backward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const grad_target *target = context;
    const tensor *y = &target->n->value, *dy = &target->n->grad, *dx = target->to;
    for (int row = 0; row < y->h; row++) {
        const float *p = plane_data(y, plane) + row * y->row;
        const float *from = plane_data(dy, plane) + row * dy->row;
        float *to = plane_data(dx, plane) + row * dx->row;
        for (int i = 0; i < y->w; i++)
            to[i] = (target->accumulate ? to[i] : 0) + from[i] * p[i] * (1 - p[i]);
    }
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return sigmoid(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false));
}

const op op_sigmoid = {.name = "sigmoid",
                       .infer = infer_like_input,
                       .forward = planes_forward,
                       .forward_plane = forward_plane,
                       .backward = planes_backward,
                       .backward_plane = backward_plane,
                       .keeps = KEEPS_OUTPUT,
                       .sample = sample};

node *sigmoid(tape *t, node *x) {
    return tape_record(t, &op_sigmoid, NULL, 0, 1, &x);
}
