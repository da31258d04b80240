/* 2-D convolution of planar tensors (cross-correlation, as in every deep-learning framework), forward and backward.
 *
 * There are several strategies, one a file, listed in conv.def. A plan chooses one for each direction, by shapes and
 * the kernels of the engine, and says how much scratch a run needs; it is made once, and then run as often as wanted.
 *
 * Thread rule: a plan is run by one thread at a time, the one that its engine serves. */
#ifndef IRST_CORE_CONV_CONV_H
#define IRST_CORE_CONV_CONV_H

#include "core/base/parallel.h"
#include "core/conv/kept_weights.h"
#include "core/tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>

/* Normalises the input while it is read: max(0, scale[c] * x + shift[c]), ic numbers each. Padding stays zero. */
typedef struct conv_norm {
    const float *scale, *shift;
} conv_norm;

/* Called for bands of rows y0 .. y1 - 1 of an image once all their channels are written and still in the cache; by any
 * thread, in any order. y0 is a multiple of CONV_BAND, and no row belongs to two bands. */
#define CONV_BAND 4
typedef struct conv_hook {
    void (*rows_done)(const worker *w, void *context, int image, int y0, int y1);
    void *context;
} conv_hook;

typedef struct conv_options {
    int kh, kw;      /* kernel rows and columns */
    int stride;      /* both directions */
    int padding;     /* zeros on every side */
    int dilation;    /* distance of taps */
    bool exact;      /* forward: with no larger rounding errors than a direct sum has */
    bool normalised; /* x is normalised while it is read, forward and for the gradient of the weights */
} conv_options;

/* Height or width of the output; <= 0 if the kernel does not fit. */
int conv_output_size(int input, int kernel, const conv_options *o);

typedef enum conv_direction { CONV_FORWARD, CONV_INPUT_GRADIENT, CONV_WEIGHT_GRADIENT, CONV_DIRECTIONS } conv_direction;

/* The shapes and layouts of a convolution; of the tensors no data. The largest number of images. */
typedef struct conv_task {
    tensor x, y;
    conv_options o;
} conv_task;

typedef struct conv_strategy conv_strategy;

typedef struct conv_plan {
    conv_task task;
    const conv_strategy *by[CONV_DIRECTIONS]; /* NULL: not planned */
    size_t scratch;                           /* floats that a run of any direction needs */
    kept_weights kept;                        /* of the forward direction */
} conv_plan;

/* `gradients`: not the forward direction alone. Runs use the same engine, and tensors of these shapes with as many
 * images or fewer. */
conv_plan conv_plan_new(const engine *e, const tensor *x, const tensor *y, const conv_options *o, bool gradients);

/* Inference packs the same weights again and again. Floats of memory that keeping them takes; 0 where it does not pay:
 * packing takes the time of about 200 pixels, whatever the channels, and on large maps that is not worth the memory.
 */
size_t conv_plan_keeps(const conv_plan *p);
/* Of a plan without gradients, before its first run: that many floats, aligned for vectors, which outlive the plan;
 * NULL for none. Its scratch is less by as much. */
void conv_plan_keep(conv_plan *p, float *memory);

/* What a run gets besides tensors and weights. */
typedef struct conv_run {
    engine *engine;
    float *scratch;        /* conv_plan.scratch floats, aligned for vectors */
    const conv_norm *norm; /* of a normalised x, where that is read; else NULL */
    const conv_hook *hook; /* on y forward, on dx for the gradient of the input; NULL: none */
    /* Of what the weights of a forward run were made of (kept_weights.h), if the caller has it; 0: of themselves, if
     * it is needed. */
    uint64_t fingerprint;
} conv_run;

/* y = conv(norm(x), weight) + bias, then max(0, .) if relu. weight[oc][ic][kh][kw]; bias[oc] or NULL. */
void conv_forward(conv_plan *p, const conv_run *run, const tensor *x, const float *weight, const float *bias, bool relu,
                  const tensor *y);

/* dx = (or +=) the gradient with respect to the input as the convolution sees it, normalised. */
void conv_input_gradient(const conv_plan *p, const conv_run *run, const tensor *dy, const float *weight,
                         bool accumulate, const tensor *dx);

/* dweight += and dbias += (dbias may be NULL). Sums in a fixed order, whatever the number of threads. */
void conv_weight_gradient(const conv_plan *p, const conv_run *run, const tensor *x, const tensor *dy, float *dweight,
                          float *dbias);

#endif
