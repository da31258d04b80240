/* A view of float32 numbers, N x C x H x W, in one of two layouts.
 *
 * Planar (images and feature maps): each H x W plane has a halo of zeros around it, so that a convolution
 * reads across an edge without a test. The row stride leaves TENSOR_HALO floats between rows; they serve as
 * the right halo of one row and the left halo of the next. Above and below each plane lies one row of zeros.
 * Dense (parameters, gates, scalars): row stride W, plane stride H * W, no halo.
 *
 * Every operation keeps the halo at zero.
 *
 * Thread rule: any thread at any time, on different numbers. */
#ifndef IRST_CORE_TENSOR_TENSOR_H
#define IRST_CORE_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TENSOR_HALO 16 /* floats between rows: one AVX-512 vector */

typedef struct tensor {
    int n, c, h, w;
    ptrdiff_t row;   /* floats from one row to the next */
    ptrdiff_t plane; /* floats from one channel to the next; an image is c planes */
    float *data;     /* pixel (0, 0) of the first plane; not owned */
} tensor;

/* Shape and strides without memory (data NULL). Maps of 1 x 1 pixels are dense. */
tensor tensor_planar(int n, int c, int h, int w);
tensor tensor_dense(int n, int c, int h, int w);

/* Floats to allocate for a tensor, halo included, and where its pixel (0, 0) lies in them (a multiple of 16).
 * Planes of one H x W have the same footprint and place, whatever N and C. */
size_t tensor_footprint(const tensor *t);
size_t tensor_origin(const tensor *t);

bool tensor_is_dense(const tensor *t);
bool tensor_same_shape(const tensor *a, const tensor *b);
int64_t tensor_count(const tensor *t); /* n * c * h * w */

float *tensor_plane(const tensor *t, int n, int c); /* pixel (0, 0) of one plane */

/* Between a dense N x C x H x W array and a tensor of any layout; the halo is not touched. */
void tensor_from_array(const tensor *t, const float *array);
void tensor_to_array(const tensor *t, float *array);

#endif
