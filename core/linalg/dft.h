/* Discrete Fourier transform of real sequences that stand side by side, as matrix products: for lengths of some tens
 * or hundreds, of any factors.
 *
 * Thread rule: any thread at any time, on different arrays. */
#ifndef IRST_CORE_LINALG_DFT_H
#define IRST_CORE_LINALG_DFT_H

#include <stddef.h>

/* Frequencies 0 .. length / 2 tell a real sequence. */
int dft_frequencies(int length);

/* Doubles of each matrix: forward 2 frequencies x length, inverse length x 2 frequencies. */
size_t dft_matrix_count(int length);

/* Fills the matrices. The spectrum of `length` numbers, unnormalised, has the real and the imaginary part of frequency
 * f in rows 2 f and 2 f + 1; inverse * forward = identity. */
void dft_matrices(int length, double *forward, double *inverse);

/* spectrum = forward * x and x = inverse * spectrum for `columns` sequences, row-major, rows `stride` apart. */
void dft_forward(int length, const double *forward, const double *x, int columns, size_t stride, double *spectrum);
void dft_inverse(int length, const double *inverse, const double *spectrum, int columns, size_t stride, double *x);

#endif
