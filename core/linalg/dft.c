#include "core/linalg/dft.h"

#include <cblas.h>
#include <math.h>

int dft_frequencies(int length) {
    return length / 2 + 1;
}

size_t dft_matrix_count(int length) {
    return 2 * (size_t)dft_frequencies(length) * (size_t)length;
}

/* Frequencies f and length - f are conjugates, and one stands for both. */
static double share(int length, int f) {
    return (f == 0 || 2 * f == length ? 1.0 : 2.0) / length;
}

void dft_matrices(int length, double *forward, double *inverse) {
    int rows = 2 * dft_frequencies(length);
    for (int f = 0; 2 * f < rows; f++)
        for (int k = 0; k < length; k++) {
            double angle = 2 * M_PI * (double)((long long)f * k % length) / length;
            double c = cos(angle), s = sin(angle);
            forward[(size_t)(2 * f) * (size_t)length + (size_t)k] = c;
            forward[(size_t)(2 * f + 1) * (size_t)length + (size_t)k] = -s;
            inverse[(size_t)k * (size_t)rows + (size_t)(2 * f)] = share(length, f) * c;
            inverse[(size_t)k * (size_t)rows + (size_t)(2 * f + 1)] = -share(length, f) * s;
        }
}

static void multiply(int rows, int depth, const double *matrix, const double *x, int columns, size_t stride,
                     double *product) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, depth, 1, matrix, depth, x, (int)stride, 0,
                product, (int)stride);
}

void dft_forward(int length, const double *forward, const double *x, int columns, size_t stride, double *spectrum) {
    multiply(2 * dft_frequencies(length), length, forward, x, columns, stride, spectrum);
}

void dft_inverse(int length, const double *inverse, const double *spectrum, int columns, size_t stride, double *x) {
    multiply(length, 2 * dft_frequencies(length), inverse, spectrum, columns, stride, x);
}
