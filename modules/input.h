/* From a grey image in [0, 1] to what a network wants to see: equal channels, normalised.
 *
 * Thread rule: any thread at any time, on different tensors. */
#ifndef IRST_MODULES_INPUT_H
#define IRST_MODULES_INPUT_H

#include "core/tensor/tensor.h"

#include <stdbool.h>

enum { INPUT_CHANNELS = 3 };

/* Channel c of the input is (x - mean[c]) / std[c]. */
typedef struct input_format {
    int channels;     /* 1 .. INPUT_CHANNELS */
    bool own_maximum; /* x is the grey value divided by the largest one of its image, else the grey value itself */
    float mean[INPUT_CHANNELS], std[INPUT_CHANNELS];
} input_format;

extern const input_format input_grey;     /* one channel, the image as it is */
extern const input_format input_imagenet; /* three channels, normalised like those of colour images */

/* Fills `to`, N x format->channels x H x W, from N dense images of H x W pixels. */
void input_fill(const input_format *format, const float *images, const tensor *to);

#endif
