/* Rectified linear unit, elementwise.
 *
 * Forward    Y = max(0, X)
 * Gradient   dX = dY where Y > 0, else 0 */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    w->kernels->plane_affine(plane_of(x), plane_data(x, plane), 1, 0, true, plane_data(y, plane));
}

static void backward_plane(const worker *w, void *context, int plane) {
    const grad_target *target = context;
    const tensor *y = &target->n->value, *dy = &target->n->grad, *dx = target->to;
    w->kernels->plane_relu_backward(plane_of(y), plane_data(y, plane), plane_data(dy, plane), target->accumulate,
                                    plane_data(dx, plane));
}

static node *sample(tape *t, int index) {
    if (index > 1)
        return NULL;
    return relu(t, index ? tape_variable(t, 3, 8, 1, 1, true) : tape_variable(t, 2, 3, 7, 21, false));
}

const op op_relu = {.name = "relu",
                    .infer = infer_like_input,
                    .forward = planes_forward,
                    .forward_plane = forward_plane,
                    .backward = planes_backward,
                    .backward_plane = backward_plane,
                    .keeps = KEEPS_OUTPUT,
                    .sample = sample};

node *relu(tape *t, node *x) {
    return tape_record(t, &op_relu, NULL, 0, 1, &x);
}
