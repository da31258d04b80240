/* Chains of 3x3 convolutions in 8 bits, for inference: the first one in float32, of few maps; what its ReLU leaves is
 * rounded to 8 bits without sign, and so is the output of every other one but the last, whose planes are float32 again.
 * Weights are rounded to 8 bits, those of an output channel in steps of what adds most; sums are exact, in
 * integers. What rounding the weights adds to the mean of an output is taken off its bias (Nagel et al., Data-free
 * quantization through weight equalization and bias correction, ICCV 2019).
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_BYTES_H
#define IRST_CORE_CONV_CONV_BYTES_H

#include "core/conv/conv.h"
#include "core/conv/conv_stream.h"

enum { BYTES_MOST_LAYERS = 14 };

/* Whether a chain may begin with a convolution of x: its own products are few enough to stay in float32. */
bool conv_bytes_begins(const tensor *x);
/* Whether a convolution from ic to oc channels is faster in 8 bits, on a processor that multiplies bytes. */
bool conv_bytes_pays(int ic, int oc);

/* Each with stride 1, padding 1 and dilation 1; all but the last have a ReLU, which leaves 0 to `ranges` of each
 * channel: what is larger becomes that. */
typedef struct byte_layer {
    streamed_conv conv;
    const float *ranges; /* above 0; of the last one neither is looked at */
    const float *means;  /* of what the ReLU leaves, of each channel */
} byte_layer;

/* As conv_plan of conv.h. channels[layers]: of each layer's output, the last those of y. */
typedef struct conv_bytes_plan {
    tensor x, y;
    int layers, channels[BYTES_MOST_LAYERS];
    size_t scratch; /* floats; grows with the engine's number of threads */
} conv_bytes_plan;

conv_bytes_plan conv_bytes_plan_new(const engine *e, const tensor *x, const int *channels, int layers, const tensor *y);

/* The same bits for any number of threads. With other kernels (IRST_ISA) only the first layer rounds otherwise. */
void conv_bytes(const conv_bytes_plan *p, engine *e, const tensor *x, const byte_layer *layers, const tensor *y,
                float *scratch);

#endif
