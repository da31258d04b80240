/* Two 3x3 convolutions, one after the other, in one pass over the image: the map between them exists a few rows at a
 * time, in the cache of the processor that computes them, and never reaches memory.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_STREAM_H
#define IRST_CORE_CONV_CONV_STREAM_H

#include "core/conv/conv.h"

/* Both with stride 1, padding 1 and dilation 1. */
typedef struct streamed_conv {
    int channels;         /* of its output */
    const float *weight;  /* [channels][input channels][3][3] */
    const float *bias;    /* [channels], or NULL */
    bool relu;            /* output = max(0, .) */
    uint64_t fingerprint; /* as in conv_run of conv.h */
} streamed_conv;

/* Whether one pass is faster than two: the map between, of `channels` channels, is too large for the cache. Depends on
 * shapes only. */
bool conv_stream_pays(const tensor *x, int channels, const tensor *y);

/* As conv_plan of conv.h: for an x, a map of `channels` channels between, and a y of these shapes. */
typedef struct conv_stream_plan {
    tensor x, y;
    int channels;
    int segment;    /* rows of one work item: fewer where threads would be left without one */
    size_t scratch; /* floats; grows with the engine's number of threads */
    kept_weights kept;
} conv_stream_plan;

conv_stream_plan conv_stream_plan_new(const engine *e, const tensor *x, int channels, const tensor *y);
size_t conv_stream_plan_keeps(const conv_stream_plan *p);
void conv_stream_plan_keep(conv_stream_plan *p, float *memory);

/* y = second(first(x)); y may lie in x's memory if it has as many channels, or fewer of one image. The same bits for
 * any number of threads; rounding as conv_forward's, not the same bits. */
void conv_stream(conv_stream_plan *p, engine *e, const tensor *x, const streamed_conv *first,
                 const streamed_conv *second, const tensor *y, float *scratch);

#endif
