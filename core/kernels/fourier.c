/* Discrete Fourier transforms of 64 x 64 complex numbers, and products of their spectra.
 *
 * 64 = 8 x 8: with n = 8 m + j and f = k + 8 l, w = exp(-2 pi i / 64),
 *
 *     X[k + 8 l] = sum_j exp(-2 pi i j l / 8) w^(j k) sum_m exp(-2 pi i m k / 8) x[8 m + j]
 *
 * so two rounds of transforms of length 8 do, one over m and one over j. All columns of a tile are transformed alike:
 * lanes are neighbouring columns. */
#include "core/kernels/vector.h"

enum { SIDE = FOURIER_SIDE, RADIX = 8, BLOCK = FOURIER_BLOCK };

/* cos(2 pi i / SIDE) of a quarter turn. */
static const float quarter[SIDE / 4 + 1] = {1,
                                            0.995184727f,
                                            0.98078528f,
                                            0.956940336f,
                                            0.923879533f,
                                            0.881921264f,
                                            0.831469612f,
                                            0.773010453f,
                                            0.707106781f,
                                            0.634393284f,
                                            0.555570233f,
                                            0.471396737f,
                                            0.382683432f,
                                            0.290284677f,
                                            0.195090322f,
                                            0.0980171403f,
                                            0};

static float cosine(int i) {
    i %= SIDE;
    i = i > SIDE / 2 ? SIDE - i : i;
    return i > SIDE / 4 ? -quarter[SIDE / 2 - i] : quarter[i];
}

/* w^i = cosine(i) + i minus_sine(i) */
static float minus_sine(int i) {
    return cosine(i + SIDE / 4);
}

/* One vector of complex numbers. */
typedef struct complex_vec {
    vec re, im;
} complex_vec;

static inline complex_vec plus(complex_vec a, complex_vec b) {
    return (complex_vec){a.re + b.re, a.im + b.im};
}

static inline complex_vec minus(complex_vec a, complex_vec b) {
    return (complex_vec){a.re - b.re, a.im - b.im};
}

/* a - i b and a + i b */
static inline complex_vec minus_i(complex_vec a, complex_vec b) {
    return (complex_vec){a.re + b.im, a.im - b.re};
}

static inline complex_vec plus_i(complex_vec a, complex_vec b) {
    return (complex_vec){a.re - b.im, a.im + b.re};
}

/* The transform of length 8, from that of the even and that of the odd ones. */
static inline void transform_8(complex_vec x[RADIX]) {
    const vec half = vec_set(0.707106781f); /* the square root of 1/2 */
    complex_vec a = plus(x[0], x[4]), b = minus(x[0], x[4]), c = plus(x[2], x[6]), d = minus(x[2], x[6]);
    complex_vec e0 = plus(a, c), e2 = minus(a, c), e1 = minus_i(b, d), e3 = plus_i(b, d);
    a = plus(x[1], x[5]), b = minus(x[1], x[5]), c = plus(x[3], x[7]), d = minus(x[3], x[7]);
    complex_vec o0 = plus(a, c), o2 = minus(a, c), o1 = minus_i(b, d), o3 = plus_i(b, d);
    o1 = (complex_vec){half * (o1.re + o1.im), half * (o1.im - o1.re)}; /* times exp(-2 pi i / 8) */
    o3 = (complex_vec){half * (o3.im - o3.re), half * (-o3.re - o3.im)};
    x[0] = plus(e0, o0), x[4] = minus(e0, o0), x[1] = plus(e1, o1), x[5] = minus(e1, o1);
    x[2] = minus_i(e2, o2), x[6] = plus_i(e2, o2), x[3] = plus(e3, o3), x[7] = minus(e3, o3);
}

static inline complex_vec times(complex_vec a, float re, float im) {
    return (complex_vec){a.re * re - a.im * im, a.re * im + a.im * re};
}

