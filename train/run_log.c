#include "train/run_log.h"

#include "core/csv_log.h"
#include "core/event_log.h"
#include "core/file_io.h"
#include "core/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Columns in front of the losses and behind them. */
static const char *const first_columns[] = {"epoch", "step", "learning_rate", "loss"};
static const char *const last_columns[] = {"images_per_second", "miou", "niou", "f1", "pd", "fa"};
enum { FIRST = 4, LAST = 6, MOST_COLUMNS = FIRST + DETECTOR_LOSS_PARTS + LAST, LOSS_COLUMN = 3 };

struct run_log {
    csv_log *csv;
    event_log *events;
    char curves[4096];
    const char *columns[MOST_COLUMNS];
    int parts, count;
};

static void name_columns(run_log *log, const detector *d) {
    log->parts = detector_loss_part_count(d);
    for (int i = 0; i < FIRST; i++)
        log->columns[log->count++] = first_columns[i];
    for (int i = 0; i < log->parts; i++)
        log->columns[log->count++] = detector_loss_part_name(d, i);
    for (int i = 0; i < LAST; i++)
        log->columns[log->count++] = last_columns[i];
}

static status open_files(run_log *log, const char *folder, bool resume, int64_t last) {
    char csv[4096], events[4096];
    TRY(path_join(csv, folder, "log", ".csv"));
    TRY(path_join(events, folder, "events.out.tfevents.irst", ""));
    TRY(path_join(log->curves, folder, "curves", ".png"));
    TRY(resume ? csv_log_resume(csv, log->columns, log->count, last, &log->csv)
               : csv_log_create(csv, log->columns, log->count, &log->csv));
    return resume ? event_log_resume(events, last, &log->events) : event_log_create(events, &log->events);
}

status run_log_open(const char *folder, const detector *d, bool resume, int64_t last, run_log **out) {
    *out = NULL;
    run_log *log = calloc(1, sizeof *log);
    if (!log)
        return status_fail(STATUS_MEMORY, "out of memory for the log of %s", folder);
    name_columns(log, d);
    status result = open_files(log, folder, resume, last);
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

static status draw(const run_log *log) {
    int rows = csv_log_row_count(log->csv), miou = FIRST + log->parts + 1;
    const double *epoch = csv_log_column(log->csv, 0);
    plot_series series[] = {
        {"training loss", epoch, csv_log_column(log->csv, LOSS_COLUMN), rows, PLOT_LEFT, NULL},
        {"mIoU on the test split", epoch, csv_log_column(log->csv, miou), rows, PLOT_RIGHT, NULL},
    };
    plot p = {.x_label = "epoch", .y_label = "loss", .y2_label = "mIoU", .series = series, .series_count = 2};
    return plot_write(&p, log->curves);
}

status run_log_add(run_log *log, const epoch_row *row) {
    double values[MOST_COLUMNS] = {(double)row->epoch, (double)row->step, row->learning_rate};
    int count = FIRST - 1;
    for (int i = 0; i <= log->parts; i++)
        values[count++] = row->losses[i];
    const double rest[LAST] = {row->images_per_second, row->miou, row->niou, row->f1, row->pd, row->fa};
    for (int i = 0; i < LAST; i++)
        values[count++] = rest[i];
    TRY(csv_log_row(log->csv, values));
    for (int i = 2; i < count; i++)
        if (!isnan(values[i]))
            TRY(event_log_scalar(log->events, log->columns[i], row->epoch, values[i]));
    return draw(log);
}
