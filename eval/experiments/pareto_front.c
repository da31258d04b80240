#include "eval/experiments/pareto_front.h"

#include "core/html/html_plot.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/experiments/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct point {
    const char *name;
    double ms, miou, spread; /* means over the seeds */
    bool on_front;
} point;

/* --- the front --- */

static int by_time(const void *a, const void *b) {
    const point *p = a, *q = b;
    return p->ms != q->ms ? (p->ms > q->ms) - (p->ms < q->ms) : (p->miou < q->miou) - (p->miou > q->miou);
}

/* The methods with figures on a data set, from fast to slow. */
static status find_points(const grid *g, int data, point **out, int *count) {
    static const grid_column miou = {.metric = METRIC_miou}, ms = {.kind = COLUMN_MILLISECONDS};
    double best = -INFINITY;
    *count = 0;
    *out = calloc((size_t)g->e->method_count + 1, sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for a Pareto front");
    for (int m = 0; m < g->e->method_count; m++) {
        table_value quality = grid_value(g, m, data, 0, &miou);
        if (!isnan(quality.value))
            (*out)[(*count)++] = (point){.name = g->e->methods[m].name,
                                         .ms = grid_value(g, m, data, 0, &ms).value,
                                         .miou = quality.value,
                                         .spread = quality.spread};
    }
    qsort(*out, (size_t)*count, sizeof **out, by_time);
    for (int i = 0; i < *count; i++) {
        (*out)[i].on_front = (*out)[i].miou > best;
        best = fmax(best, (*out)[i].miou);
    }
    return STATUS_OK;
}

static status note_front(const grid *g, int data, table *t) {
    point *points;
    text_buffer b;
    int count, named = 0;
    TRY(find_points(g, data, &points, &count));
    status result = text_buffer_begin(&b);
    if (result == STATUS_OK) {
        for (int i = 0; i < count; i++)
            if (points[i].on_front)
                fprintf(b.stream, "%s%s (%.3g ms)", named++ ? ", " : "", points[i].name, points[i].ms);
        result = text_buffer_end(&b);
        if (result == STATUS_OK && named)
            result = report_note(t, "No other method is both as fast and as good on %s: %s.", g->e->data[data].title,
                                 b.text);
        text_buffer_free(&b);
    }
    free(points);
    return result;
}

status pareto_front_summarise(const grid *g, table *t) {
    for (int d = 0; d < g->e->data_count; d++)
        TRY(note_front(g, d, t));
    return STATUS_OK;
}

/* --- the picture --- */

enum { FRONT, OTHERS, SERIES, DECADES = 8, TICKS = 3 * DECADES };

/* Times span decades: x is their logarithm, and the ticks say milliseconds. */
typedef struct chart {
    double *numbers; /* x, y and spread of each series, with room for every point */
    const char **names;
    plot_series series[SERIES];
    plot_tick ticks[TICKS];
    char tick_labels[TICKS][16];
} chart;

static void fill_ticks(chart *c) {
    static const double steps[] = {1, 2, 5};
    for (int i = 0; i < TICKS; i++) {
        double ms = steps[i % 3] * pow(10, i / 3 - 2);
        snprintf(c->tick_labels[i], sizeof c->tick_labels[i], "%g", ms);
        c->ticks[i] = (plot_tick){log10(ms), c->tick_labels[i]};
    }
}

static void fill_series(chart *c, int which, const point *points, int count) {
    double *x = c->numbers + (size_t)which * 3 * (size_t)count, *y = x + count, *spread = y + count;
    const char **names = c->names + (size_t)which * (size_t)count;
    int used = 0;
    for (int i = 0; i < count; i++) {
        if (points[i].on_front != (which == FRONT))
            continue;
        x[used] = log10(points[i].ms);
        y[used] = points[i].miou;
        spread[used] = points[i].spread;
        names[used++] = points[i].name;
    }
    c->series[which] = (plot_series){.name = which == FRONT ? "Pareto front" : "slower and no better",
                                     .x = x,
                                     .y = y,
                                     .count = used,
                                     .spread = spread,
                                     .labels = names,
                                     .is_scattered = which != FRONT};
}

static status write_chart(const grid *g, int data, const chart *c, html_page *page) {
    static const plot_range percent = {0, 100};
    static const char *const suffixes[] = {".svg", ".png"};
    char title[256], name[256], path[4096];
    snprintf(title, sizeof title, "mIoU against time on %s", g->e->data[data].title);
    snprintf(name, sizeof name, "pareto.%s", g->e->data[data].name);
    const plot p = {.title = title,
                    .x_label = "time of an image / ms",
                    .y_label = "mIoU / %",
                    .series = c->series,
                    .series_count = SERIES - (c->series[OTHERS].count == 0),
                    .x_ticks = c->ticks,
                    .x_tick_count = TICKS,
                    .y_range = &percent};
    for (int i = 0; i < 2; i++) {
        TRY(path_join(path, g->folder, name, suffixes[i]));
        TRY(plot_write(&p, path));
    }
    html_print_plot(html_page_stream(page), &p);
    return STATUS_OK;
}

static status draw_points(const grid *g, int data, const point *points, int count, html_page *page) {
    chart c = {.numbers = malloc(SERIES * 3 * (size_t)count * sizeof *c.numbers),
               .names = malloc(SERIES * (size_t)count * sizeof *c.names)};
    status result = STATUS_OK;
    if (c.numbers && c.names) {
        fill_ticks(&c);
        for (int which = 0; which < SERIES; which++)
            fill_series(&c, which, points, count);
        result = write_chart(g, data, &c, page);
    } else {
        result = status_fail(STATUS_MEMORY, "out of memory for a plot");
    }
    free(c.numbers);
    free(c.names);
    return result;
}

status pareto_front_draw(const grid *g, const table *t, html_page *page) {
    (void)t; /* its notes name the front */
    html_page_section(page, "mIoU against time");
    for (int d = 0; d < g->e->data_count; d++) {
        point *points;
        int count;
        TRY(find_points(g, d, &points, &count));
        status result = count ? draw_points(g, d, points, count, page) : STATUS_OK;
        free(points);
        TRY(result);
    }
    return STATUS_OK;
}
