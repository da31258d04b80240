#include "eval/experiments/speed_study.h"

#include "core/io/file_io.h"
#include "core/log/progress.h"
#include "core/tensor/kernels.h"
#include "datasets/preprocess.h"
#include "eval/experiments/number_list.h"
#include "eval/experiments/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const config_key speed_keys[] = {
    {"speed.sizes", CONFIG_TEXT, "256 512", 0, 0, NULL, "pixels", "images are resized to size x size, increasing"},
    {"speed.images", CONFIG_INT, "4", 1, 1000, NULL, "", "the first so many of the split, in turn"},
    {"speed.warm", CONFIG_INT, "3", 1, 1000, NULL, "runs", "before the clock is read"},
    {"speed.runs", CONFIG_INT, "40", 1, 100000, NULL, "runs", "timed for each method and size"},
    {"speed.seconds", CONFIG_REAL, "30", 0, 1e6, NULL, "s", "after these and 5 runs a method is not timed further"},
};
const int speed_key_count = sizeof speed_keys / sizeof *speed_keys;

enum { FEWEST_RUNS = 5 };

/* The times of one method at one size. */
typedef struct timing {
    int runs;
    double median, low, high; /* ms; low, high: the first and last tenth end there */
} timing;

typedef struct speed_study {
    const experiment *e;
    number_list sizes;
    int image_count, warm, runs;
    double seconds;
    grey_image *images; /* as stored */
    float **inputs;     /* at the size at hand */
    timing *timings;    /* method by method, size by size */
    int64_t *params;    /* per method */
    double *times;      /* ms, room for one timing */
} speed_study;

/* --- measuring --- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the two nearest of sorted values. */
static double quantile(const double *sorted, int count, double share) {
    double place = share * (count - 1);
    int low = (int)place, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

static status run_once(const speed_study *s, detector *d, int run, int size, double *ms) {
    detector_maps maps;
    double start = clock_seconds();
    status result = detector_run(d, s->inputs[run % s->image_count], size, size, DETAIL_SCORE, &maps);
    *ms = 1e3 * (clock_seconds() - start);
    return result;
}

static status time_method(speed_study *s, detector *d, int size, timing *out) {
    double spent = 0, ms;
    for (int run = 0; run < s->warm; run++)
        TRY(run_once(s, d, run, size, &ms));
    for (out->runs = 0; out->runs < s->runs && (out->runs < FEWEST_RUNS || spent < 1e3 * s->seconds); out->runs++) {
        TRY(run_once(s, d, out->runs, size, &s->times[out->runs]));
        spent += s->times[out->runs];
    }
    qsort(s->times, (size_t)out->runs, sizeof *s->times, by_value);
    out->median = quantile(s->times, out->runs, 0.5);
    out->low = quantile(s->times, out->runs, 0.1);
    out->high = quantile(s->times, out->runs, 0.9);
    return STATUS_OK;
}

static status open_detector(const speed_study *s, int method, detector **out) {
    const experiment_method *m = &s->e->methods[method];
    const char *checkpoint = experiment_checkpoint(s->e, method, 0);
    return checkpoint ? experiment_detector(s->e, method, checkpoint, out)
                      : detector_new(s->e->engine, m->options, 1, out);
}

static status time_methods(speed_study *s, int size_index) {
    const experiment *e = s->e;
    int size = (int)s->sizes.values[size_index];
    for (int m = 0; m < e->method_count; m++) {
        timing *t = &s->timings[m * s->sizes.count + size_index];
        detector *d;
        TRY(open_detector(s, m, &d));
        s->params[m] = parameter_count_trained(detector_parameters(d));
        status result = time_method(s, d, size, t);
        detector_free(d);
        if (result != STATUS_OK)
            return status_prefix(result, "%s at %d x %d", e->methods[m].name, size, size);
        printf("timed %s at %d x %d: %.1f ms\n", e->methods[m].name, size, size, t->median);
        fflush(stdout);
    }
    return STATUS_OK;
}

static status prepare_inputs(speed_study *s, int size) {
    for (int i = 0; i < s->image_count; i++) {
        grey_image resized;
        free(s->inputs[i]);
        s->inputs[i] = malloc((size_t)size * (size_t)size * sizeof **s->inputs);
        if (!s->inputs[i])
            return status_fail(STATUS_MEMORY, "out of memory for an image of %d x %d", size, size);
        TRY(grey_image_resize_bilinear(&s->images[i], size, size, &resized));
        image_to_unit(&resized, s->inputs[i]);
        grey_image_free(&resized);
    }
    return STATUS_OK;
}

static status read_images(speed_study *s) {
    const experiment_data *data = &s->e->data[0];
    dataset *set;
    TRY(dataset_open(data->root, data->split, &set));
    if (dataset_count(set) < s->image_count)
        s->image_count = dataset_count(set);
    status result = STATUS_OK;
    for (int i = 0; i < s->image_count && result == STATUS_OK; i++)
        result = dataset_read(set, i, MASK_SIZE_MAY_DIFFER, &s->images[i], NULL);
    dataset_close(set);
    return result;
}

/* --- reporting --- */

static void processor_name(char out[128]) {
    char line[256];
    snprintf(out, 128, "an unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", out) == 1)
            break;
    if (file)
        fclose(file);
}

static status add_conditions(const speed_study *s, table *t) {
    char processor[128], text[512];
    processor_name(processor);
    snprintf(text, sizeof text,
             "Median wall time of one image, score map only, on %d thread%s of %s (kernels: %s). %d images of %s in "
             "turn, %d runs to warm up, then at most %d timed ones.",
             engine_threads(s->e->engine), engine_threads(s->e->engine) == 1 ? "" : "s", processor,
             engine_kernels(s->e->engine)->name, s->image_count, s->e->data[0].name, s->warm, s->runs);
    return name_list_add(&t->notes, text);
}

