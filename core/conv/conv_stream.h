/* Two 3x3 convolutions, one behind the other, in one pass over the image: the map between them exists a few rows at a
 * time, in the cache of the processor that computes them, and never reaches memory.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_STREAM_H
#define IRST_CORE_CONV_CONV_STREAM_H

#include "core/conv/conv.h"

/* Both with stride 1, padding 1 and dilation 1. */
typedef struct streamed_conv {
    int channels;        /* of its output */
    const float *weight; /* [channels][input channels][3][3] */
    const float *bias;   /* [channels], or NULL */
    bool relu;           /* output = max(0, .) */
} streamed_conv;

/* Whether one pass is faster than two: the map between, of `channels` channels, is too large for the cache. Depends on
 * shapes only. */
bool conv_stream_pays(const tensor *x, int channels, const tensor *y);

/* Floats of scratch. Grows with the number of threads. */
size_t conv_stream_scratch(const engine *e, const tensor *x, int channels, const tensor *y);

/* y = second(first(x)). The same bits for any number of threads; rounding as conv_forward's, not the same bits. */
void conv_stream(engine *e, const tensor *x, const streamed_conv *first, const streamed_conv *second, const tensor *y,
                 float *scratch);

#endif
