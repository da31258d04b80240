/* bench scaling: what more cores than this machine has would do. The items of every loop are timed one after another on
 * one thread; then the crew (core/base/crew.h) is played with 2, 4, 8 and 16 threads of that speed: each begins with
 * its share of a loop's items and helps the next ones when it is done. Memory is as fast as one thread sees it, which
 * is what the model leaves out; what each core would hold of it is printed. */
#include "bench/bench.h"
#include "core/base/clock.h"
#include "core/base/parallel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 4, MOST_THREADS = 16, EMPTY_LOOPS = 2000 };

/* One run of a workload. */
typedef struct recording {
    double *items; /* seconds, of all loops one behind the other */
    int *counts;   /* items of each loop */
    int item_count, loop_count, item_room, loop_room;
    double last;    /* when the last item ended */
    double seconds; /* of the whole */
    bool is_full;   /* out of memory */
} recording;

static void *grown(void *array, int count, int *room, size_t size) {
    if (count < *room)
        return array;
    *room = *room ? 2 * *room : 4096;
    return realloc(array, (size_t)*room * size);
}

static void begin_loop(void *context, int count) {
    recording *r = context;
    int *counts = grown(r->counts, r->loop_count, &r->loop_room, sizeof *counts);
    r->is_full |= !counts;
    r->counts = counts ? counts : r->counts;
    if (counts)
        r->counts[r->loop_count++] = count;
    r->last = clock_seconds();
}

static void end_item(void *context) {
    recording *r = context;
    double now = clock_seconds(), *items = grown(r->items, r->item_count, &r->item_room, sizeof *items);
    r->is_full |= !items;
    r->items = items ? items : r->items;
    if (items)
        r->items[r->item_count++] = now - r->last;
    r->last = now;
}

static void release(recording *r) {
    free(r->items);
    free(r->counts);
    *r = (recording){0};
}

/* --- the model --- */

/* When a loop is over, that begins at 0: the thread that is free first takes the next item, of its own share while
 * there are any. */
static double play_loop(const double *items, int count, int threads) {
    double free_at[MOST_THREADS] = {0}, end = 0;
    int next[MOST_THREADS], behind[MOST_THREADS];
    for (int t = 0; t < threads; t++) {
        next[t] = (int)((int64_t)count * t / threads);
        behind[t] = (int)((int64_t)count * (t + 1) / threads);
    }
    for (int taken = 0; taken < count; taken++) {
        int first = 0, share = 0;
        for (int t = 1; t < threads; t++)
            first = free_at[t] < free_at[first] ? t : first;
        while (next[(first + share) % threads] == behind[(first + share) % threads])
            share++;
        free_at[first] += items[next[(first + share) % threads]++];
        end = fmax(end, free_at[first]);
    }
    return end;
}

typedef struct times {
    double serial;   /* between the loops, and in loops of one item */
    double loops;    /* in the others, as played */
    double overhead; /* of beginning and ending them */
} times;

static times play(const recording *r, int threads, double per_loop) {
    times out = {.serial = r->seconds};
    const double *items = r->items;
    for (int i = 0; i < r->loop_count; items += r->counts[i++]) {
        if (r->counts[i] < 2)
            continue;
        for (int k = 0; k < r->counts[i]; k++)
            out.serial -= items[k];
        out.loops += play_loop(items, r->counts[i], threads);
        out.overhead += threads > 1 ? per_loop : 0;
    }
    return out;
}

/* --- measuring --- */

static void nothing(const worker *w, void *context, int item) {
    (void)w;
    (void)context;
    (void)item;
}

typedef struct empty_loops {
    engine *e;
    double seconds; /* of one */
} empty_loops;

static void run_empty_loops(void *context) {
    empty_loops *empty = context;
    double start = clock_seconds();
    for (int i = 0; i < EMPTY_LOOPS; i++)
        parallel_for(empty->e, 2 * engine_threads(empty->e), nothing, NULL);
    empty->seconds = (clock_seconds() - start) / EMPTY_LOOPS;
}

typedef struct workload {
    const bench_options *o;
    engine *e;
    detector *d;
    float *images, *masks;
    bool training;
} workload;

static status run_once(workload *w) {
    detector_maps maps;
    detector_loss loss;
    if (!w->training)
        return detector_run(w->d, w->images, w->o->size, w->o->size, DETAIL_SCORE, &maps);
    return detector_train_step(w->d, &(detector_batch){.images = w->images, .masks = w->masks, .count = w->o->batch},
                               &loss);
}

static double sum_of_items(const recording *r) {
    double sum = 0;
    for (int i = 0; i < r->item_count; i++)
        sum += r->items[i];
    return sum;
}