static status fill_table(const speed_study *s, table *t) {
    for (int m = 0; m < s->e->method_count; m++) {
        table_row row = {.section = s->e->data[0].name, .seeds = 1};
        snprintf(row.label, sizeof row.label, "%s", s->e->methods[m].name);
        row.values[0] = (table_value){s->params[m] > 0 ? (double)s->params[m] / 1e6 : NAN, NAN, NAN};
        for (int i = 0; i < s->sizes.count; i++)
            row.values[1 + i] = (table_value){s->timings[m * s->sizes.count + i].median, NAN, NAN};
        TRY(table_add_row(t, &row));
    }
    return add_conditions(s, t);
}

static status write_table(const speed_study *s, const char *folder) {
    char labels[TABLE_COLUMNS][32], keys[TABLE_COLUMNS][32];
    table_column columns[TABLE_COLUMNS] = {{"#params", "M", "params_million", 3, false}};
    for (int i = 0; i < s->sizes.count; i++) {
        int size = (int)s->sizes.values[i];
        snprintf(labels[i], sizeof labels[i], "%d x %d", size, size);
        snprintf(keys[i], sizeof keys[i], "ms_%d", size);
        columns[1 + i] = (table_column){labels[i], "ms", keys[i], 1, false};
    }
    table t = {
        .title = "Time of an image", .row_label = "method", .columns = columns, .column_count = 1 + s->sizes.count};
    status result = fill_table(s, &t);
    if (result == STATUS_OK)
        result = table_write(&t, folder, "speed");
    if (result == STATUS_OK) {
        table_print_markdown(&t, stdout);
        printf("\n%s\n\nalso in %s/speed.md, with .csv and .tex beside it\n", t.notes.names[0], folder);
    }
    table_free(&t);
    return result;
}

static void print_runs(const speed_study *s, FILE *stream) {
    char processor[128];
    processor_name(processor);
    fprintf(stream, "method,params,size,threads,runs,median_ms,tenth_ms,ninetieth_ms,kernels,processor\n");
    for (int m = 0; m < s->e->method_count; m++)
        for (int i = 0; i < s->sizes.count; i++) {
            const timing *t = &s->timings[m * s->sizes.count + i];
            fprintf(stream, "%s,%" PRId64 ",%.0f,%d,%d,%.6g,%.6g,%.6g,%s,\"%s\"\n", s->e->methods[m].name, s->params[m],
                    s->sizes.values[i], engine_threads(s->e->engine), t->runs, t->median, t->low, t->high,
                    engine_kernels(s->e->engine)->name, processor);
        }
}

static status write_runs(const speed_study *s, const char *folder) {
    char path[4096], *text = NULL;
    size_t size = 0;
    TRY(path_join(path, folder, "speed_runs.csv", ""));
    FILE *stream = open_memstream(&text, &size);
    if (stream)
        print_runs(s, stream);
    status result = stream && fclose(stream) == 0 ? file_write(path, text, size)
                                                  : status_fail(STATUS_MEMORY, "out of memory for %s", path);
    free(text);
    return result;
}

/* --- the whole --- */

static status read_sizes(speed_study *s) {
    const char *text = config_text(s->e->c, "speed.sizes");
    TRY(number_list_read("speed.sizes", text, NUMBERS_WHOLE, 1, 32768, &s->sizes));
    if (s->sizes.count < 1 || s->sizes.count > TABLE_COLUMNS - 1)
        return status_fail(STATUS_USAGE, "speed.sizes: expected 1 to %d sizes", TABLE_COLUMNS - 1);
    return STATUS_OK;
}

status speed_study_check(const experiment *e) {
    speed_study s = {.e = e};
    return read_sizes(&s);
}

static status read_study(speed_study *s) {
    const config *c = s->e->c;
    TRY(read_sizes(s));
    s->image_count = (int)config_int(c, "speed.images");
    s->warm = (int)config_int(c, "speed.warm");
    s->runs = (int)config_int(c, "speed.runs");
    s->seconds = config_real(c, "speed.seconds");
    size_t methods = (size_t)s->e->method_count;
    s->images = calloc((size_t)s->image_count, sizeof *s->images);
    s->inputs = calloc((size_t)s->image_count, sizeof *s->inputs);
    s->timings = calloc(methods * (size_t)s->sizes.count, sizeof *s->timings);
    s->params = calloc(methods, sizeof *s->params);
    s->times = calloc((size_t)s->runs, sizeof *s->times);
    if (!s->images || !s->inputs || !s->timings || !s->params || !s->times)
        return status_fail(STATUS_MEMORY, "out of memory for %d timed runs", s->runs);
    return read_images(s);
}

static void free_study(speed_study *s) {
    for (int i = 0; i < s->image_count; i++) {
        if (s->images)
            grey_image_free(&s->images[i]);
        if (s->inputs)
            free(s->inputs[i]);
    }
    free(s->images);
    free(s->inputs);
    free(s->timings);
    free(s->params);
    free(s->times);
}

status speed_study_write(const experiment *e, const char *folder) {
    speed_study s = {.e = e};
    status result = read_study(&s);
    for (int i = 0; i < s.sizes.count && result == STATUS_OK; i++) {
        result = prepare_inputs(&s, (int)s.sizes.values[i]);
        if (result == STATUS_OK)
            result = time_methods(&s, i);
    }
    if (result == STATUS_OK)
        result = write_table(&s, folder);
    if (result == STATUS_OK)
        result = write_runs(&s, folder);
    free_study(&s);
    return result;
}
