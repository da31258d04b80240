/* The kernels that are compiled once per instruction set, and the table that picks one set at run time.
 *
 * Bodies stand in core/kernels/. All work on planar tensors (core/tensor/tensor.h): vector lanes are neighbouring
 * pixels of a row, the zero halo replaces edge code. The environment variable IRST_ISA (portable, avx2, avx512) forces
 * a set; the portable one is plain C and the oracle of the others. */
#ifndef IRST_CORE_TENSOR_KERNELS_H
#define IRST_CORE_TENSOR_KERNELS_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Output channels of one register tile; packed weights come in blocks of so many. */
#define CONV_BLOCK 4

/* One convolution, stride 1, of one image: output rows y0 .. y1 - 1, all output channels.
 * `input` points at the pixel that tap (0, 0) meets for output (0, 0): inside the halo when there is padding. */
typedef struct conv_rows {
    const float *input; /* ic planes */
    ptrdiff_t input_row, input_plane;
    float *output; /* oc planes, pixel (0, 0) */
    ptrdiff_t output_row, output_plane;
    int ic, oc, width; /* width of the output */
    int kh, kw, dilation;
    const float *weight; /* packed: conv_pack_weights */
    const float *bias;   /* oc, or NULL */
    bool relu;           /* output = max(0, .) */
    bool accumulate;     /* output += . (not together with bias or relu) */
} conv_rows;

/* The same convolution by Winograd's F(4x4, 3x3), for 3x3 kernels with padding 1. */
#define WINOGRAD_POINTS 36
#define WINOGRAD_BLOCK 8 /* output channels of packed weights come in blocks of so many */
typedef struct winograd_input {
    const float *pixels; /* (0, 0) of the first of `channels` planes */
    ptrdiff_t row, plane;
    int ring; /* 0, or a power of 2: the planes hold so many rows, row y of the image in row (y + 1) mod ring */
    int channels, height, width;
    const float *scale, *shift; /* of each channel: x is read as max(0, scale x + shift); NULL: as it is */
} winograd_input;

typedef struct winograd_rows {
    winograd_input input;
    float *output; /* oc planes, pixel (0, 0) */
    ptrdiff_t output_row, output_plane;
    int oc;
    const float *weight; /* packed: conv_winograd_pack */
    const float *bias;   /* oc, or NULL */
    bool relu;           /* output = max(0, .) */
    bool accumulate;     /* output += . (not together with bias or relu) */
    bool past_cache;     /* the output is too large to be in a cache when it is read: stores go around them */
} winograd_rows;

/* The gradient of its weights, in the transformed domain: partial[point][ic][padded oc] += over some rows. */
typedef struct winograd_weight_rows {
    winograd_input input;
    const float *output_grad; /* oc planes, pixel (0, 0) */
    ptrdiff_t output_row, output_plane;
    int oc;
    float *partial;
} winograd_weight_rows;

/* Partial gradient of the weights over output rows y0 .. y1 - 1 of one image: partial[oc][ic][kh][kw] and, behind
 * it, the partial gradient of the bias [oc], both overwritten. */
typedef struct conv_weight_rows {
    const float *input; /* as in conv_rows */
    ptrdiff_t input_row, input_plane;
    const float *output_grad;
    ptrdiff_t output_row, output_plane;
    int ic, oc, width;
    int kh, kw, dilation;
    float *partial;
} conv_weight_rows;

/* Max pooling along one row of `count` windows of rows x columns pixels, `stride` apart. */
typedef struct max_pool_row {
    const float *x; /* first pixel of the first window */
    ptrdiff_t row;
    int rows, columns, stride, count;
    int kernel;   /* columns of an uncut window */
    float *y;     /* maxima */
    uint8_t *tap; /* where in its window each one was found, row * kernel + column; NULL: not asked */
} max_pool_row;

/* Rows and strides of one plane for the elementwise kernels. */
typedef struct plane_shape {
    int h, w;
    ptrdiff_t row;
} plane_shape;

/* Sums over one plane, in double. */
typedef struct plane_moments {
    double mean; /* of x */
    double m2;   /* sum of (x - mean)^2 */
} plane_moments;

