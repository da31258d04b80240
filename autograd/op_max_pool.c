/* Max pooling in windows of k x k pixels, s apart.
 *
 * Forward    Y[n,c,y,x] = max over ky, kx of X[n,c, y s + ky, x s + kx]      (windows are cut at the border)
 * Gradient   dX at the place of each maximum += its dY; the first of equal ones in row-major order */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"

enum { KERNEL_LIMIT = 16 }; /* places in a window fit a byte */

/* As PyTorch: the last window begins inside the image. */
static int output_size(int input, const max_pool_options *o) {
    int room = input - o->kernel + (o->ceil_mode ? o->stride - 1 : 0);
    if (room < 0)
        return 0;
    int size = room / o->stride + 1;
    return (size - 1) * o->stride < input ? size : size - 1;
}

static status infer_shape(node *n) {
    const max_pool_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    if (o->kernel < 1 || o->kernel > KERNEL_LIMIT || o->stride < 1)
        return status_fail(STATUS_USAGE, "kernel %d, stride %d: expected 1 to %d, >= 1", o->kernel, o->stride,
                           KERNEL_LIMIT);
    int h = output_size(x->h, o), w = output_size(x->w, o);
    if (h < 1 || w < 1)
        return status_fail(STATUS_USAGE, "a %dx%d window does not fit a %dx%d input", o->kernel, o->kernel, x->h, x->w);
    n->value = tensor_planar(x->n, x->c, h, w);
    size_t places = (size_t)tensor_count(&n->value); /* where each maximum was, a byte each */
    n->saved_count = n->requires_grad ? (places + sizeof(float) - 1) / sizeof(float) : 0;
    return STATUS_OK;
}

/* Row y of a plane's saved places; NULL if nobody will ask for them. */
static uint8_t *places_of(const node *n, int plane, int y) {
    uint8_t *places = n->saved;
    return places ? places + ((ptrdiff_t)plane * n->value.h + y) * n->value.w : NULL;
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const max_pool_options *o = n->options;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    int whole = x->w < o->kernel ? 0 : int_min((x->w - o->kernel) / o->stride + 1, y->w); /* windows of a row, uncut */
    for (int row = 0; row < y->h; row++) {
        const float *in = plane_data(x, plane) + (ptrdiff_t)row * o->stride * x->row;
        float *out = plane_data(y, plane) + row * y->row;
        uint8_t *places = places_of(n, plane, row);
        max_pool_row windows = {.x = in,
                                .row = x->row,
                                .rows = int_min(o->kernel, x->h - row * o->stride),
                                .columns = o->kernel,
                                .stride = o->stride,
                                .count = whole,
                                .kernel = o->kernel,
                                .y = out,
                                .tap = places};
        w->kernels->max_pool_row(&windows);
        windows.count = 1;
        for (int i = whole; i < y->w; i++) {
            windows.x = in + i * o->stride;
            windows.columns = x->w - i * o->stride;
            windows.y = out + i;
            windows.tap = places ? places + i : NULL;
            w->kernels->max_pool_row(&windows);
        }
    }
}

static void backward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const grad_target *target = context;
    const node *n = target->n;
    const max_pool_options *o = n->options;
    const tensor *dy = &n->grad, *dx = target->to;
    ptrdiff_t offset[KERNEL_LIMIT * KERNEL_LIMIT]; /* of each place from its window's first pixel */
    for (int i = 0; i < o->kernel * o->kernel; i++)
        offset[i] = i / o->kernel * dx->row + i % o->kernel;
    if (!target->accumulate)
        plane_clear(dx, plane);
    for (int row = 0; row < dy->h; row++) {
        const float *from = plane_data(dy, plane) + row * dy->row;
        float *to = plane_data(dx, plane) + (ptrdiff_t)row * o->stride * dx->row;
        const uint8_t *places = places_of(n, plane, row);
        for (int i = 0; i < dy->w; i++, to += o->stride)
            to[offset[places[i]]] += from[i];
    }
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, c, h, w, kernel, stride;
        bool ceil_mode;
    } cases[] = {
        {2, 3, 8, 20, 2, 2, false}, {1, 2, 9, 21, 2, 2, false}, {3, 2, 9, 21, 2, 2, true},  {2, 4, 2, 2, 2, 2, false},
        {2, 5, 1, 1, 2, 2, true},   {1, 2, 6, 150, 2, 2, true}, {2, 2, 11, 13, 3, 2, true}, {1, 3, 7, 18, 3, 1, false},
        {2, 2, 10, 9, 2, 3, true},  {1, 1, 1, 7, 3, 3, true},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    node *x = tape_variable(t, cases[index].n, cases[index].c, cases[index].h, cases[index].w, false);
    return max_pool(t, x, cases[index].kernel, cases[index].stride, cases[index].ceil_mode);
}

const op op_max_pool = {.name = "max_pool",
                        .infer_shape = infer_shape,
                        .forward = planes_forward,
                        .forward_plane = forward_plane,
                        .backward = planes_backward,
                        .backward_plane = backward_plane,
                        .sample = sample};

node *max_pool(tape *t, node *x, int kernel, int stride, bool ceil_mode) {
    max_pool_options options = {kernel, stride, ceil_mode};
    return tape_record(t, &op_max_pool, &options, sizeof options, 1, &x);
}
