/* Every seed of a noise experiment, and its figures over the level. */
#include "core/html/html_page.h"
#include "core/html/html_plot.h"
#include "core/html/html_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/experiments/number_list.h"
#include "eval/experiments/sweep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- every seed --- */

/* One cell; without noise it has no seed of it, and without a training none of that. */
static void print_cell(const grid *g, const grid_place *at, const metrics *m, FILE *stream) {
    static const metric_id figures[] = {METRIC_miou, METRIC_niou, METRIC_f1, METRIC_pd, METRIC_fa, METRIC_auc};
    const grid_condition *c = &g->conditions[at->condition];
    fprintf(stream, "%s,%s,%s,%g,", g->e->data[at->data].name, g->e->methods[at->method].name,
            noise_kind_names[c->kind], c->value);
    if (c->value > 0)
        fprintf(stream, "%" PRIu64, noise_of(g->e, c, at->draw).seed);
    putc(',', stream);
    if (sweep_trains(g->e, at->method, at->data))
        fprintf(stream, "%" PRId64, g->e->seeds[at->training]);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        fprintf(stream, ",%.9g", metric_value(figures[i], m));
    fprintf(stream, ",%" PRId64 "\n", m->images);
}

static void print_seeds(const grid *g, FILE *stream) {
    fprintf(stream, "dataset,method,noise,level,seed,training_seed,miou,niou,f1,pd,fa,auc,images\n");
    for (int data = 0; data < g->e->data_count; data++)
        for (int method = 0; method < g->e->method_count; method++)
            for (int c = 0; c < g->condition_count; c++)
                for (int i = 0; i < grid_count(g, method, data, c); i++)
                    print_cell(g, grid_place_of(g, method, data, c, i), &grid_cell(g, method, data, c, i)->counts,
                               stream);
}

static status write_seeds(const grid *g) {
    char path[4096];
    text_buffer b;
    TRY(path_join(path, g->folder, "noise_seeds.csv", ""));
    TRY(text_buffer_begin(&b));
    print_seeds(g, b.stream);
    return text_buffer_save(&b, path);
}

/* --- curves --- */

enum { CHARTS = 4 };
static const plot_range percent = {0, 100}, positive = {0, INFINITY};
static const grid_column charts[CHARTS] = {
    {.metric = METRIC_miou}, {.metric = METRIC_f1}, {.metric = METRIC_pd}, {.metric = METRIC_fa}};

typedef struct curve {
    double y[MOST_NUMBERS], spread[MOST_NUMBERS];
} curve;

/* What one picture needs, of the conditions first .. end - 1: a curve and a series for each chart and method. */
typedef struct picture {
    int data, first, end;
    char y_labels[CHARTS][32];
    double x[MOST_NUMBERS];
    plot_tick ticks[MOST_NUMBERS];
    plot plots[CHARTS];
    curve *curves;
    plot_series *series;
} picture;

static void fill_chart(const grid *g, int chart, picture *p) {
    int methods = g->e->method_count, levels = p->end - p->first;
    const metric *what = &metric_table[charts[chart].metric];
    for (int m = 0; m < methods; m++) {
        curve *c = &p->curves[chart * methods + m];
        for (int level = 0; level < levels; level++) {
            table_value v = grid_value(g, m, p->data, p->first + level, &charts[chart]);
            c->y[level] = v.value;
            c->spread[level] = v.spread;
        }
        p->series[chart * methods + m] =
            (plot_series){.name = g->e->methods[m].name, .x = p->x, .y = c->y, .count = levels, .spread = c->spread};
    }
    snprintf(p->y_labels[chart], sizeof p->y_labels[chart], "%s [%s]", what->label, metric_unit_name(what->unit));
    p->plots[chart] = (plot){.x_label = noise_unit((noise_kind)g->conditions[p->first].kind),
                             .y_label = p->y_labels[chart],
                             .series = &p->series[chart * methods],
                             .series_count = methods,
                             .x_ticks = p->ticks,
                             .x_tick_count = levels,
                             .y_range = metric_is_error(charts[chart].metric) ? &positive : &percent};
}

/* Levels stand side by side at equal distances: they span decades, and one of them is 0. */
static void fill_picture(const grid *g, picture *p) {
    for (int level = 0; level < p->end - p->first; level++) {
        p->x[level] = level;
        p->ticks[level] = (plot_tick){level, g->conditions[p->first + level].label};
    }
    for (int chart = 0; chart < CHARTS; chart++)
        fill_chart(g, chart, p);
}

static void print_picture(const picture *p, const char *title, FILE *stream) {
    fputs("<h3>", stream);
    html_print_text(stream, title);
    fputs("</h3>\n<div class=\"plots\">\n", stream);
    for (int chart = 0; chart < CHARTS; chart++)
        html_print_plot(stream, &p->plots[chart]);
    fputs("</div>\n", stream);
}

static status write_picture(const grid *g, const picture *p, html_page *page) {
    static const char *const suffixes[] = {".png", ".svg"};
    int kind = g->conditions[p->first].kind;
    char title[256], name[256], path[4096];
    snprintf(title, sizeof title, "%s on %s", noise_title((noise_kind)kind), g->e->data[p->data].name);
    snprintf(name, sizeof name, "%s_%s", g->e->data[p->data].name, noise_kind_names[kind]);
    for (int i = 0; i < 2; i++) {
        TRY(path_join(path, g->folder, name, suffixes[i]));
        TRY(plot_grid_write(title, p->plots, CHARTS, 2, path));
    }
    print_picture(p, title, html_page_stream(page));
    printf("%s/%s.{png,svg}\n", g->folder, name);
    return STATUS_OK;
}

static status draw_all(const grid *g, picture *p, html_page *page) {
    for (p->data = 0; p->data < g->e->data_count; p->data++)
        for (p->first = 0; p->first < g->condition_count; p->first = p->end) {
            p->end = grid_section_end(g, p->first);
            fill_picture(g, p);
            TRY(write_picture(g, p, page));
        }
    return STATUS_OK;
}

status noise_curves_write(const grid *g, html_page *page) {
    size_t count = CHARTS * (size_t)g->e->method_count;
    picture p = {.curves = calloc(count, sizeof *p.curves), .series = calloc(count, sizeof *p.series)};
    status result = p.curves && p.series ? write_seeds(g) : status_fail(STATUS_MEMORY, "out of memory for curves");
    if (result == STATUS_OK)
        result = draw_all(g, &p, page);
    free(p.curves);
    free(p.series);
    return result;
}
