#include "eval/measure/bootstrap.h"

#include "core/base/rng.h"
#include "eval/measure/quantile.h"

#include <math.h>
#include <stdlib.h>

/* The metrics of all draws, metric by metric. */
typedef struct draws {
    int count;
    double *values; /* METRICS * count */
} draws;

static void pool_draw(const metrics *images, int count, uint64_t seed, int draw, metrics *out) {
    rng r = rng_new(seed, rng_stream_of("bootstrap") + (uint64_t)draw);
    *out = (metrics){0};
    for (int i = 0; i < count; i++)
        metrics_merge(out, &images[rng_below(&r, (uint32_t)count)]);
}

/* Of `a`, or of a - b. */
static status draw_all(const metrics *a, const metrics *b, int count, const bootstrap *how, draws *out) {
    *out = (draws){how->draws, malloc(METRICS * (size_t)how->draws * sizeof *out->values)};
    if (!out->values)
        return status_fail(STATUS_MEMORY, "out of memory for %d bootstrap draws", how->draws);
    for (int k = 0; k < how->draws; k++) {
        metrics first, second;
        pool_draw(a, count, how->seed, k, &first);
        if (b)
            pool_draw(b, count, how->seed, k, &second);
        for (int id = 0; id < METRICS; id++)
            out->values[(size_t)id * (size_t)how->draws + (size_t)k] =
                metric_table[id].value(&first) - (b ? metric_table[id].value(&second) : 0);
    }
    return STATUS_OK;
}

/* Moves the finite values to the front, in order, and returns their number; 0 if they are fewer than half. */
static int sort_finite(double *values, int count) {
    int finite = 0;
    for (int i = 0; i < count; i++)
        if (isfinite(values[i]))
            values[finite++] = values[i];
    quantile_sort(values, finite);
    return 2 * finite < count ? 0 : finite;
}

static interval interval_of(const double *sorted, int count) {
    double tail = (1 - BOOTSTRAP_CONFIDENCE) / 2;
    return count ? (interval){quantile(sorted, count, tail), quantile(sorted, count, 1 - tail)} : (interval){NAN, NAN};
}

/* Twice the share of the draws on the rarer side of 0, the observed difference counted as one more draw. */
static double p_of(const double *sorted, int count) {
    int below = 1, above = 1;
    for (int i = 0; i < count; i++) {
        below += sorted[i] <= 0;
        above += sorted[i] >= 0;
    }
    return count ? fmin(2.0 * (below < above ? below : above) / (count + 1), 1) : NAN;
}

status bootstrap_intervals(const metrics *images, int count, const bootstrap *how, interval out[METRICS]) {
    draws d;
    TRY(draw_all(images, NULL, count, how, &d));
    for (int id = 0; id < METRICS; id++) {
        double *values = d.values + (size_t)id * (size_t)d.count;
        out[id] = interval_of(values, sort_finite(values, d.count));
    }
    free(d.values);
    return STATUS_OK;
}

status bootstrap_compare(const metrics *a, const metrics *b, int count, const bootstrap *how, comparison out[METRICS]) {
    draws d;
    TRY(draw_all(a, b, count, how, &d));
    metrics all_a = {0}, all_b = {0};
    for (int i = 0; i < count; i++) {
        metrics_merge(&all_a, &a[i]);
        metrics_merge(&all_b, &b[i]);
    }
    for (int id = 0; id < METRICS; id++) {
        double *values = d.values + (size_t)id * (size_t)d.count;
        int finite = sort_finite(values, d.count);
        out[id] = (comparison){.difference = metric_value((metric_id)id, &all_a) - metric_value((metric_id)id, &all_b),
                               .interval = interval_of(values, finite),
                               .p = p_of(values, finite)};
    }
    free(d.values);
    return STATUS_OK;
}