/* LANES columns from `column` on; `between` holds what the first round leaves. */
static void transform_columns(float *re, float *im, int column, complex_vec between[SIDE]) {
    complex_vec x[RADIX];
    for (int j = 0; j < RADIX; j++) {
        for (int m = 0; m < RADIX; m++) {
            ptrdiff_t at = (ptrdiff_t)(RADIX * m + j) * SIDE + column;
            x[m] = (complex_vec){vec_load(re + at), vec_load(im + at)};
        }
        transform_8(x);
        for (int k = 0; k < RADIX; k++)
            between[RADIX * k + j] = times(x[k], cosine(j * k), minus_sine(j * k));
    }
    for (int k = 0; k < RADIX; k++) {
        for (int j = 0; j < RADIX; j++)
            x[j] = between[RADIX * k + j];
        transform_8(x);
        for (int l = 0; l < RADIX; l++) {
            ptrdiff_t at = (ptrdiff_t)(k + RADIX * l) * SIDE + column;
            vec_store(re + at, x[l].re);
            vec_store(im + at, x[l].im);
        }
    }
}

/* In squares that stay in the first-level cache. */
static void transpose(float *x) {
    enum { SQUARE = 16 };
    for (int top = 0; top < SIDE; top += SQUARE)
        for (int left = top; left < SIDE; left += SQUARE)
            for (int row = top; row < top + SQUARE; row++)
                for (int column = left > row ? left : row + 1; column < left + SQUARE; column++) {
                    float keep = x[row * SIDE + column];
                    x[row * SIDE + column] = x[column * SIDE + row];
                    x[column * SIDE + row] = keep;
                }
}

void KERNEL(fourier_tile)(float *re, float *im) {
    complex_vec between[SIDE];
    for (int column = 0; column < SIDE; column += LANES)
        transform_columns(re, im, column, between);
    transpose(re);
    transpose(im);
    for (int column = 0; column < SIDE; column += LANES)
        transform_columns(re, im, column, between);
}

/* --- products --- */

/* The sums of R x C elements of y, over LANES frequencies. R and C are constants wherever it is called. */
static inline __attribute__((always_inline)) void multiply_tile(const fourier_product *k, int row, int column, int R,
                                                                int C, int lane) {
    const float *a = k->a + (row * k->a_row) * 2 * BLOCK + lane, *b = k->b + (column * k->b_column) * 2 * BLOCK + lane;
    const ptrdiff_t a_row = k->a_row * 2 * BLOCK, b_column = k->b_column * 2 * BLOCK;
    vec re[2][3], im[2][3];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            re[r][c] = im[r][c] = (vec){0};
    for (int t = 0; t < k->terms; t++) {
        vec b_re[3], b_im[3];
        for (int c = 0; c < C; c++) {
            b_re[c] = vec_load(b + c * b_column);
            b_im[c] = vec_load(b + c * b_column + BLOCK);
        }
        for (int r = 0; r < R; r++) {
            vec a_re = vec_load(a + r * a_row), a_im = vec_load(a + r * a_row + BLOCK);
            for (int c = 0; c < C; c++) {
                re[r][c] += a_re * b_re[c];
                im[r][c] += a_re * b_im[c];
                re[r][c] -= a_im * b_im[c];
                im[r][c] += a_im * b_re[c];
            }
        }
        a += k->a_term * 2 * BLOCK;
        b += k->b_term * 2 * BLOCK;
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            float *y = k->y + ((ptrdiff_t)(row + r) * k->columns + column + c) * 2 * BLOCK + lane;
            vec_store(y, k->accumulate ? vec_load(y) + re[r][c] : re[r][c]);
            vec_store(y + BLOCK, k->accumulate ? vec_load(y + BLOCK) + im[r][c] : im[r][c]);
        }
}

/* Some rows of y, as many columns at once as registers hold. */
static inline __attribute__((always_inline)) void multiply_rows(const fourier_product *k, int row, int R, int lane) {
    enum { MOST = REGISTERS == 32 ? 3 : 2 };
    int column = 0;
    for (; column + MOST <= k->columns; column += MOST)
        multiply_tile(k, row, column, R, MOST, lane);
    for (; column < k->columns; column++)
        multiply_tile(k, row, column, R, 1, lane);
}

void KERNEL(fourier_product)(const fourier_product *k) {
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        int row = 0;
        for (; row + 2 <= k->rows; row += 2)
            multiply_rows(k, row, 2, lane);
        if (row < k->rows)
            multiply_rows(k, row, 1, lane);
    }
}
