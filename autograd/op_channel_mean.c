/* Mean across the channels, as one map.
 *
 * Forward    Y[n,0,y,x] = mean over c of X[n,c,y,x]
 * Gradient   dX[n,c,y,x] = dY[n,0,y,x] / C */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"
#include "autograd/shared/planes.h"

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value;
    n->value = tensor_planar(x->n, 1, x->h, x->w);
    return STATUS_OK;
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    const float *from = tensor_plane(x, band->plane, 0) + band->y0 * x->row;
    for (int c = 0; c < x->c; c++)
        w->kernels->plane_combine(band->rows, 1 / (float)x->c, from + c * x->plane, 0, NULL, c > 0,
                                  band_data(&n->value, band));
}

static void backward_plane(const worker *w, void *context, int plane) {
    const grad_target *target = context;
    const tensor *dx = target->to;
    w->kernels->plane_combine(plane_of(dx), 1 / (float)dx->c, plane_data(&target->n->grad, plane / dx->c), 0, NULL,
                              target->accumulate, plane_data(dx, plane));
}

static node *sample(tape *t, int index) {
    static const struct { int n, c, h, w; } cases[] = {{2, 5, 9, 21}, {1, 16, 3, 64}, {3, 2, 1, 1}, {1, 1, 4, 7}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    return channel_mean(t, tape_variable(t, cases[index].n, cases[index].c, cases[index].h, cases[index].w, false));
}

const op op_channel_mean = {.name = "channel_mean",
                            .infer_shape = infer_shape,
                            .forward = bands_forward,
                            .forward_band = forward_band,
                            .backward = planes_backward,
                            .backward_plane = backward_plane,
                            .sample = sample};

node *channel_mean(tape *t, node *x) {
    return tape_record(t, &op_channel_mean, NULL, 0, 1, &x);
}
