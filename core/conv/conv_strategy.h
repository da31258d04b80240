/* A way of computing convolutions: the contracts of conv.h, for the shapes that it applies to. Thread rule: see there.
 */
#ifndef IRST_CORE_CONV_CONV_STRATEGY_H
#define IRST_CORE_CONV_CONV_STRATEGY_H

#include "core/conv/conv.h"

struct conv_strategy {
    const char *name;
    /* Whether it computes this at all, and whether it is then faster than the strategies after it in conv.def. */
    bool (*applies)(conv_direction d, const conv_task *t);
    bool (*pays)(const engine *e, conv_direction d, const conv_task *t);
    /* Floats of scratch of a run, which may grow with the engine's number of threads. */
    size_t (*scratch)(const engine *e, conv_direction d, const conv_task *t);
    /* The form in which the kernels want the weights, forward or for the gradient of the input: its floats, and how it
     * is made of weight[oc][ic][kh][kw]. NULL: as they are. */
    size_t (*packed)(conv_direction d, const conv_task *t);
    void (*pack)(engine *e, conv_direction d, const conv_task *t, const float *weight, float *packed);
    /* As in conv.h, with packed weights; run->scratch is `scratch` floats. */
    void (*forward)(const conv_options *o, const conv_run *run, const tensor *x, const float *packed, const float *bias,
                    bool relu, const tensor *y);
    void (*input_gradient)(const conv_options *o, const conv_run *run, const tensor *dy, const float *packed,
                           bool accumulate, const tensor *dx);
    void (*weight_gradient)(const conv_options *o, const conv_run *run, const tensor *x, const tensor *dy,
                            float *dweight, float *dbias);
};

#define CONV_STRATEGY(name) extern const conv_strategy conv_##name;
#include "core/conv/conv.def"
#undef CONV_STRATEGY

/* All of conv.def in order, then NULL. */
extern const conv_strategy *const conv_strategies[];

/* A plan of strategies that are known to apply; NULL for directions that are not run. */
conv_plan conv_plan_by(const engine *e, const conv_task *t, const conv_strategy *const by[CONV_DIRECTIONS]);

/* --- for strategies --- */

/* Whether packing is a share of the work that is worth the memory of keeping packed weights, for an output of y. */
bool conv_keeping_pays(const tensor *y);

/* Floats of a copy of x with normalised values: a vector more, which the last row may be read by. */
size_t conv_copy_count(const tensor *x);

/* norm(x), in `memory` of that many floats, halo included. */
tensor conv_normalised(engine *e, const tensor *x, const conv_norm *norm, float *memory);

/* For strategies that know no bands of rows: calls the hook, if there is one, for whole images of y. */
void conv_call_hook(const conv_run *run, const tensor *y);

static inline size_t conv_round_up(size_t floats) {
    return (floats + TENSOR_HALO - 1) / TENSOR_HALO * TENSOR_HALO;
}

#endif
