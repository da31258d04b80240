#include "eval/figures/convergence_figure.h"

#include "core/base/utf8.h"
#include "core/draw/plot.h"
#include "core/html/html_plot.h"
#include "core/html/html_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/measure/metric_table.h"

#include <math.h>
#include <stdlib.h>

/* --- table --- */

static void print_number(FILE *stream, double value) {
    if (isfinite(value))
        fprintf(stream, ",%.6g", value);
    else
        fputc(',', stream);
}

static void print_step(FILE *stream, const named_convergence *m, int k) {
    static const metric_id figures[] = {METRIC_miou, METRIC_pd, METRIC_fa};
    const convergence *c = &m->curve;
    fprintf(stream, "%s,%d,%s", m->name, k + 1,
            c->trained == 0  ? "iteration"
            : k < c->trained ? "trained"
                             : "repeated");
    print_number(stream, c->residual[k]);
    for (int p = 0; p < CONVERGENCE_PARTS; p++)
        print_number(stream, c->trained > 0 ? c->change[p][k] : NAN);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        print_number(stream, c->trained > 0 ? metric_value(figures[i], &c->counts[k]) : NAN);
    fputc('\n', stream);
}

static status write_csv(const named_convergence *methods, int count, const char *path) {
    text_buffer b;
    TRY(text_buffer_begin(&b));
    fprintf(b.stream, "method,step,kind,residual,change_b,change_t,change_n,miou,pd,fa\n");
    for (int m = 0; m < count; m++)
        for (int k = 0; k < methods[m].curve.steps; k++)
            print_step(b.stream, &methods[m], k);
    return text_buffer_save(&b, path);
}

/* --- charts --- */

enum { CHARTS = 4, PARTS = CONVERGENCE_PARTS };

typedef struct line {
    char name[96];
    double x[DETECTOR_RESIDUALS], y[DETECTOR_RESIDUALS];
} line;

typedef struct charts {
    plot plots[CHARTS];
    int count;
    line *lines; /* of all charts */
    plot_series *series;
    int line_count;
} charts;

static double decades(double value) {
    return value > 0 ? log10(value) : NAN;
}

/* A line of `steps` points in the chart that is being made; `part`: NULL, or what follows the method's name. */
static line *add_line(charts *c, const named_convergence *m, const char *part, int steps) {
    line *l = &c->lines[c->line_count];
    snprintf(l->name, sizeof l->name, "%.*s%s%s", utf8_cut(m->name, 80), m->name, part ? ", " : "", part ? part : "");
    for (int k = 0; k < steps; k++)
        l->x[k] = k + 1;
    c->series[c->line_count++] = (plot_series){.name = l->name, .x = l->x, .y = l->y, .count = steps};
    return l;
}

/* Those of the lines from `first` on make a chart, if there are any. */
static void end_chart(charts *c, int first, const char *x_label, const char *y_label) {
    static const plot_range any = {-INFINITY, INFINITY};
    if (c->line_count > first)
        c->plots[c->count++] = (plot){.x_label = x_label,
                                      .y_label = y_label,
                                      .series = &c->series[first],
                                      .series_count = c->line_count - first,
                                      .y_range = &any};
}

static void draw_residuals(charts *c, const named_convergence *methods, int count, bool iterations) {
    int first = c->line_count;
    for (int m = 0; m < count; m++) {
        const convergence *curve = &methods[m].curve;
        if ((curve->trained == 0) != iterations)
            continue;
        line *l = add_line(c, &methods[m], NULL, curve->steps);
        for (int k = 0; k < curve->steps; k++)
            l->y[k] = decades(curve->residual[k]);
    }
    end_chart(c, first, iterations ? "iteration" : "stage",
              iterations ? "log10 of ||D - B - T|| / ||D||" : "log10 of ||D - B - T - N|| / ||D||");
}

static void draw_changes(charts *c, const named_convergence *methods, int count) {
    int first = c->line_count;
    for (int m = 0; m < count; m++)
        for (int p = 0; p < PARTS && methods[m].curve.trained > 0; p++) {
            const convergence *curve = &methods[m].curve;
            if (curve->steps < 2 || isnan(curve->change[p][1]))
                continue;
            line *l = add_line(c, &methods[m], convergence_parts[p], curve->steps);
            for (int k = 0; k < curve->steps; k++)
                l->y[k] = decades(curve->change[p][k]);
        }
    end_chart(c, first, "stage", "log10 of ||change|| / ||D||");
}

static void draw_scores(charts *c, const named_convergence *methods, int count) {
    int first = c->line_count;
    for (int m = 0; m < count; m++) {
        const convergence *curve = &methods[m].curve;
        if (curve->trained == 0)
            continue;
        line *l = add_line(c, &methods[m], NULL, curve->steps);
        for (int k = 0; k < curve->steps; k++)
            l->y[k] = metric_shown(METRIC_miou, &curve->counts[k]);
    }
    end_chart(c, first, "stage", "mIoU of T [%]");
}

static status make_charts(const named_convergence *methods, int count, charts *out) {
    size_t most = (size_t)count * (3 + PARTS);
    *out = (charts){.lines = malloc(most * sizeof *out->lines), .series = malloc(most * sizeof *out->series)};
    if (!out->lines || !out->series) {
        free(out->lines);
        free(out->series);
        return status_fail(STATUS_MEMORY, "out of memory for the charts of %d methods", count);
    }
    draw_residuals(out, methods, count, false);
    draw_changes(out, methods, count);
    draw_scores(out, methods, count);
    draw_residuals(out, methods, count, true);
    return STATUS_OK;
}

static void free_charts(charts *c) {
    free(c->lines);
    free(c->series);
}

status convergence_figure_write(const char *title, const named_convergence *methods, int count, const char *folder,
                                const char *name) {
    static const char *const suffixes[] = {".png", ".svg"};
    char path[4096];
    charts c;
    TRY(path_join(path, folder, name, ".csv"));
    TRY(write_csv(methods, count, path));
    TRY(make_charts(methods, count, &c));
    if (c.count > 0)
        c.plots[0].title = title;
    status result = STATUS_OK;
    for (int i = 0; i < 2 && result == STATUS_OK; i++) {
        result = path_join(path, folder, name, suffixes[i]);
        if (result == STATUS_OK)
            result = plot_panels_write(c.plots, c.count, c.count > 1 ? 2 : 1, path);
    }
    free_charts(&c);
    return result;
}

status convergence_figure_print(const char *title, const named_convergence *methods, int count, FILE *page) {
    charts c;
    TRY(make_charts(methods, count, &c));
    fputs("<h3>", page);
    html_print_text(page, title);
    fputs("</h3>\n<div class=\"plots\">\n", page);
    for (int i = 0; i < c.count; i++)
        html_print_plot(page, &c.plots[i]);
    fputs("</div>\n", page);
    free_charts(&c);
    return STATUS_OK;
}
