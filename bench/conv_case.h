/* The convolutions that are timed: layers of the networks here, one image, in three directions. */
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

conv_name conv_layer_name(const conv_layer *layer, conv_direction direction); /* "conv3x3_16_32_forward" */

/* A layer with its arrays, filled with random numbers; forward with bias and ReLU. */
typedef struct conv_case {
    engine *engine;
    conv_layer layer;
    conv_plan plan;
    tensor x, y, dx; /* y serves as its own gradient too */
    float *weight, *bias, *dweight, *dbias, *scratch;
    memory_block memory;
} conv_case;

status conv_case_new(engine *e, const conv_layer *layer, int size, conv_case *out); /* free with conv_case_free */
void conv_case_free(conv_case *c);
void conv_case_run(conv_case *c, conv_direction direction);
double conv_case_flops(const conv_case *c); /* of any direction; a multiply-add counts as two */

#endif
