/* Global average pooling: the squeeze of squeeze-and-excitation.
 *
 * Forward    Y[n,c] = mean over y, x of X[n,c,y,x]
 * Gradient   dX[n,c,y,x] = dY[n,c] / (H W) */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value;
    n->value = tensor_dense(x->n, x->c, 1, 1);
    return STATUS_OK;
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    double sum = w->kernels->plane_sum(plane_of(x), plane_data(x, plane));
    n->value.data[plane] = (float)(sum / ((double)x->h * x->w));
}

static void backward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const grad_target *target = context;
    const tensor *dx = target->to;
    float per_pixel = target->n->grad.data[plane] / (float)((double)dx->h * dx->w);
    for (int row = 0; row < dx->h; row++) {
        float *to = plane_data(dx, plane) + row * dx->row;
        for (int i = 0; i < dx->w; i++)
            to[i] = target->accumulate ? to[i] + per_pixel : per_pixel;
    }
}

static node *sample(tape *t, int index) {
    return index ? NULL : global_average_pool(t, tape_variable(t, 2, 5, 11, 37, false));
}

const op op_global_average_pool = {.name = "global_average_pool",
                                   .infer_shape = infer_shape,
                                   .forward = planes_forward,
                                   .forward_plane = forward_plane,
                                   .backward = planes_backward,
                                   .backward_plane = backward_plane,
                                   .sample = sample};

node *global_average_pool(tape *t, node *x) {
    return tape_record(t, &op_global_average_pool, NULL, 0, 1, &x);
}
