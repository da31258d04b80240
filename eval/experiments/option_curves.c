#include "eval/experiments/option_curves.h"

#include "core/html/html_plot.h"
#include "core/io/file_io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const grid_column option_columns[OPTION_COLUMNS] = {
    {.kind = COLUMN_PARAMS, .decimals = 4, .judged = true, .published = 1},
    {.metric = METRIC_miou, .judged = true, .published = 1},
    {.metric = METRIC_f1, .judged = true, .published = 2},
};

status option_label(const option_curves *curves, const experiment_method *m, char out[64]) {
    const char *group = curves->group_key;
    if (!config_is_declared(m->options, curves->x_key) || (group && !config_is_declared(m->options, group)))
        return status_fail(STATUS_USAGE, "methods.%s: %s has no %s to vary", m->name, m->method, curves->varies);
    snprintf(out, 64, "%s%s%s", group ? config_value(m->options, group) : "", group ? "x" : "",
             config_value(m->options, curves->x_key));
    return STATUS_OK;
}

/* Every series has a place for each method, NaN where the method is not on it: such points are not drawn. */
typedef struct chart {
    const grid *g;
    const table *t;
    const option_curves *curves;
    double *x;        /* of each method */
    plot_tick *ticks; /* at every value of x: the methods have no others */
    int tick_count;
    double *y;           /* series by series, of each method the value, then the spread of each */
    char (*names)[160];  /* of the series */
    plot_series *series; /* two for each data set and group, if they have points */
    int count;
} chart;

static const char *option(const grid *g, int method, const char *key) {
    return config_value(g->e->methods[method].options, key);
}

static const char *group_of(const chart *c, int method) {
    return c->curves->group_key ? option(c->g, method, c->curves->group_key) : "";
}

static bool begins_group(const chart *c, int method) {
    for (int i = 0; i < method; i++)
        if (strcmp(group_of(c, i), group_of(c, method)) == 0)
            return false;
    return true;
}

static table_value miou_of(const chart *c, int data, int method) {
    int column = 0;
    while (strcmp(c->t->columns[column].label, metric_table[METRIC_miou].label) != 0)
        column++;
    return c->t->rows[data * c->g->e->method_count + method].values[column];
}

/* Adds the series of a data set and the group that `first` begins, unless it has no point. */
static void add_series(chart *c, int data, int first, bool is_published) {
    const experiment_data *d = &c->g->e->data[data];
    int methods = c->g->e->method_count, points = 0;
    double *y = c->y + 2 * (size_t)c->count * (size_t)methods, *spread = y + methods;
    for (int m = 0; m < methods; m++) {
        bool here = strcmp(group_of(c, m), group_of(c, first)) == 0;
        table_value v = miou_of(c, data, m);
        y[m] = !here ? NAN : is_published ? v.published : v.value;
        spread[m] = is_published ? NAN : v.spread;
        points += !isnan(y[m]);
    }
    if (points == 0)
        return;
    char *name = c->names[c->count];
    size_t size = sizeof c->names[0];
    if (c->curves->group_key)
        snprintf(name, size, "%s, %s = %s%s", is_published ? d->published : d->title, c->curves->group_label,
                 group_of(c, first), is_published ? ", published" : "");
    else
        snprintf(name, size, "%s%s", is_published ? d->published : d->title, is_published ? ", published" : "");
    c->series[c->count++] = (plot_series){.name = name, .x = c->x, .y = y, .count = methods, .spread = spread};
}

static bool has_tick(const chart *c, double value) {
    for (int i = 0; i < c->tick_count; i++)
        if (c->ticks[i].value == value)
            return true;
    return false;
}

static void fill(chart *c) {
    for (int m = 0; m < c->g->e->method_count; m++) {
        const char *label = option(c->g, m, c->curves->x_key);
        c->x[m] = atof(label);
        if (!has_tick(c, c->x[m]))
            c->ticks[c->tick_count++] = (plot_tick){c->x[m], label};
    }
    for (int d = 0; d < c->g->e->data_count; d++)
        for (int m = 0; m < c->g->e->method_count; m++)
            if (begins_group(c, m)) {
                add_series(c, d, m, false);
                add_series(c, d, m, true);
            }
}

static status draw(const chart *c, html_page *page) {
    static const plot_range percent = {0, 100};
    char path[4096];
    plot p = {.title = c->curves->title,
              .x_label = c->curves->x_label,
              .y_label = "mIoU / %",
              .series = c->series,
              .series_count = c->count,
              .x_ticks = c->ticks,
              .x_tick_count = c->tick_count,
              .y_range = &percent};
    TRY(path_join(path, c->g->folder, c->g->kind->file, ".svg"));
    TRY(plot_write(&p, path));
    html_page_section(page, "Curves");
    html_print_plot(html_page_stream(page), &p);
    TRY(path_join(path, c->g->folder, c->g->kind->file, ".png"));
    return plot_write(&p, path);
}

status option_curves_draw(const grid *g, const table *t, const option_curves *curves, html_page *page) {
    size_t methods = (size_t)g->e->method_count, most = 2 * methods * (size_t)g->e->data_count;
    chart c = {.g = g,
               .t = t,
               .curves = curves,
               .x = malloc(methods * sizeof *c.x),
               .ticks = malloc(methods * sizeof *c.ticks),
               .y = malloc(2 * most * methods * sizeof *c.y),
               .names = malloc(most * sizeof *c.names),
               .series = malloc(most * sizeof *c.series)};
    status result = STATUS_OK;
    if (c.x && c.ticks && c.y && c.names && c.series) {
        fill(&c);
        result = draw(&c, page);
    } else {
        result = status_fail(STATUS_MEMORY, "out of memory for a plot");
    }
    free(c.x);
    free(c.ticks);
    free(c.y);
    free(c.names);
    free(c.series);
    return result;
}
