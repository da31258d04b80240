/* bench train: whole training steps (forward, backward, Adam) on random images. */
#include "bench/bench.h"
#include "bench/samples.h"
#include "core/base/clock.h"
#include "core/tensor/peak.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_REPEAT = 5 };

static const double eta = 0.1, learning_rate = 1e-4, target_pixels = 0.001;

typedef struct training_bench {
    engine *engine;
    const bench_options *options;
    detector *d;
    optimizer adam;
    float *images, *masks;
} training_bench;

typedef struct step_times {
    samples seconds;
    samples peak; /* FLOP/s */
} step_times;

static status prepare(training_bench *b) {
    const bench_options *o = b->options;
    size_t pixels = (size_t)o->batch * (size_t)o->size * (size_t)o->size;
    TRY(bench_detector(b->engine, o, NULL, &b->d));
    TRY(detector_begin_training(b->d, &(detector_training){.batch_size = o->batch,
                                                           .width = o->size,
                                                           .height = o->size,
                                                           .phase = detector_last_phase(b->d),
                                                           .eta = eta,
                                                           .recompute = o->checkpointing,
                                                           .fast = o->fast}));
    optimizer_options adam = optimizer_defaults(&optimizer_adam);
    TRY(optimizer_new(b->engine, detector_parameters(b->d), &adam, &b->adam));
    b->images = bench_random(pixels);
    b->masks = bench_random(pixels);
    if (!b->images || !b->masks)
        return STATUS_MEMORY;
    for (size_t i = 0; i < pixels; i++)
        b->masks[i] = b->masks[i] < target_pixels ? 1 : 0;
    return STATUS_OK;
}

static status step(training_bench *b) {
    detector_loss loss;
    TRY(detector_train_step(b->d, &(detector_batch){.images = b->images, .masks = b->masks, .count = b->options->batch},
                            &loss));
    optimizer_step(&b->adam, learning_rate, optimizer_gradient_norm(&b->adam));
    return STATUS_OK;
}

static status time_steps(training_bench *b, step_times *times) {
    int repeat = b->options->repeat ? b->options->repeat : DEFAULT_REPEAT;
    TRY(step(b)); /* touches all memory */
    for (int run = 0; run < repeat; run++) {
        samples_add(&times->peak, peak_flops(b->engine, 0.01));
        double start = clock_seconds();
        TRY(step(b));
        samples_add(&times->seconds, clock_seconds() - start);
    }
    return STATUS_OK;
}

/* The most that this process ever held; NaN where the system does not tell. Unlike getrusage's figure it does not
 * start from that of the process that launched us. */
static double peak_memory_mib(void) {
    char line[256];
    double kib = NAN;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %lf kB", &kib);
    if (file)
        fclose(file);
    return kib / 1024;
}

static void print_step(const training_bench *b, const step_times *times) {
    double seconds = samples_median(&times->seconds) / b->options->batch, peak = samples_largest(&times->peak);
    double flops = detector_training_flops(b->d);
    bench_print_peak(b->engine, peak);
    bench_print("train_ms_per_image", 1e3 * seconds, "ms");
    bench_print("train_peak_memory_mib", peak_memory_mib(), "MiB");
    bench_print("train_activation_memory_mib", (double)detector_memory(b->d) / (1 << 20), "MiB");
    bench_print("train_gflop_per_image", flops / 1e9, "GFLOP");
    bench_print("train_gflops", flops / seconds / 1e9, "GFLOP/s");
    bench_print("train_share", 100 * flops / seconds / peak, "%");
}

static void free_bench(training_bench *b) {
    optimizer_free(&b->adam);
    detector_free(b->d);
    free(b->images);
    free(b->masks);
}

static status time_one_thread(const bench_options *o, const step_times *all_threads) {
    training_bench b = {.options = o};
    step_times times = {.seconds = {.count = 0}};
    status result = engine_new(1, &b.engine);
    if (result == STATUS_OK)
        result = prepare(&b);
    if (result == STATUS_OK)
        result = time_steps(&b, &times);
    free_bench(&b);
    engine_free(b.engine);
    TRY(result);
    double one = samples_median(&times.seconds), all = samples_median(&all_threads->seconds);
    bench_print("train_1_thread_ms_per_image", 1e3 * one / o->batch, "ms");
    bench_print("train_thread_scaling", one / all, "x");
    return STATUS_OK;
}

status bench_train(const bench_options *o) {
    training_bench b = {.options = o, .engine = o->engine};
    step_times times = {.seconds = {.count = 0}};
    status result = prepare(&b);
    if (result == STATUS_OK)
        result = time_steps(&b, &times);
    if (result == STATUS_OK)
        print_step(&b, &times);
    free_bench(&b);
    TRY(result);
    return o->scaling ? time_one_thread(o, &times) : STATUS_OK;
}
