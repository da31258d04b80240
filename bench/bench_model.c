/* bench model: one image through the network, warm. Its variants are timed in turns, a few runs each, so that a
 * disturbance of the machine falls on all of them. */
#include "bench/bench.h"
#include "bench/samples.h"
#include "core/base/clock.h"
#include "core/tensor/peak.h"
#include "modules/calibration.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_REPEAT = 15, TURN = 3, MAXIMUM_STAGES = 32 };

/* One way to run a network. Each has a detector of its own, whose graph and memory stay as they are. */
typedef struct variant {
    char name[64];
    detector *d;
    int side;
    detector_detail detail;
    samples seconds;
} variant;

typedef struct variant_list {
    engine *single; /* one thread */
    variant items[MAXIMUM_STAGES];
    int count;
    samples peak; /* FLOP/s, all threads */
} variant_list;

static status add(variant_list *list, engine *e, const bench_options *o, const char *override, int side,
                  detector_detail detail, variant **out) {
    variant *v = *out = &list->items[list->count++];
    *v = (variant){.side = side, .detail = detail};
    return bench_detector(e, o, override, &v->d);
}

/* In 8 bits, with the ranges of a random image: what they are does not matter to the time. */
static status add_int8(variant_list *list, engine *e, const bench_options *o, variant **out) {
    calibration *c;
    float *image = bench_random((size_t)o->size * (size_t)o->size);
    if (!image)
        return STATUS_MEMORY;
    status result = add(list, e, o, NULL, o->size, DETAIL_SCORE, out);
    if (result == STATUS_OK)
        result = calibration_new((*out)->d, &c);
    if (result == STATUS_OK) {
        result = calibration_add(c, image, o->size, o->size);
        if (result == STATUS_OK)
            result = calibration_finish(c);
        calibration_free(c);
    }
    free(image);
    return result == STATUS_OK ? detector_set_precision((*out)->d, PRECISION_INT8) : result;
}

/* Runs once untimed, to have the variant's own data in the caches, then a few times. */
static status take_turn(variant *v, const float *image) {
    for (int run = -1; run < TURN; run++) {
        detector_maps maps;
        double start = clock_seconds();
        TRY(detector_run(v->d, image, v->side, v->side, v->detail, &maps));
        if (run >= 0)
            samples_add(&v->seconds, clock_seconds() - start);
    }
    return STATUS_OK;
}

static status take_turns(variant_list *list, engine *e, const float *image, int repeat) {
    status result = STATUS_OK;
    for (int turn = 0; turn * TURN < repeat; turn++)
        for (int i = 0; i < list->count && result == STATUS_OK; i++) {
            samples_add(&list->peak, peak_flops(e, 0.01));
            result = take_turn(&list->items[i], image);
        }
    return result;
}

static status time_variants(variant_list *list, int largest_side, const bench_options *o) {
    float *image = bench_random((size_t)largest_side * (size_t)largest_side);
    if (!image)
        return STATUS_MEMORY;
    status result = take_turns(list, o->engine, image, o->repeat ? o->repeat : DEFAULT_REPEAT);
    free(image);
    return result;
}

static double milliseconds(const variant *v) {
    return 1e3 * samples_median(&v->seconds);
}

static void print_milliseconds(const variant *v) {
    char line[96];
    snprintf(line, sizeof line, "%s_ms", v->name);
    bench_print(line, milliseconds(v), "ms");
}

/* Operations, their rate and its share of the peak; nothing for a method without convolutions. */
static void print_work(const variant *v, double peak) {
    char line[96];
    double flops = detector_inference_flops(v->d), seconds = samples_median(&v->seconds);
    if (flops == 0)
        return;
    snprintf(line, sizeof line, "%s_gflop", v->name);
    bench_print(line, flops / 1e9, "GFLOP");
    snprintf(line, sizeof line, "%s_gflops", v->name);
    bench_print(line, flops / seconds / 1e9, "GFLOP/s");
    snprintf(line, sizeof line, "%s_share", v->name);
    bench_print(line, 100 * flops / seconds / peak, "%");
}

