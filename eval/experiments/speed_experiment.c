#include "eval/experiments/speed_experiment.h"

#include "core/base/clock.h"
#include "core/base/processors.h"
#include "core/io/file_io.h"
#include "core/io/image.h"
#include "core/io/text_buffer.h"
#include "core/tensor/kernels.h"
#include "eval/experiments/number_list.h"
#include "eval/experiments/report.h"
#include "eval/measure/quantile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const config_key speed_keys[] = {
    {"speed.sizes", CONFIG_TEXT, "256 512", 0, 0, NULL, "pixels", "images are resized to size x size, increasing"},
    {"speed.images", CONFIG_INT, "4", 1, 1000, NULL, "", "images of the split, the first ones, in turn"},
    {"speed.warm", CONFIG_INT, "3", 1, 1000, NULL, "runs", "before the clock is read"},
    {"speed.runs", CONFIG_INT, "40", 1, 100000, NULL, "runs", "timed for each method and size"},
    {"speed.seconds", CONFIG_REAL, "30", 0, 1e6, NULL, "s", "after these and 5 runs a method is not timed further"},
};
const int speed_key_count = sizeof speed_keys / sizeof *speed_keys;

enum { FEWEST_RUNS = 5 };

/* --- conditions --- */

static status read_sizes(const experiment *e, number_list *out) {
    TRY(number_list_read("speed.sizes", config_text(e->c, "speed.sizes"), NUMBERS_WHOLE, 1, IMAGE_LARGEST_SIDE, out));
    return out->count >= 1 && out->count < TABLE_COLUMNS
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "speed.sizes: expected 1 to %d sizes", TABLE_COLUMNS - 1);
}

status speed_check(const experiment *e) {
    number_list sizes;
    return read_sizes(e, &sizes);
}

status speed_conditions(grid *g) {
    number_list sizes;
    TRY(read_sizes(g->e, &sizes));
    for (int i = 0; i < sizes.count; i++) {
        grid_condition c = {.value = sizes.values[i], .draws = 1};
        snprintf(c.label, sizeof c.label, "%.0f", c.value);
        TRY(grid_add_condition(g, &c));
    }
    return STATUS_OK;
}

void speed_name(const grid *g, const grid_place *at, char file[128], char key[256]) {
    double size = g->conditions[at->condition].value;
    snprintf(file, 128, ".%.0f", size);
    snprintf(key, 256, "; time at %.0f x %.0f", size, size);
}

/* --- measuring --- */

/* The first images of the set at one size, and room for the times. */
typedef struct inputs {
    sample *samples;
    double *ms;
    int count;
} inputs;

static int image_count(const experiment *e, const dataset *set) {
    int wanted = (int)config_int(e->c, "speed.images");
    return dataset_count(set) < wanted ? dataset_count(set) : wanted;
}

static status read_inputs(const experiment *e, const dataset *set, int size, inputs *in) {
    int images = image_count(e, set);
    in->samples = calloc((size_t)images, sizeof *in->samples);
    in->ms = calloc((size_t)config_int(e->c, "speed.runs"), sizeof *in->ms);
    if (!in->samples || !in->ms)
        return status_fail(STATUS_MEMORY, "out of memory for timed runs");
    for (in->count = 0; in->count < images; in->count++)
        TRY(sample_read(set, in->count, &(sample_options){.size = size}, &in->samples[in->count]));
    return STATUS_OK;
}

static status run_once(detector *d, const inputs *in, int run, double *ms) {
    const sample *s = &in->samples[run % in->count];
    detector_maps maps;
    double start = clock_seconds();
    status result = detector_run(d, s->image, s->width, s->height, DETAIL_SCORE, &maps);
    *ms = 1e3 * (clock_seconds() - start);
    return result;
}

static status time_runs(const experiment *e, detector *d, const inputs *in, cell *out) {
    int runs = (int)config_int(e->c, "speed.runs"), warm = (int)config_int(e->c, "speed.warm"), count = 0;
    double most = 1e3 * config_real(e->c, "speed.seconds"), spent = 0, ms;
    for (int run = 0; run < warm; run++)
        TRY(run_once(d, in, run, &ms));
    for (; count < runs && (count < FEWEST_RUNS || spent < most); count++) {
        TRY(run_once(d, in, count, &in->ms[count]));
        spent += in->ms[count];
    }
    quantile_sort(in->ms, count);
    out->runs = count;
    out->ms_image = quantile(in->ms, count, 0.5);
    out->ms_low = quantile(in->ms, count, 0.1);
    out->ms_high = quantile(in->ms, count, 0.9);
    return STATUS_OK;
}

status speed_measure(const grid *g, const grid_place *at, detector *d, const dataset *set, cell *out) {
    inputs in = {.count = 0};
    status result = read_inputs(g->e, set, (int)g->conditions[at->condition].value, &in);
    if (result == STATUS_OK)
        result = time_runs(g->e, d, &in, out);
    for (int i = 0; i < in.count; i++)
        sample_free(&in.samples[i]);
    free(in.samples);
    free(in.ms);
    return result;
}

/* --- reporting --- */

status speed_summarise(const grid *g, table *t) {
    const experiment *e = g->e;
    char processor[PROCESSOR_NAME];
    int threads = engine_threads(e->engine);
    processor_name("", processor);
    return report_note(
        t,
        "Median wall time of one image, score map only, on %d thread%s of %s (kernels: %s). At most %lld "
        "images of %s in turn, %lld runs to warm up, then at most %lld timed ones.",
        threads, threads == 1 ? "" : "s", processor, engine_kernels(e->engine)->name,
        (long long)config_int(e->c, "speed.images"), e->data_count > 1 ? "each data set" : e->data[0].name,
        (long long)config_int(e->c, "speed.warm"), (long long)config_int(e->c, "speed.runs"));
}

static void print_runs(const grid *g, FILE *stream) {
    const experiment *e = g->e;
    char processor[PROCESSOR_NAME];
    processor_name("", processor);
    fprintf(stream, "method,params,size,threads,runs,median_ms,tenth_ms,ninetieth_ms,kernels,processor\n");
    for (int d = 0; d < e->data_count; d++)
        for (int m = 0; m < e->method_count; m++)
            for (int c = 0; c < g->condition_count; c++) {
                const cell *t = grid_cell(g, m, d, c, 0);
                fprintf(stream, "%s,%" PRId64 ",%.0f,%d,%" PRId64 ",%.6g,%.6g,%.6g,%s,\"%s\"\n", e->methods[m].name,
                        t->params, g->conditions[c].value, engine_threads(e->engine), t->runs, t->ms_image, t->ms_low,
                        t->ms_high, engine_kernels(e->engine)->name, processor);
            }
}

status speed_runs_write(const grid *g, const table *t, struct html_page *page) {
    char path[4096];
    text_buffer b;
    (void)t;
    (void)page; /* the table says it all */
    TRY(path_join(path, g->folder, "speed_runs.csv", ""));
    TRY(text_buffer_begin(&b));
    print_runs(g, b.stream);
    return text_buffer_save(&b, path);
}
