/* Mean and maximum across the channels, as two maps: the input of spatial attention (Woo et al., 2018).
 *
 * Forward    Y[n,0,y,x] = mean over c of X[n,c,y,x];  Y[n,1,y,x] = max over c of X[n,c,y,x]
 * Gradient   dX[n,c,y,x] = dY[n,0,y,x] / C + dY[n,1,y,x] in the first channel that has the maximum */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value;
    n->value = tensor_planar(x->n, 2, x->h, x->w);
    n->saved_count =
        n->requires_grad ? (size_t)x->n * (size_t)x->h * (size_t)x->w : 0; /* the channel of each maximum */
    return STATUS_OK;
}

/* The saved channels of one row; NULL if nobody will ask for them. */
static int *channels_of(const node *n, int image, int row) {
    int *channels = n->saved;
    return channels ? channels + ((ptrdiff_t)image * n->value.h + row) * n->value.w : NULL;
}

static void forward_row(const worker *w, void *context, int row) {
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    int image = row / x->h;
    row %= x->h;
    float *mean = tensor_plane(y, image, 0) + row * y->row;
    w->kernels->row_mean_max(tensor_plane(x, image, 0) + row * x->row, x->plane, x->c, x->w, mean, mean + y->plane,
                             channels_of(n, image, row));
}

static void forward(node *n, const op_run *run) {
    parallel_for(run->engine, n->value.n * n->value.h, forward_row, n);
}

static void backward_plane(const worker *w, void *context, int plane) {
    const grad_target *target = context;
    const node *n = target->n;
    const tensor *dy = &n->grad, *dx = target->to;
    int image = plane / dx->c;
    for (int row = 0; row < dx->h; row++) {
        const float *dmean = tensor_plane(dy, image, 0) + row * dy->row;
        w->kernels->row_mean_max_backward(dmean, dmean + dy->plane, channels_of(n, image, row), dx->c, plane % dx->c,
                                          dx->w, target->accumulate, plane_data(dx, plane) + row * dx->row);
    }
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, c, h, w;
    } cases[] = {{2, 5, 9, 21}, {1, 16, 3, 64}, {3, 2, 1, 1}, {1, 1, 4, 7}, {2, 3, 1, 300}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    return channel_mean_max(t, tape_variable(t, cases[index].n, cases[index].c, cases[index].h, cases[index].w, false));
}

const op op_channel_mean_max = {.name = "channel_mean_max",
                                .infer_shape = infer_shape,
                                .forward = forward,
                                .backward = planes_backward,
                                .backward_plane = backward_plane,
                                .sample = sample};

node *channel_mean_max(tape *t, node *x) {
    return tape_record(t, &op_channel_mean_max, NULL, 0, 1, &x);
}
