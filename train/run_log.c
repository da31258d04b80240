#include "train/run_log.h"

#include "core/base/clock.h"
#include "core/draw/plot.h"
#include "core/html/html_page.h"
#include "core/html/html_plot.h"
#include "core/html/html_text.h"
#include "core/io/file_io.h"
#include "core/log/csv_log.h"
#include "core/log/event_log.h"
#include "eval/report/gallery_panel.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 4, LAST = 3, MOST_COLUMNS = FIRST + DETECTOR_LOSS_PARTS + LAST + 2 * METRICS };
enum { RATE = 2, LOSS }; /* of the first columns */

/* Columns in front of the parts of the loss and behind them. The logged metrics follow, and once more where raw weights
 * are told apart. */
static const char *const first_columns[FIRST] = {"epoch", "step", "learning_rate", "loss"};
static const char *const last_columns[LAST] = {"gradient_norm", "images_per_second", "seconds"};
enum { NORM, SPEED, SECONDS }; /* behind the parts */

struct run_log {
    run_log_options options;
    csv_log *csv;
    event_log *events;
    char curves[4096];
    char raw_names[METRICS][48];
    const char *columns[MOST_COLUMNS];
    int count;
    int of_metric[METRICS], of_raw[METRICS]; /* columns of the logged ones */
    int drawn_rows;                          /* in the picture of the curves */
    double drawn;                            /* when; before that, when the log was opened */
};

static void name_columns(run_log *log, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        log->columns[log->count++] = names[i];
}

static void name_metrics(run_log *log, bool raw) {
    for (int id = 0; id < METRICS; id++) {
        if (!metric_table[id].is_logged)
            continue;
        snprintf(log->raw_names[id], sizeof log->raw_names[id], "raw_%s", metric_table[id].name);
        (raw ? log->of_raw : log->of_metric)[id] = log->count;
        log->columns[log->count++] = raw ? log->raw_names[id] : metric_table[id].name;
    }
}

static status open_files(run_log *log, const char *folder) {
    char csv[4096], events[4096];
    const run_log_options *o = &log->options;
    TRY(path_join(csv, folder, "log", ".csv"));
    TRY(path_join(events, folder, "events.out.tfevents.irst", ""));
    TRY(path_join(log->curves, folder, "curves", ".png"));
    TRY(o->resume ? csv_log_resume(csv, log->columns, log->count, o->last, &log->csv)
                  : csv_log_create(csv, log->columns, log->count, &log->csv));
    return o->resume ? event_log_resume(events, o->last, &log->events) : event_log_create(events, &log->events);
}

status run_log_open(const char *folder, const run_log_options *options, run_log **out) {
    *out = NULL;
    run_log *log = calloc(1, sizeof *log);
    if (!log)
        return status_fail(STATUS_MEMORY, "out of memory for the log of %s", folder ? folder : "a process");
    log->options = *options;
    log->drawn = clock_seconds();
    name_columns(log, first_columns, FIRST);
    for (int i = 0; i < options->parts.count; i++)
        log->columns[log->count++] = log->options.parts.names[i];
    name_columns(log, last_columns, LAST);
    name_metrics(log, false);
    if (options->averages)
        name_metrics(log, true);
    status result = folder ? open_files(log, folder) : STATUS_OK;
    if (result != STATUS_OK) {
        run_log_close(log);
        return result;
    }
    *out = log;
    return STATUS_OK;
}

void run_log_close(run_log *log) {
    if (!log)
        return;
    csv_log_close(log->csv);
    event_log_close(log->events);
    free(log);
}

const run_log_options *run_log_options_of(const run_log *log) {
    return &log->options;
}

int run_log_part(const run_log *log, const char *name) {
    int i = 0;
    while (strcmp(log->options.parts.names[i], name) != 0) {
        i++;
        assert(i < log->options.parts.count);
    }
    return i;
}

/* --- curves --- */

enum {
    PLOTS = 6,
    MOST_SERIES = 1 + DETECTOR_LOSS_PARTS,
    MOST_ROWS = 1000, /* of the table in the page */
    PANEL_SIDE = 128  /* pixels of a picture for TensorBoard, four of which stand side by side */
};

static plot_series series_of(const run_log *log, int column, const char *name, plot_axis axis) {
    return (plot_series){.name = name,
                         .x = csv_log_column(log->csv, 0),
                         .y = csv_log_column(log->csv, column),
                         .count = csv_log_row_count(log->csv),
                         .axis = axis};
}

/* A metric of both kinds of weights, where there are two. */
static plot plot_metric(const run_log *log, metric_id id, plot_series series[2]) {
    const char *label = metric_table[id].label;
    bool both = log->options.averages;
    series[0] = series_of(log, log->of_metric[id], both ? "averaged weights" : label, PLOT_LEFT);
    if (both)
        series[1] = series_of(log, log->of_raw[id], "raw weights", PLOT_LEFT);
    return (plot){.x_label = "epoch", .y_label = label, .series = series, .series_count = 1 + both};
}

/* Two columns, with an axis each. */
static plot plot_two(const run_log *log, int left, const char *left_name, int right, const char *right_name,
                     plot_series series[2]) {
    series[0] = series_of(log, left, left_name, PLOT_LEFT);
    series[1] = series_of(log, right, right_name, PLOT_RIGHT);
    return (plot){
        .x_label = "epoch", .y_label = left_name, .y2_label = right_name, .series = series, .series_count = 2};
}

