/* The matrices of Winograd's F(4x4, 3x3) and F(2x2, 3x3) from their interpolation points, in double: the output is
 * A^T [(G g G^T) * (B^T d B)] A of a kernel g and a tile d of the input. */
#ifndef IRST_TESTS_CORE_CONV_WINOGRAD_MATRICES_H
#define IRST_TESTS_CORE_CONV_WINOGRAD_MATRICES_H

#include "core/conv/conv_winograd.h"

typedef struct winograd_matrices {
    int side, step;
    double BT[6][6], A[6][4], G[6][3]; /* a row for each point */
} winograd_matrices;

winograd_matrices winograd_matrices_of(winograd_side side);

/* out[rows][rows] = M in M^T; M is [rows][columns], a row begins `stride` numbers after the one before. */
void multiply_both_sides(const double *M, int rows, int columns, int stride, const double *in, double *out);

#endif
