/* Two 3x3 convolutions in a row with nothing between them, ic -> many -> 1 channels, each with zero padding: one linear
 * map, and so one 5x5 convolution ic -> 1 (exact but for rounding).
 *
 * With w, b the first kernel and bias, v the second; s and t the taps of a 3x3 kernel from (-1, -1) to (1, 1), row by
 * row:
 *
 *     y(p) = constant + sum over t with p + t inside the image of [ B(t) + sum over i, s of A(t,i,s) x_i(p + t + s) ]
 *     A(t,i,s) = sum_c v_c(t) w_ci(s)
 *     B(t) = sum_c v_c(t) b_c
 *
 * Away from the border the sum over t and s is one kernel of the offsets t + s. On the border, where the padding of the
 * map between takes some t away, there are eight more: a zone for each side and corner.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_PAIR_H
#define IRST_CORE_CONV_CONV_PAIR_H

#include "core/base/engine.h"
#include "core/tensor/tensor.h"

#include <stddef.h>

enum {
    CONV_PAIR_ZONES = 9, /* top, middle, bottom row by left, middle, right column: 4 is the middle */
    CONV_PAIR_TAPS = 25
};

/* taps[zone][ic][25] and constants[zone] from A[9][ic][9], B[9] and the second convolution's bias; and the gradients
 * the other way round. */
void conv_pair_merge(const double *A, const double *B, int ic, double bias, float *taps, float *constants);
void conv_pair_split(const double *dtaps, const double *dconstants, int ic, double *dA, double *dB);

/* Images smaller than 3x3 have no such zones: not for them. */
bool conv_pair_fits(const tensor *x);

/* Floats of scratch for the functions below. */
size_t conv_pair_scratch(const tensor *x);

/* y from x (n x ic x h x w); taps[n][zone][ic][25] and constants[n][zone] of each image. */
void conv_pair_forward(engine *e, const tensor *x, const float *taps, const float *constants, const tensor *y,
                       float *scratch);

/* dtaps[n][zone][ic][25] and dconstants[n][zone], overwritten; dx = (or +=), unless NULL. */
void conv_pair_gradient(engine *e, const tensor *x, const float *taps, const tensor *dy, double *dtaps,
                        double *dconstants, const tensor *dx, bool accumulate, float *scratch);

#endif
