#include "bench/bench.h"

#include "core/base/rng.h"
#include "core/tensor/kernels.h"

#include <stdio.h>
#include <stdlib.h>

void bench_print(const char *name, double value, const char *unit) {
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

void bench_print_peak(const engine *e, double flops) {
    bench_print("fma_peak_gflops", flops / 1e9, "GFLOP/s");
    printf("fma_peak_isa %s name\n", engine_kernels(e)->name);
    bench_print("threads", engine_threads(e), "threads");
}

static status configure(const bench_options *o, const char *more, config *c) {
    TRY(config_declare(c, &detector_name_key, 1));
    TRY(config_set(c, "model.name", o->method, "method"));
    TRY(detector_declare_options(c));
    for (int i = 0; i < o->override_count; i++)
        TRY(config_override(c, o->overrides[i]));
    if (more)
        TRY(config_override(c, more));
    return config_check(c);
}

status bench_detector(engine *e, const bench_options *o, const char *more, detector **out) {
    config *c;
    *out = NULL;
    TRY(config_new(&c));
    status result = configure(o, more, c);
    if (result == STATUS_OK)
        result = detector_new(e, c, 1, out);
    config_free(c);
    return result;
}

float *bench_random(size_t count) {
    float *values = malloc(count * sizeof *values);
    if (!values) {
        status_fail(STATUS_MEMORY, "out of memory for %zu random numbers", count);
        return NULL;
    }
    rng r = rng_new(1, rng_stream_of("bench"));
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_uniform(&r);
    return values;
}
