/* The kernels of convolution by Fourier transforms, against sums in double. */
#include "core/base/rng.h"
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = FOURIER_SIDE, POINTS = FOURIER_POINTS, BLOCK = FOURIER_BLOCK };

/* One frequency of a tile, by definition. */
static void transform(const float *re, const float *im, int fy, int fx, double out[2]) {
    out[0] = out[1] = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            double angle = -2 * acos(-1) * ((fy * y + fx * x) % SIDE) / SIDE, a = re[y * SIDE + x],
                   b = im[y * SIDE + x];
            out[0] += a * cos(angle) - b * sin(angle);
            out[1] += a * sin(angle) + b * cos(angle);
        }
}

/* Some frequencies, in each of the vectors of a row and a column; then back again. */
void check_fourier_tile(const kernel_table *set) {
    rng r = rng_new(12, 0);
    watched re = watched_new(POINTS, 0), im = watched_new(POINTS, 0);
    float before[2 * POINTS];
    fill_normal(&r, re.data, POINTS);
    fill_normal(&r, im.data, POINTS);
    memcpy(before, re.data, POINTS * sizeof(float));
    memcpy(before + POINTS, im.data, POINTS * sizeof(float));
    set->fourier_tile(re.data, im.data);
    for (int fy = 0; fy < SIDE; fy += 5)
        for (int fx = fy % 3; fx < SIDE; fx += 7) {
            double expected[2];
            transform(before, before + POINTS, fy, fx, expected);
            expect_near(re.data[fx * SIDE + fy], expected[0], SIDE, "fourier_tile, real", set);
            expect_near(im.data[fx * SIDE + fy], expected[1], SIDE, "fourier_tile, imaginary", set);
        }
    set->fourier_tile(im.data, re.data);
    for (int i = 0; i < POINTS; i++) {
        expect_near(re.data[i] / POINTS, before[i], 4, "fourier_tile and back, real", set);
        expect_near(im.data[i] / POINTS, before[POINTS + i], 4, "fourier_tile and back, imaginary", set);
    }
    expect_watched(&re, "fourier_tile");
    expect_watched(&im, "fourier_tile");
    watched_free(&re);
    watched_free(&im);
}

/* Element (row, column) of y at one frequency. */
static void multiply(const fourier_product *k, int row, int column, int frequency, double out[2]) {
    for (int t = 0; t < k->terms; t++) {
        const float *a = k->a + (row * k->a_row + t * k->a_term) * 2 * BLOCK + frequency;
        const float *b = k->b + (t * k->b_term + column * k->b_column) * 2 * BLOCK + frequency;
        out[0] += (double)a[0] * b[0] - (double)a[BLOCK] * b[BLOCK];
        out[1] += (double)a[0] * b[BLOCK] + (double)a[BLOCK] * b[0];
    }
}

static void check_product(const kernel_table *set, int rows, int terms, int columns, bool transposed, bool accumulate) {
    enum { COMPLEX = 2 * BLOCK };
    rng r = rng_new(13, (uint64_t)(rows * 100 + terms * 10 + columns));
    watched a = watched_new((size_t)(rows * terms * COMPLEX), 0),
            b = watched_new((size_t)(terms * columns * COMPLEX), 0);
    watched y = watched_new((size_t)(rows * columns * COMPLEX), NAN);
    fill_normal(&r, a.data, a.count);
    fill_normal(&r, b.data, b.count);
    if (accumulate)
        fill_normal(&r, y.data, y.count);
    float *before = malloc(y.count * sizeof *before);
    assert_non_null(before);
    memcpy(before, y.data, y.count * sizeof *before);
    const fourier_product k = {.a = a.data,
                               .b = b.data,
                               .y = y.data,
                               .rows = rows,
                               .terms = terms,
                               .columns = columns,
                               .a_row = transposed ? 1 : terms,
                               .a_term = transposed ? rows : 1,
                               .b_term = transposed ? 1 : columns,
                               .b_column = transposed ? terms : 1,
                               .accumulate = accumulate};
    set->fourier_product(&k);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            for (int f = 0; f < BLOCK; f++) {
                size_t at = (size_t)((row * columns + column) * COMPLEX + f);
                double expected[2] = {accumulate ? before[at] : 0, accumulate ? before[at + BLOCK] : 0};
                multiply(&k, row, column, f, expected);
                expect_near(y.data[at], expected[0], 4 * terms + 4, "fourier_product, real", set);
                expect_near(y.data[at + BLOCK], expected[1], 4 * terms + 4, "fourier_product, imaginary", set);
            }
    expect_watched(&y, "fourier_product");
    free(before);
    watched_free(&a);
    watched_free(&b);
    watched_free(&y);
}

void check_fourier_product(const kernel_table *set) {
    for (int rows = 1; rows <= 5; rows++)
        for (int columns = 1; columns <= 7; columns++)
            check_product(set, rows, 1 + (rows + columns) % 4, columns, columns % 2, rows % 2);
}
