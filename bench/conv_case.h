/* The convolutions that are timed: layers of the networks here, one image. */
#ifndef IRST_BENCH_CONV_CASE_H
#define IRST_BENCH_CONV_CASE_H

#include "core/base/memory.h"
#include "core/base/status.h"
#include "core/conv/conv.h"

typedef struct conv_layer {
    int kernel, ic, oc;
} conv_layer;

extern const conv_layer conv_layers[];
extern const int conv_layer_count;

typedef struct conv_name {
    char text[64];
} conv_name;

/* What is timed: the directions, and the forward pass of training (conv_options.exact). */
typedef enum case_run {
    CASE_FORWARD = CONV_FORWARD,
    CASE_INPUT_GRADIENT = CONV_INPUT_GRADIENT,
    CASE_WEIGHT_GRADIENT = CONV_WEIGHT_GRADIENT,
    CASE_EXACT_FORWARD,
    CASE_RUNS
} case_run;

conv_name conv_layer_name(const conv_layer *layer, case_run run); /* "conv3x3_16_32_forward" */

/* A layer with its arrays, filled with random numbers; forward with bias and ReLU. */
typedef struct conv_case {
    engine *engine;
    conv_layer layer;
    conv_plan plan, exact;
    tensor x, y, dx; /* y serves as its own gradient too */
    float *weight, *bias, *dweight, *dbias, *scratch;
    memory_block memory;
} conv_case;

status conv_case_new(engine *e, const conv_layer *layer, int size, conv_case *out); /* free with conv_case_free */
void conv_case_free(conv_case *c);
void conv_case_run(conv_case *c, case_run run);
double conv_case_flops(const conv_case *c); /* of any run; a multiply-add counts as two */

#endif
