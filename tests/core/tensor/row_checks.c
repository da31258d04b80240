/* Kernels that work along a row, and the one that measures the processor. */
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

/* Whether v takes the maximum's place: the first of equal ones wins, a NaN beats every number. */
static bool better(float v, float best) {
    return v > best || isnan(v);
}

/* Windows of rows x columns of a kernel that is `wider` columns wider where it is not cut. */
static void check_windows(const kernel_table *set, int rows, int columns, int wider, int stride, int count) {
    rng r = rng_new(7, (uint64_t)(count * 16 + stride));
    ptrdiff_t row = (ptrdiff_t)(count - 1) * stride + columns;
    watched x = watched_new((size_t)(rows * row), 0), y = watched_new((size_t)count, NAN);
    uint8_t *taps = malloc((size_t)count + 1);
    assert_non_null(taps);
    taps[count] = 0xAB;
    for (size_t i = 0; i < x.count; i++)
        x.data[i] = (float)rng_below(&r, 5); /* many equal ones */
    x.data[x.count / 2] = NAN;
    max_pool_row k = {.x = x.data,
                      .row = row,
                      .rows = rows,
                      .columns = columns,
                      .stride = stride,
                      .count = count,
                      .kernel = columns + wider,
                      .y = y.data,
                      .tap = taps};
    for (int asked = 0; asked < 2; asked++) {
        k.tap = asked ? taps : NULL;
        set->max_pool_row(&k);
        for (int i = 0; i < count; i++) {
            float best = -INFINITY;
            int tap = 0;
            for (int ky = 0; ky < rows; ky++)
                for (int kx = 0; kx < columns; kx++)
                    if (better(x.data[ky * row + i * stride + kx], best)) {
                        best = x.data[ky * row + i * stride + kx];
                        tap = ky * (columns + wider) + kx;
                    }
            assert_true(y.data[i] == best || (isnan(y.data[i]) && isnan(best)));
            assert_true(!asked || taps[i] == tap);
        }
    }
    assert_int_equal(taps[count], 0xAB);
    expect_watched(&y, "max_pool_row");
    watched_free(&x);
    watched_free(&y);
    free(taps);
}

void check_max_pool_row(const kernel_table *set) {
    static const int counts[] = {1, 2, 7, 16, 33, 64, 65, 130};
    for (int i = 0; i < 8; i++)
        for (int stride = 1; stride <= 3; stride++) {
            check_windows(set, 2, 2, 0, stride, counts[i]);
            check_windows(set, 3, 3, 0, stride, counts[i]);
            check_windows(set, 1, 2, 1, stride, counts[i]); /* cut by the border */
            check_windows(set, 1, 1, 0, stride, counts[i]);
        }
}

static const int pixel_counts[] = {1, 3, 8, 17, 64, 255, 256, 300}, channel_counts[] = {1, 2, 5, 33};

void check_row_mean_max(const kernel_table *set) {
    for (int i = 0; i < 8 * 4; i++) {
        int count = pixel_counts[i % 8], channels = channel_counts[i / 8], plane = count + 3;
        rng r = rng_new(8, (uint64_t)i);
        watched x = watched_new((size_t)(channels * plane), 0), mean = watched_new((size_t)count, NAN);
        watched largest = watched_new((size_t)count, NAN);
        int *at = calloc((size_t)count + 1, sizeof *at);
        assert_non_null(at);
        at[count] = -77;
        for (size_t k = 0; k < x.count; k++)
            x.data[k] = (float)rng_below(&r, 9) - 4;
        x.data[0] = NAN;
        for (int asked = 0; asked < 2; asked++) {
            set->row_mean_max(x.data, plane, channels, count, mean.data, largest.data, asked ? at : NULL);
            for (int pixel = 1; pixel < count; pixel++) {
                double sum = 0;
                float best = -INFINITY;
                int channel = 0;
                for (int c = 0; c < channels; c++) {
                    float v = x.data[c * plane + pixel];
                    sum += v;
                    channel = better(v, best) ? c : channel;
                    best = better(v, best) ? v : best;
                }
                expect_near(mean.data[pixel], sum / channels, 4, "row_mean_max", set);
                assert_true(largest.data[pixel] == best && (!asked || at[pixel] == channel));
            }
            assert_true(isnan(mean.data[0]) && isnan(largest.data[0]) && (!asked || at[0] == 0));
        }
        assert_int_equal(at[count], -77);
        expect_watched(&mean, "row_mean_max: mean");
        expect_watched(&largest, "row_mean_max: maximum");
        watched_free(&x);
        watched_free(&mean);
        watched_free(&largest);
        free(at);
    }
}

void check_row_mean_max_backward(const kernel_table *set) {
    for (int i = 0; i < 8 * 4; i++) {
        int count = pixel_counts[i % 8], channels = channel_counts[i / 8];
        rng r = rng_new(9, (uint64_t)i);
        watched dmean = watched_new((size_t)count, 0), dlargest = watched_new((size_t)count, 0);
        watched dx = watched_new((size_t)count, 0), before = watched_new((size_t)count, 0);
        int *at = malloc((size_t)count * sizeof *at);
        assert_non_null(at);
        fill_normal(&r, dmean.data, dmean.count);
        fill_normal(&r, dlargest.data, dlargest.count);
        fill_normal(&r, before.data, before.count);
        for (int pixel = 0; pixel < count; pixel++)
            at[pixel] = (int)rng_below(&r, (uint32_t)channels);
        for (int accumulate = 0; accumulate < 2; accumulate++)
            for (int c = 0; c < channels; c++) {
                memcpy(dx.data, before.data, dx.count * sizeof(float));
                set->row_mean_max_backward(dmean.data, dlargest.data, at, channels, c, count, accumulate, dx.data);
                for (int pixel = 0; pixel < count; pixel++) {
                    double mean = (double)dmean.data[pixel] / channels,
                           largest = at[pixel] == c ? dlargest.data[pixel] : 0;
                    double old = accumulate ? before.data[pixel] : 0;
                    expect_near(dx.data[pixel], mean + largest + old, fabs(mean) + fabs(largest) + fabs(old),
                                "row_mean_max_backward", set);
                }
            }
        expect_watched(&dx, "row_mean_max_backward");
        watched_free(&dmean);
        watched_free(&dlargest);
        watched_free(&dx);
        watched_free(&before);
        free(at);
    }
}

/* Counts whole vectors; a multiply-add counts twice. */
void check_fma_peak(const kernel_table *set) {
    int lanes = !strcmp(set->name, "avx512") ? 16 : !strcmp(set->name, "avx2") ? 8 : 4;
    double one = set->fma_peak(1);
    assert_true(one > 0 && fmod(one, 2.0 * lanes) == 0);
    assert_true(set->fma_peak(1000) == 1000 * one);
}
