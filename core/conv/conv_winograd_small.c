/* Convolution 3x3 with padding 1 by Winograd's F(2x2, 3x3), see conv_strategy.h: the forward pass of training, whose
 * rounding errors must not exceed those of a direct sum. */
#include "core/conv/conv_winograd.h"

static bool applies(conv_direction d, const conv_task *t) {
    return d == CONV_FORWARD && conv_winograd_fits(t);
}

/* With fewer channels its transforms take what the products save: how many they must be depends on the processor. */
static bool pays(const engine *e, conv_direction d, const conv_task *t) {
    (void)d;
    int least = engine_kernels(e)->winograd_small_least;
    return t->y.w >= WINOGRAD_LEAST_WIDTH && t->x.c >= least && t->y.c >= least;
}

static size_t scratch(const engine *e, conv_direction d, const conv_task *t) {
    (void)d;
    return (size_t)engine_threads(e) * engine_kernels(e)->winograd_scratch(t->x.c, t->y.c);
}

static size_t packed(conv_direction d, const conv_task *t) {
    return conv_winograd_task_packed(WINOGRAD_SMALL, WINOGRAD_BLOCK, d, t);
}

static void pack(engine *e, conv_direction d, const conv_task *t, const float *weight, float *out) {
    conv_winograd_pack_task(e, WINOGRAD_SMALL, WINOGRAD_BLOCK, d, t, weight, out);
}

static void forward(const conv_options *o, const conv_run *run, const tensor *x, const float *packed_weight,
                    const float *bias, bool relu, const tensor *y) {
    (void)o;
    winograd_rows k = {.input = conv_winograd_input(x, run->norm), .weight = packed_weight, .bias = bias, .relu = relu};
    conv_winograd_run(run, WINOGRAD_SMALL, k, x, y);
}

const conv_strategy conv_winograd_small = {.name = "winograd_small",
                                           .applies = applies,
                                           .pays = pays,
                                           .scratch = scratch,
                                           .packed = packed,
                                           .pack = pack,
                                           .forward = forward};
