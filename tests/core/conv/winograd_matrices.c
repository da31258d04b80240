#include "tests/core/conv/winograd_matrices.h"

#include <math.h>
#include <string.h>

/* coefficients, lowest first, *= (x - root); of so high a degree before. */
static void multiply_polynomial(double *coefficients, int degree, double root) {
    coefficients[degree + 1] = coefficients[degree];
    for (int i = degree; i > 0; i--)
        coefficients[i] = coefficients[i - 1] - root * coefficients[i];
    coefficients[0] *= -root;
}

/* Finite points p, and infinity. B^T has the coefficients of the product of (x - q) over the other points q, A the
 * powers of p, G the same over N(p), the value of that product at p. The small tiles' signs are turned where that
 * leaves G positive. */
winograd_matrices winograd_matrices_of(winograd_side side) {
    const double large[] = {0, sqrt(0.5), -sqrt(0.5), sqrt(2), -sqrt(2)}, small[] = {0, 1, -1};
    const double *points = side == WINOGRAD_LARGE ? large : small;
    winograd_matrices m = {.side = side, .step = side - 2};
    int finite = m.side - 1;
    for (int i = 0; i < m.side; i++) {
        m.BT[i][0] = 1;
        double N = 1;
        for (int k = 0, degree = 0; k < finite; k++)
            if (k != i) {
                multiply_polynomial(m.BT[i], degree++, points[k]);
                N *= i < finite ? points[i] - points[k] : 1;
            }
        for (int j = 0; j < m.step; j++)
            m.A[i][j] = i < finite ? pow(points[i], j) : j == m.step - 1;
        for (int j = 0; j < 3; j++)
            m.G[i][j] = i < finite ? pow(points[i], j) / N : j == 2;
    }
    if (side == WINOGRAD_SMALL)
        for (int j = 0; j < m.side; j++) {
            m.BT[0][j] *= -1, m.BT[side - 1][j] *= -1;
            m.A[side - 1][j % m.step] = j % m.step == m.step - 1 ? -1 : 0;
            m.G[0][j % 3] = fabs(m.G[0][j % 3]);
        }
    return m;
}

void multiply_both_sides(const double *M, int rows, int columns, int stride, const double *in, double *out) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            double sum = 0;
            for (int k = 0; k < columns; k++)
                for (int l = 0; l < columns; l++)
                    sum += M[i * stride + k] * in[k * columns + l] * M[j * stride + l];
            out[i * rows + j] = sum;
        }
}
