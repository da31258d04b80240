/* bench conv: every layer in every direction, each share relative to a peak measured between its runs, since clock
 * and neighbours of a shared machine change from second to second. */
#include "bench/bench.h"
#include "bench/conv_case.h"
#include "bench/expected_shares.h"
#include "bench/samples.h"
#include "core/base/clock.h"
#include "core/base/parallel.h"
#include "core/tensor/kernels.h"
#include "core/tensor/peak.h"

#include <stdio.h>

enum { DEFAULT_REPEAT = 30, EXPECTED_SIZE = 256 };

static const double tolerance = 0.10; /* of the stored share */

typedef struct layer_times {
    samples seconds[CASE_RUNS];
    samples peak; /* FLOP/s */
} layer_times;

typedef struct measurement {
    conv_case *c;
    int repeat;
    layer_times *times;
} measurement;

static void run_cases(void *context) {
    const measurement *m = context;
    for (int run = -1; run < m->repeat; run++) /* the first one warms up */
        for (int d = 0; d < CASE_RUNS; d++) {
            double peak = peak_flops(m->c->engine, 0), start = clock_seconds();
            conv_case_run(m->c, (case_run)d);
            double seconds = clock_seconds() - start;
            if (run < 0)
                continue;
            samples_add(&m->times->peak, peak);
            samples_add(&m->times->seconds[d], seconds);
        }
}

/* In one region, as in a network. */
static void measure(conv_case *c, int repeat, layer_times *times) {
    parallel_region(c->engine, run_cases, &(measurement){c, repeat, times});
}

static double share_of(double flops, double seconds, double peak) {
    return 100 * flops / seconds / peak;
}

static void print_run(conv_name name, double flops, double seconds, double peak) {
    char line[96];
    snprintf(line, sizeof line, "%s_ms", name.text);
    bench_print(line, 1e3 * seconds, "ms");
    snprintf(line, sizeof line, "%s_gflops", name.text);
    bench_print(line, flops / seconds / 1e9, "GFLOP/s");
    snprintf(line, sizeof line, "%s_share", name.text);
    bench_print(line, share_of(flops, seconds, peak), "%");
}

/* Whether even the best share of all runs is too far under the stored one, which was a median; says so. A disturbed
 * machine slows some runs, a slower kernel all. */
static bool falls_short(const expected_shares *e, conv_name name, double best) {
    double expected = expected_share(e, name);
    if (best >= (1 - tolerance) * expected)
        return false;
    fprintf(stderr, "warning: %s is %.0f %% under its stored share: %.1f %% of peak at best, stored %.1f %%\n",
            name.text, 100 * (1 - best / expected), best, expected);
    return true;
}

/* Whether this run can be held against the stored shares; says why not. */
static bool is_comparable(const expected_shares *e, const bench_options *o) {
    int threads = expected_shares_threads(e);
    if (threads == engine_threads(o->engine) && o->size == EXPECTED_SIZE) {
        fprintf(stderr, "note: comparing with %s, written on %s\n", EXPECTED_SHARES_FILE, expected_shares_processor(e));
        return true;
    }
    if (threads == 0)
        fprintf(stderr, "note: no shares stored for %s in %s: nothing is compared\n", engine_kernels(o->engine)->name,
                EXPECTED_SHARES_FILE);
    else
        fprintf(stderr, "note: shares are stored for %d thread(s) at %dx%d: nothing is compared\n", threads,
                EXPECTED_SIZE, EXPECTED_SIZE);
    return false;
}

static status bench_layer(const conv_layer *layer, const bench_options *o, bool compare, expected_shares *e,
                          int *short_ones) {
    conv_case c;
    layer_times times = {.peak = {.count = 0}};
    TRY(conv_case_new(o->engine, layer, o->size, &c));
    measure(&c, o->repeat ? o->repeat : DEFAULT_REPEAT, &times);
    double flops = conv_case_flops(&c), peak = samples_largest(&times.peak);
    conv_case_free(&c);
    for (int d = 0; d < CASE_RUNS; d++) {
        conv_name name = conv_layer_name(layer, (case_run)d);
        double seconds = samples_median(&times.seconds[d]), best = samples_smallest(&times.seconds[d]);
        print_run(name, flops, seconds, peak);
        if (o->write_expected)
            TRY(expected_shares_set(e, name, share_of(flops, seconds, peak)));
        else if (compare)
            *short_ones += falls_short(e, name, share_of(flops, best, peak));
    }
    return STATUS_OK;
}

static status bench_layers(const bench_options *o, expected_shares *e) {
    bool compare = !o->write_expected && is_comparable(e, o);
    int short_ones = 0;
    bench_print_peak(o->engine, peak_flops(o->engine, 0.3));
    for (int i = 0; i < conv_layer_count; i++)
        TRY(bench_layer(&conv_layers[i], o, compare, e, &short_ones));
    if (compare)
        bench_print("conv_under_stored_share", short_ones, "kernels");
    return o->write_expected ? expected_shares_write(e) : STATUS_OK;
}

status bench_conv(const bench_options *o) {
    if (o->write_expected && o->size != EXPECTED_SIZE)
        return status_fail(STATUS_USAGE, "--write-expected --size %d: expected shares are those of %d", o->size,
                           EXPECTED_SIZE);
    expected_shares *e;
    TRY(expected_shares_open(o->engine, &e));
    status result = bench_layers(o, e);
    expected_shares_free(e);
    return result;
}
