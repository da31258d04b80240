/* The kernels that are compiled once per instruction set, and the table that picks one set at run time.
 *
 * Bodies stand in core/kernels/, their list in kernels.def. All work on planar tensors (core/tensor/tensor.h): vector
 * lanes are neighbouring pixels of a row, the zero halo replaces edge code. The environment variable IRST_ISA
 * (portable, avx2, avx512) forces a set; the portable one is plain C and the oracle of the others.
 *
 * Thread rule: tables are constant; kernels may run in any thread at any time, on different output. */
#ifndef IRST_CORE_TENSOR_KERNELS_H
#define IRST_CORE_TENSOR_KERNELS_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Output channels of one register tile; packed weights come in blocks of that many. */
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

/* The same convolution by Winograd's F(4x4, 3x3) or, winograd_small_rows, F(2x2, 3x3): for 3x3 kernels with padding 1.
 */
#define WINOGRAD_POINTS 36
#define WINOGRAD_BLOCK 8 /* output channels of packed weights come in blocks of that many */
typedef struct winograd_input {
    const float *pixels; /* (0, 0) of the first of `channels` planes */
    ptrdiff_t row, plane;
    int ring; /* 0, or a power of 2: the planes hold that many rows, row y of the image in row (y + 1) mod ring */
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

/* Weights for these kernels: a block of output channels, of which those that are missing are packed as zeros. Distances
 * in floats. */
typedef struct winograd_weights {
    const float *weight; /* nine taps of the first input and output channel */
    ptrdiff_t input_stride, output_stride;
    int inputs, outputs, block; /* block: a multiple of WINOGRAD_BLOCK */
    bool turned;                /* taps in reverse */
    float *packed;              /* [input channel][block] of the first point */
    ptrdiff_t point_stride;
} winograd_weights;

/* The gradient of the taps of one input channel and up to WINOGRAD_BLOCK output channels from partial sums at each
 * point, which stand side by side for the output channels: dweight += G^T (sum of items) G. */
typedef struct winograd_sums {
    const float *sums;
    int items, outputs;
    ptrdiff_t item_stride, point_stride;
    float *dweight;
    ptrdiff_t output_stride;
} winograd_sums;

/* The same method with channels as lanes (core/conv/conv_tiles.h). TILE_CHANNELS channels of a map stand beside
 * each other, pixel by pixel, and so do those of a transformed tile's points. Tiles follow one another by the rows of
 * their phase: with dilation d, pixels d apart belong to a tile, and the pixels of the first d rows and columns begin
 * one phase each. */
#define TILE_CHANNELS 16
typedef struct winograd_tiles {
    float *pixels; /* what the first tile begins with: the input one dilation above and left of the output */
    ptrdiff_t row; /* floats; pixels beyond height and width are touched where tiles reach there */
    int height, width, dilation;         /* of the output */
    float *points;                       /* of the first tile */
    ptrdiff_t point_stride, tile_stride; /* floats */
} winograd_tiles;

/* y[row][column] = sum over terms of a[row][term] b[term][column], TILE_CHANNELS columns. */
typedef struct tile_product {
    const float *a, *b;
    float *y;
    int rows, terms;
    ptrdiff_t a_row, a_term, b_term, y_row;
} tile_product;

/* Convolution by Fourier transforms of tiles (core/conv/conv_fourier.c). Spectra stand in blocks of FOURIER_BLOCK
 * frequencies, real parts, then imaginary ones. */
#define FOURIER_SIDE 64 /* of a tile: FOURIER_SIDE x FOURIER_SIDE complex numbers */
#define FOURIER_POINTS (FOURIER_SIDE * FOURIER_SIDE)
#define FOURIER_BLOCK 16

/* A product of complex matrices for each of the frequencies of a block: y = a b, or y += a b. Strides count blocks;
 * row r of y begins at y + r columns. */
typedef struct fourier_product {
    const float *a, *b;
    float *y;
    int rows, terms, columns;
    ptrdiff_t a_row, a_term, b_term, b_column;
    bool accumulate;
} fourier_product;

/* Partial gradient of the weights over output rows y0 .. y1 - 1 of one image: partial[oc][ic][kh][kw] and, after
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

/* Maps of 8 bits without sign, as a ReLU leaves them: pixel by pixel, the channels of each side by side, padded with
 * zeros to whole blocks of BYTE_BLOCK. One pixel of zeros lies around a map; a row may be read as far as BYTE_PIXELS,
 * rounded up, and the right border reach. */
#define BYTE_BLOCK 16
#define BYTE_PIXELS 16
typedef struct byte_map {
    uint8_t *pixels; /* (0, 0) */
    ptrdiff_t row;   /* bytes from one row to the next */
    int pixel;       /* bytes of one pixel: channels, rounded up */
} byte_map;

/* A 3x3 convolution with padding 1 of one such map, in integers: s = bias + the sum of weights times bytes, which is
 * scale[oc] * s as a number. Into another map it is rounded to the nearest of 0 .. 255, of two the even one; into
 * planes it is stored as it is, or max(0, .). The same bits with every instruction set: sums are exact, and each result
 * is one product of float32. */
typedef struct conv_byte_rows {
    byte_map input;
    byte_map output; /* pixels NULL: planes */
    float *planes;   /* pixel (0, 0) of the first of oc */
    ptrdiff_t plane_row, plane;
    int width, oc;
    bool relu;            /* of planes */
    const int8_t *weight; /* [block of output channels][row][4 channels of input][column][BYTE_BLOCK][4] */
    const int32_t *bias;  /* of whole blocks of BYTE_BLOCK channels, as is scale */
    const float *scale;
} conv_byte_rows;

/* Rows of planes as rows of a map: each number times its channel's factor, rounded to the nearest of 0 .. 255. */
typedef struct byte_rows {
    const float *planes; /* pixel (0, 0) of the first */
    ptrdiff_t row, plane;
    int channels, width;
    const float *factors; /* of each channel */
    byte_map output;
} byte_rows;

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

#define KERNEL_ENTRY(result, name, parameters) result(*name) parameters;
typedef struct kernel_table {
    const char *name;
    bool has_byte_products;   /* the processor multiplies and adds bytes: conv_byte_rows is faster than floats */
    int winograd_small_least; /* channels on either side from which winograd_small_rows is faster than conv_rows */
#include "core/tensor/kernels.def"
} kernel_table;
#undef KERNEL_ENTRY

/* A table by name; NULL if this build or this processor does not have it. */
const kernel_table *kernels_named(const char *name);
/* The same, or the best of the processor for NULL; STATUS_USAGE for a name that is not had. */
status kernels_choose(const char *name, const kernel_table **out);

/* Packs weight[oc][ic][kh][kw] for conv_rows: [oc / CONV_BLOCK][ic][kh * kw][CONV_BLOCK], missing channels zero.
 * With `transposed`, packs for the gradient of the input: channels swapped, taps turned by 180 degrees. */
void conv_pack_weights(const float *weight, int oc, int ic, int kh, int kw, bool transposed, float *packed);
size_t conv_packed_count(int oc, int ic, int kh, int kw); /* floats, oc and ic of the packed direction */

#endif