/* --- the variants that are always timed --- */

static status bench_variants(const bench_options *o, variant_list *list) {
    variant *score, *full, *large, *single, *int8, *single_int8;
    TRY(add(list, o->engine, o, NULL, o->size, DETAIL_SCORE, &score));
    TRY(add(list, o->engine, o, NULL, o->size, DETAIL_RECONSTRUCTION, &full));
    TRY(add(list, o->engine, o, NULL, 2 * o->size, DETAIL_SCORE, &large));
    TRY(add(list, list->single, o, NULL, o->size, DETAIL_SCORE, &single));
    if (o->int8) {
        TRY(add_int8(list, o->engine, o, &int8));
        TRY(add_int8(list, list->single, o, &single_int8));
        snprintf(int8->name, sizeof int8->name, "model_infer_int8");
        snprintf(single_int8->name, sizeof single_int8->name, "model_infer_int8_1_thread");
    }
    snprintf(score->name, sizeof score->name, "model_infer");
    snprintf(full->name, sizeof full->name, "model_infer_full");
    snprintf(large->name, sizeof large->name, "model_infer_%d", 2 * o->size);
    snprintf(single->name, sizeof single->name, "model_infer_1_thread");
    TRY(time_variants(list, 2 * o->size, o));
    double peak = samples_largest(&list->peak);
    bench_print_peak(o->engine, peak);
    for (int i = 0; i < list->count; i++)
        print_milliseconds(&list->items[i]);
    bench_print("model_thread_scaling", milliseconds(single) / milliseconds(score), "x");
    print_work(score, peak);
    print_work(full, peak);
    bench_print("model_infer_memory_mib", (double)detector_memory(score->d) / (1 << 20), "MiB");
    return STATUS_OK;
}

/* --- time by number of stages --- */

/* K of the options; a method that is not unrolled has none. */
static status read_stages(const bench_options *o, int *stages) {
    detector *d;
    TRY(bench_detector(o->engine, o, NULL, &d));
    const char *text = detector_option(d, "model.stages");
    *stages = text ? atoi(text) : 0;
    detector_free(d);
    return text ? STATUS_OK : status_fail(STATUS_USAGE, "--stages: %s has no model.stages", o->method);
}

static status bench_stages(const bench_options *o, variant_list *list) {
    int stages;
    TRY(read_stages(o, &stages));
    for (int k = 1; k <= stages; k++) {
        char override[64];
        variant *v;
        snprintf(override, sizeof override, "model.stages=%d", k);
        TRY(add(list, o->engine, o, override, o->size, DETAIL_SCORE, &v));
        snprintf(v->name, sizeof v->name, "model_infer_k%d", k);
    }
    TRY(time_variants(list, o->size, o));
    for (int k = 1; k <= stages; k++) {
        char line[96];
        const variant *v = &list->items[k - 1];
        print_milliseconds(v);
        snprintf(line, sizeof line, "%s_per_stage_ms", v->name);
        bench_print(line, milliseconds(v) / k, "ms");
    }
    return STATUS_OK;
}

static status with_list(const bench_options *o, status (*body)(const bench_options *o, variant_list *list)) {
    variant_list *list = calloc(1, sizeof *list);
    if (!list)
        return status_fail(STATUS_MEMORY, "out of memory for the times");
    status result = engine_new(1, &list->single);
    if (result == STATUS_OK)
        result = body(o, list);
    for (int i = 0; i < list->count; i++)
        detector_free(list->items[i].d);
    engine_free(list->single);
    free(list);
    return result;
}

status bench_model(const bench_options *o) {
    TRY(with_list(o, bench_variants));
    return o->stages ? with_list(o, bench_stages) : STATUS_OK;
}
