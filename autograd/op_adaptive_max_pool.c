/* Maximum of each of R x C bins that cover an H x W map evenly.
 *
 * Forward    Y[n,c,i,j] = max of X[n,c,y,x] over floor(i H / R) <= y < ceil((i + 1) H / R), x likewise
 * Gradient   dX at the place of each maximum += its dY; the first of equal ones in row-major order. Bins may overlap
 *            by a row or a column. */
#include "autograd/ops.h"

#include "autograd/shared/planes.h"
#include "core/base/parallel.h"

typedef struct adaptive_max_pool_options {
    int rows, columns;
} adaptive_max_pool_options;

static int bin_start(int bin, int size, int bins) {
    return (int)((int64_t)bin * size / bins);
}

static int bin_end(int bin, int size, int bins) {
    return (int)(((int64_t)(bin + 1) * size + bins - 1) / bins);
}

static status infer_shape(node *n) {
    const adaptive_max_pool_options *o = n->options;
    const tensor *x = &n->input[0]->value;
    if (o->rows < 1 || o->columns < 1)
        return status_fail(STATUS_USAGE, "%dx%d bins: expected at least 1x1", o->rows, o->columns);
    n->value = tensor_planar(x->n, x->c, o->rows, o->columns);
    /* Where each maximum was, as its distance from the plane's first pixel. */
    n->saved_count = n->requires_grad ? (size_t)tensor_count(&n->value) : 0;
    return STATUS_OK;
}

/* The saved places of a plane; NULL if nobody will ask for them. */
static int32_t *places_of(const node *n, int plane) {
    int32_t *places = n->saved;
    return places ? places + (ptrdiff_t)plane * n->value.h * n->value.w : NULL;
}

static void forward_plane(const worker *w, void *context, int plane) {
    const node *n = context;
    const tensor *x = &n->input[0]->value, *y = &n->value;
    int32_t *place = places_of(n, plane);
    for (int i = 0; i < y->h; i++)
        for (int j = 0; j < y->w; j++) {
            int top = bin_start(i, x->h, y->h), left = bin_start(j, x->w, y->w);
            plane_shape bin = {bin_end(i, x->h, y->h) - top, bin_end(j, x->w, y->w) - left, x->row};
            plane_peak peak = w->kernels->plane_peak(bin, plane_data(x, plane) + top * x->row + left);
            plane_data(y, plane)[i * y->row + j] = peak.value;
            if (place)
                *place++ = (int32_t)((top + peak.y) * x->row + left + peak.x);
        }
}

static void backward_plane(const worker *w, void *context, int plane) {
    (void)w;
    const grad_target *target = context;
    const tensor *dy = &target->n->grad, *dx = target->to;
    const int32_t *place = places_of(target->n, plane);
    if (!target->accumulate)
        plane_clear(dx, plane);
    float *to = plane_data(dx, plane);
    for (int i = 0; i < dy->h; i++)
        for (int j = 0; j < dy->w; j++)
            to[*place++] += plane_data(dy, plane)[i * dy->row + j];
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, c, h, w, rows, columns;
    } cases[] = {
        {2, 5, 11, 37, 1, 1}, {1, 3, 9, 21, 3, 3}, {3, 2, 32, 32, 10, 10}, {2, 3, 13, 17, 5, 6}, {2, 4, 1, 1, 1, 1},
        {1, 2, 3, 4, 3, 4},   {2, 2, 3, 5, 6, 7},  {1, 2, 16, 1, 3, 1},    {2, 3, 1, 1, 3, 2},
    };
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    node *x = tape_variable(t, cases[index].n, cases[index].c, cases[index].h, cases[index].w, false);
    return adaptive_max_pool(t, x, cases[index].rows, cases[index].columns);
}

const op op_adaptive_max_pool = {.name = "adaptive_max_pool",
                                 .infer_shape = infer_shape,
                                 .forward = planes_forward,
                                 .forward_plane = forward_plane,
                                 .backward = planes_backward,
                                 .backward_plane = backward_plane,
                                 .sample = sample};

node *adaptive_max_pool(tape *t, node *x, int rows, int columns) {
    adaptive_max_pool_options options = {rows, columns};
    return tape_record(t, &op_adaptive_max_pool, &options, sizeof options, 1, &x);
}