/* The largest pixel of a plane, the first of equal ones in row-major order. */
typedef struct plane_peak {
    float value;
    int y, x;
} plane_peak;

typedef struct kernel_table {
    const char *name;
    void (*conv_rows)(const conv_rows *k, int y0, int y1);
    /* Output rows y0 .. y1 - 1, as far as the image has them. scratch: winograd_scratch floats. */
    void (*winograd_rows)(const winograd_rows *k, int y0, int y1, float *scratch);
    size_t (*winograd_scratch)(int ic, int oc); /* enough for winograd_weight_rows, too */
    void (*winograd_weight_rows)(const winograd_weight_rows *k, int y0, int y1, float *scratch);
    int (*winograd_padded)(int oc); /* of winograd_weight_rows' partial */
    void (*conv_weight_rows)(const conv_weight_rows *k, int y0, int y1);
    /* y = max(0, scale * x + shift), or without the maximum. y may be x. */
    void (*plane_affine)(plane_shape s, const float *x, float scale, float shift, bool relu, float *y);
    /* y = a * x + b * z, in the order given; accumulate adds to y. z may be NULL (b unused). y may be x or z. */
    void (*plane_combine)(plane_shape s, float a, const float *x, float b, const float *z, bool accumulate, float *y);
    /* y (+)= x * z, pixel by pixel. */
    void (*plane_product)(plane_shape s, const float *x, const float *z, bool accumulate, float *y);
    plane_moments (*plane_moments)(plane_shape s, const float *x);
    double (*plane_sum)(plane_shape s, const float *x);
    double (*plane_dot)(plane_shape s, const float *x, const float *y); /* sum of x * y */
    /* Sum of max(0, scale * x + shift). */
    double (*plane_norm_total)(plane_shape s, const float *x, float scale, float shift);
    /* Sums for the backward pass of batch norm: out[0] = sum dz, out[1] = sum dz * (x - mean), where
     * dz = dy * (scale * x + shift > 0) if relu, else dy. */
    void (*plane_norm_sums)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                            bool relu, double out[2]);
    /* The same with relu, of dy + constant in place of dy, and dy = dz. */
    void (*plane_norm_mask)(plane_shape s, const float *x, float *dy, float constant, float mean, float scale,
                            float shift, double out[2]);
    /* dx (+)= a * dz + b * (x - mean) + c with the same dz. */
    void (*plane_norm_backward)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                                bool relu, float a, float b, float c, bool accumulate, float *dx);
    /* dx (+)= dy where y > 0, else 0 (+0). dx may be dy when not accumulating. */
    void (*plane_relu_backward)(plane_shape s, const float *y, const float *dy, bool accumulate, float *dx);
    void (*max_pool_row)(const max_pool_row *k);
    plane_peak (*plane_peak)(plane_shape s, const float *x);
    /* Mean and maximum across the channels for each of `count` pixels of a row, and the first channel that has the
     * maximum (NULL: not asked); then the gradient of channel c. */
    void (*row_mean_max)(const float *x, ptrdiff_t plane, int channels, int count, float *mean, float *largest,
                         int *channel);
    void (*row_mean_max_backward)(const float *dmean, const float *dlargest, const int *channel, int channels, int c,
                                  int count, bool accumulate, float *dx);
    /* Multiply-adds in registers, `rounds` times; returns how many floating-point operations they were. */
    double (*fma_peak)(int64_t rounds);
} kernel_table;

/* The table in use. Chosen on first call; thread-safe after it. */
const kernel_table *kernels(void);
/* STATUS_USAGE if IRST_ISA asks for a set that this build or this processor does not have. */
status kernels_check(void);
/* A table by name; NULL if this build or this processor does not have it. */
const kernel_table *kernels_named(const char *name);

/* Packs weight[oc][ic][kh][kw] for conv_rows: [oc / CONV_BLOCK][ic][kh * kw][CONV_BLOCK], missing channels zero.
 * With `transposed`, packs for the gradient of the input: channels swapped, taps turned by 180 degrees. */
void conv_pack_weights(const float *weight, int oc, int ic, int kh, int kw, bool transposed, float *packed);
size_t conv_packed_count(int oc, int ic, int kh, int kw); /* floats, oc and ic of the packed direction */

#endif
