/* Convolution of single maps, each with a 3x3 kernel of its own: what a hypernetwork makes of every image.
 *
 * Forward    Y[n,y,x] = sum over ky, kx of K[n, 3 ky + kx] X[n, y + ky - 1, x + kx - 1], zero outside the map
 * Gradients  dX = the transposed map of dY;  dK[n, 3 ky + kx] = sum over y, x of dY[n,y,x] X[n, y + ky - 1, x + kx - 1]
 */
#include "autograd/ops.h"

#include "autograd/shared/bands.h"

enum { SIDE = 3, TAPS = SIDE * SIDE };

static status infer_shape(node *n) {
    const tensor *x = &n->input[0]->value, *kernel = &n->input[1]->value;
    if (x->c != 1 || kernel->n != x->n || kernel->c != TAPS || kernel->h != 1 || kernel->w != 1)
        return status_fail(STATUS_USAGE, "kernels %dx%dx%dx%d for %d images of %d channels, expected %d taps for one",
                           kernel->n, kernel->c, kernel->h, kernel->w, x->n, x->c, TAPS);
    return infer_like_input(n);
}

/* The taps that may meet a pixel: a map of a single one has no halo that the others could read. */
typedef struct tap_range {
    int first, count;
} tap_range;

static tap_range taps_of(const tensor *x) {
    return tensor_is_dense(x) ? (tap_range){TAPS / 2, 1} : (tap_range){0, TAPS};
}

/* From a pixel to the one that a tap meets; in the halo where that lies outside the map. */
static ptrdiff_t offset_of(const tensor *x, int tap) {
    return (tap / SIDE - 1) * x->row + tap % SIDE - 1;
}

static void forward_band(const worker *w, void *context, const plane_band *band) {
    const node *n = context;
    const tensor *x = &n->input[0]->value;
    const float *seen[TAPS], *kernel = n->input[1]->value.data + band->plane * TAPS;
    tap_range taps = taps_of(x);
    for (int i = 0; i < taps.count; i++)
        seen[i] = band_data(x, band) + offset_of(x, taps.first + i);
    w->kernels->plane_sum_up(band->rows, taps.count, seen, kernel + taps.first, band_data(&n->value, band));
}

/* The same with the turned kernel, and what is there already. */
static void input_gradient_band(const worker *w, void *context, const plane_band *band) {
    const grad_target *target = context;
    const tensor *dy = &target->n->grad;
    const float *seen[TAPS + 1], *kernel = target->n->input[1]->value.data + band->plane * TAPS;
    float weights[TAPS + 1], *to = band_data(target->to, band);
    tap_range taps = taps_of(dy);
    for (int i = 0; i < taps.count; i++) {
        seen[i] = band_data(dy, band) - offset_of(dy, taps.first + i);
        weights[i] = kernel[taps.first + i];
    }
    seen[taps.count] = to;
    weights[taps.count] = 1;
    w->kernels->plane_sum_up(band->rows, taps.count + target->accumulate, seen, weights, to);
}

static void kernel_gradient(const worker *w, void *context, int index) {
    const grad_target *target = context;
    const tensor *x = &target->n->input[0]->value;
    const float *dy = plane_data(&target->n->grad, index / TAPS);
    float *to = &target->to->data[index];
    int tap = index % TAPS;
    tap_range taps = taps_of(x);
    bool meets = tap >= taps.first && tap < taps.first + taps.count;
    double sum = meets ? w->kernels->plane_dot(plane_of(x), dy, plane_data(x, index / TAPS) + offset_of(x, tap)) : 0;
    *to = (target->accumulate ? *to : 0) + (float)sum;
}

static void backward(node *n, const op_run *run) {
    grad_target dx = grad_target_of(n, 0), dkernel = grad_target_of(n, 1);
    if (dx.to)
        bands_for(run->engine, dx.to, input_gradient_band, &dx);
    if (dkernel.to)
        parallel_for(run->engine, n->value.n * TAPS, kernel_gradient, &dkernel);
}

static node *sample(tape *t, int index) {
    static const int maps[][3] = {{2, 9, 21}, {1, 40, 37}, {3, 1, 5}, {2, 6, 2}, {2, 1, 1}};
    if (index >= (int)(sizeof maps / sizeof *maps))
        return NULL;
    const int *m = maps[index];
    return dynamic_conv2d(t, tape_variable(t, m[0], 1, m[1], m[2], false), tape_variable(t, m[0], TAPS, 1, 1, true));
}

const op op_dynamic_conv2d = {.name = "dynamic_conv2d",
                              .infer_shape = infer_shape,
                              .forward = bands_forward,
                              .forward_band = forward_band,
                              .backward = backward,
                              .backward_reads_of = product_backward_reads,
                              .sample = sample};

node *dynamic_conv2d(tape *t, node *x, node *kernels) {
    node *inputs[] = {x, kernels};
    return tape_record(t, &op_dynamic_conv2d, NULL, 0, 2, inputs);
}