/* Series belong to the plots, which are valid until the log's next row. */
typedef struct curves {
    plot_series losses[MOST_SERIES], others[PLOTS][2];
    plot plots[PLOTS];
} curves;

/* The total loss and its parts; the metrics; gradient norm and rate; time. */
static void make_curves(const run_log *log, curves *c) {
    const run_log_options *o = &log->options;
    int behind = FIRST + o->parts.count, count = 0;
    c->losses[0] = series_of(log, LOSS, "total", PLOT_LEFT);
    for (int i = 0; i < o->parts.count; i++)
        c->losses[1 + i] = series_of(log, FIRST + i, o->parts.names[i], PLOT_LEFT);
    c->plots[count++] =
        (plot){.x_label = "epoch", .y_label = "training loss", .series = c->losses, .series_count = 1 + o->parts.count};
    c->plots[count++] = plot_metric(log, METRIC_miou, c->others[1]);
    c->plots[count++] = plot_metric(log, METRIC_pd, c->others[2]);
    c->plots[count++] = plot_metric(log, METRIC_fa, c->others[3]);
    c->plots[count++] = plot_two(log, behind + NORM, "gradient norm", RATE, "learning rate", c->others[4]);
    c->plots[count++] = plot_two(log, behind + SECONDS, "seconds an epoch", behind + SPEED,
                                 "images a second in training", c->others[5]);
    assert(count == PLOTS);
}

status run_log_draw(run_log *log) {
    if (!log->csv || log->drawn_rows == csv_log_row_count(log->csv))
        return STATUS_OK;
    curves c;
    make_curves(log, &c);
    TRY(plot_panels_write(c.plots, PLOTS, 2, log->curves));
    log->drawn_rows = csv_log_row_count(log->csv);
    log->drawn = clock_seconds();
    return STATUS_OK;
}

static void print_epochs(const run_log *log, FILE *stream) {
    html_column heads[MOST_COLUMNS];
    int rows = csv_log_row_count(log->csv), first = rows > MOST_ROWS ? rows - MOST_ROWS : 0;
    for (int c = 0; c < log->count; c++)
        heads[c] = (html_column){log->columns[c], NULL, true};
    if (first > 0)
        fprintf(stream, "<p class=\"note\">The last %d epochs.</p>\n", MOST_ROWS);
    html_table_begin(stream, NULL, heads, log->count);
    for (int row = first; row < rows; row++) {
        html_row_begin(stream);
        for (int c = 0; c < log->count; c++) {
            char shown[32] = "–";
            double value = csv_log_column(log->csv, c)[row];
            if (isfinite(value))
                snprintf(shown, sizeof shown, c < RATE ? "%.0f" : "%.5g", value);
            html_cell_number(stream, value, shown);
        }
        html_row_end(stream);
    }
    html_table_end(stream);
}

void run_log_print(const run_log *log, html_page *page) {
    FILE *stream = html_page_stream(page);
    curves c;
    make_curves(log, &c);
    html_page_section(page, "Curves");
    fputs("<div class=\"plots\">\n", stream);
    for (int i = 0; i < PLOTS; i++)
        html_print_plot(stream, &c.plots[i]);
    fputs("</div>\n", stream);
    html_page_section(page, "Epochs");
    print_epochs(log, stream);
}

/* --- pictures --- */

/* The place in the split tells the pictures apart; of the name stays what any program can show. */
static void tag_of(const gallery_scene *scene, char out[160]) {
    snprintf(out, 160, "scenes/%d_%.100s", scene->index, scene->name);
    for (char *c = strchr(out, '/') + 1; *c; c++)
        if (!strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-", *c))
            *c = '_';
}

status run_log_show(run_log *log, int64_t epoch, const gallery_scene *scenes, int count) {
    for (int i = 0; i < count; i++) {
        char tag[160];
        gallery_panel panel;
        tag_of(&scenes[i], tag);
        TRY(gallery_panel_make(&scenes[i], PANEL_SIDE, &panel));
        status result =
            event_log_picture(log->events, tag, epoch, panel.width, panel.height, panel.png.text, panel.png.size);
        gallery_panel_free(&panel);
        TRY(result);
    }
    return STATUS_OK;
}

/* --- rows --- */

static void append(double *values, int *count, const double *more, int length) {
    memcpy(values + *count, more, (size_t)length * sizeof *more);
    *count += length;
}

static void append_metrics(double *values, int *count, const epoch_metrics *m) {
    for (int id = 0; id < METRICS; id++)
        if (metric_table[id].is_logged)
            values[(*count)++] = m->values[id];
}

status run_log_add(run_log *log, const epoch_row *row) {
    double values[MOST_COLUMNS];
    int count = 0;
    if (!log->csv)
        return STATUS_OK;
    append(values, &count, (const double[]){(double)row->epoch, (double)row->step, row->learning_rate}, FIRST - 1);
    append(values, &count, row->losses, 1 + log->options.parts.count);
    append(values, &count, (const double[]){row->gradient_norm, row->images_per_second, row->seconds}, 3);
    append_metrics(values, &count, &row->used);
    if (log->options.averages)
        append_metrics(values, &count, &row->raw);
    TRY(csv_log_row(log->csv, values));
    for (int i = 2; i < count; i++)
        if (!isnan(values[i]))
            TRY(event_log_scalar(log->events, log->columns[i], row->epoch, values[i]));
    return clock_seconds() - log->drawn < RUN_LOG_REDRAW ? STATUS_OK : run_log_draw(log);
}