/* The shortest time of each item, and of all between them: what disturbs a run disturbs a few items. */
static void keep_shortest(recording *best, const recording *r) {
    double between = fmin(best->seconds - sum_of_items(best), r->seconds - sum_of_items(r));
    for (int i = 0; i < r->item_count; i++)
        best->items[i] = fmin(best->items[i], r->items[i]);
    best->seconds = between + sum_of_items(best);
}

static status record_once(workload *w, recording *r) {
    parallel_watch(w->e, &(loop_watch){begin_loop, end_item, r});
    double start = clock_seconds();
    status result = run_once(w);
    r->seconds = clock_seconds() - start;
    parallel_watch(w->e, NULL);
    if (result == STATUS_OK && r->is_full)
        result = status_fail(STATUS_MEMORY, "out of memory for the times of a loop");
    return result;
}

static status record(workload *w, recording *best) {
    TRY(run_once(w)); /* lays out, and touches all memory */
    TRY(record_once(w, best));
    for (int run = 1; run < RUNS; run++) {
        recording r = {0};
        status result = record_once(w, &r);
        if (result == STATUS_OK)
            keep_shortest(best, &r);
        release(&r);
        TRY(result);
    }
    return STATUS_OK;
}

static void print_named(const char *what, const char *name, int threads, double value, const char *unit) {
    char line[96];
    snprintf(line, sizeof line, "scaling_%s_%d_threads_%s", what, threads, name);
    bench_print(line, value, unit);
}

/* Time of the loops of several items, but fewer than threads, in percent of all. */
static double share_of_short_loops(const recording *r, int threads) {
    double sum = 0;
    const double *items = r->items;
    for (int i = 0; i < r->loop_count; items += r->counts[i++])
        for (int k = 0; k < r->counts[i] && r->counts[i] > 1 && r->counts[i] < threads; k++)
            sum += items[k];
    return 100 * sum / r->seconds;
}

/* `alone`: seconds of one thread. */
static void print_model(const workload *w, const recording *r, int threads, double alone, double per_loop) {
    const char *what = w->training ? "train" : "infer";
    times one = play(r, 1, 0), t = play(r, threads, per_loop);
    double all = t.serial + t.loops + t.overhead;
    print_named(what, "speed", threads, alone / all, "x");
    print_named(what, "loops", threads, r->loop_count, "loops");
    print_named(what, "items", threads, r->item_count, "items");
    print_named(what, "work", threads, 100 * r->seconds / alone, "% of one thread's");
    print_named(what, "serial", threads, 100 * t.serial / all, "% of the time");
    print_named(what, "uneven", threads, 100 * (t.loops - one.loops / threads) / all, "% of the time");
    print_named(what, "overhead", threads, 100 * t.overhead / all, "% of the time");
    print_named(what, "short_loops", threads, share_of_short_loops(r, threads), "% of the work");
    print_named(what, "memory", threads, (double)detector_memory(w->d) / threads / (1 << 20), "MiB a core");
}

static status lay_out(workload *w) {
    TRY(bench_detector(w->e, w->o, NULL, &w->d));
    if (!w->training)
        return STATUS_OK;
    return detector_begin_training(w->d, &(detector_training){.batch_size = w->o->batch,
                                                              .width = w->o->size,
                                                              .height = w->o->size,
                                                              .phase = detector_last_phase(w->d),
                                                              .eta = 0.1});
}

static status model(workload *w, int threads, double *alone, double per_loop) {
    recording r = {0};
    TRY(engine_new(threads, &w->e));
    status result = lay_out(w);
    if (result == STATUS_OK)
        result = record(w, &r);
    if (result == STATUS_OK && threads == 1)
        *alone = r.seconds;
    else if (result == STATUS_OK)
        print_model(w, &r, threads, *alone, per_loop);
    release(&r);
    detector_free(w->d);
    engine_free(w->e);
    w->d = NULL;
    w->e = NULL;
    return result;
}

status bench_scaling(const bench_options *o) {
    empty_loops empty = {.e = o->engine};
    parallel_region(o->engine, run_empty_loops, &empty);
    bench_print("scaling_loop_overhead_us", 1e6 * empty.seconds, "us");
    size_t pixels = (size_t)o->batch * (size_t)o->size * (size_t)o->size;
    workload w = {.o = o, .images = bench_random(pixels), .masks = bench_random(pixels)};
    status result = w.images && w.masks ? STATUS_OK : STATUS_MEMORY;
    for (int training = 0; training < 2; training++) {
        double alone = NAN;
        w.training = training;
        for (int threads = 1; threads <= MOST_THREADS && result == STATUS_OK; threads *= 2)
            result = model(&w, threads, &alone, empty.seconds);
    }
    free(w.images);
    free(w.masks);
    return result;
}
