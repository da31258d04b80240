/* Maxima: of windows along a row, of a whole plane, and, with the mean, across channels. The first of equal ones wins,
 * in row-major order; a NaN beats every number, so that it is not lost. */
#include "core/kernels/vector.h"

#include <math.h>

/* Handled together, in arrays that stay in the first-level cache. */
enum { WINDOWS = 64, PIXELS = 256 };

/* Puts the pixels x[i * stride] of tap number `tap` into the maxima so far. */
static inline void take_larger(const float *x, int stride, int count, int tap, float *best, int *at) {
    for (int i = 0; i < count; i++) {
        float v = x[i * stride];
        int better = (v > best[i]) | (v != v);
        best[i] = better ? v : best[i];
        at[i] = better ? tap : at[i];
    }
}

static void take_tap(const float *x, int stride, int count, int tap, float *best, int *at) {
    if (stride == 2)
        take_larger(x, 2, count, tap, best, at); /* a constant stride turns into vectors */
    else
        take_larger(x, stride, count, tap, best, at);
}

void KERNEL(max_pool_row)(const max_pool_row *k) {
    for (int start = 0; start < k->count; start += WINDOWS) {
        int count = k->count - start < WINDOWS ? k->count - start : WINDOWS;
        const float *x = k->x + (ptrdiff_t)start * k->stride;
        float best[WINDOWS];
        int at[WINDOWS];
        for (int i = 0; i < count; i++) {
            best[i] = -INFINITY;
            at[i] = 0;
        }
        for (int ky = 0; ky < k->rows; ky++)
            for (int kx = 0; kx < k->columns; kx++)
                take_tap(x + ky * k->row + kx, k->stride, count, ky * k->kernel + kx, best, at);
        memcpy(k->y + start, best, (size_t)count * sizeof *best);
        for (int i = 0; k->tap && i < count; i++)
            k->tap[start + i] = (uint8_t)at[i];
    }
}

static inline float larger(float best, float v) {
    return v > best || v != v ? v : best;
}

static float row_largest(const float *x, int count) {
    float largest = -INFINITY;
    vec lanes = vec_set(-INFINITY);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec v = vec_load(x + i);
        ivec better = (v > lanes) | (v != v);
        lanes = (vec)((better & (ivec)v) | (~better & (ivec)lanes));
    }
    for (int lane = 0; i > 0 && lane < LANES; lane++)
        largest = larger(largest, lanes[lane]);
    for (; i < count; i++)
        largest = larger(largest, x[i]);
    return largest;
}

/* A row is only searched if it holds a new maximum: few do. */
plane_peak KERNEL(plane_peak)(plane_shape s, const float *x) {
    plane_peak peak = {.value = -INFINITY};
    for (int y = 0; y < s.h; y++, x += s.row) {
        float largest = row_largest(x, s.w);
        if (!(largest > peak.value || (largest != largest && peak.value == peak.value)))
            continue;
        peak = (plane_peak){.value = largest, .y = y};
        while (x[peak.x] != largest && (x[peak.x] == x[peak.x] || largest == largest))
            peak.x++;
    }
    return peak;
}

void KERNEL(row_mean_max)(const float *x, ptrdiff_t plane, int channels, int count, float *mean, float *largest,
                          int *channel) {
    const float share = 1 / (float)channels;
    for (int start = 0; start < count; start += PIXELS) {
        int pixels = count - start < PIXELS ? count - start : PIXELS;
        float sum[PIXELS], best[PIXELS];
        int at[PIXELS];
        for (int i = 0; i < pixels; i++) {
            sum[i] = 0;
            best[i] = -INFINITY;
            at[i] = 0;
        }
        for (int c = 0; c < channels; c++) {
            const float *row = x + c * plane + start;
            for (int i = 0; i < pixels; i++)
                sum[i] += row[i];
            take_larger(row, 1, pixels, c, best, at);
        }
        for (int i = 0; i < pixels; i++)
            mean[start + i] = share * sum[i];
        memcpy(largest + start, best, (size_t)pixels * sizeof *best);
        if (channel)
            memcpy(channel + start, at, (size_t)pixels * sizeof *at);
    }
}

void KERNEL(row_mean_max_backward)(const float *dmean, const float *dlargest, const int *channel, int channels, int c,
                                   int count, bool accumulate, float *dx) {
    const float share = 1 / (float)channels;
    for (int i = 0; i < count; i++) {
        float value = share * dmean[i] + (channel[i] == c ? dlargest[i] : 0);
        dx[i] = accumulate ? dx[i] + value : value;
    }
}
