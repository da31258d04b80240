/* The figures of a noise study: table, every seed, curves. */
#include "core/draw/plot.h"
#include "core/io/file_io.h"
#include "eval/experiments/noise_study.h"
#include "eval/experiments/table.h"
#include "eval/measure/metric_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const table_column columns[] = {
    {"mIoU", "%", "miou_percent", 2, false}, {"nIoU", "%", "niou_percent", 2, false},
    {"F1", "%", "f1_percent", 2, false},     {"Pd", "%", "pd_percent", 2, false},
    {"Fa", "1e-5", "fa_1e5", 3, false},
};

enum { COLUMN_MIOU, COLUMN_NIOU, COLUMN_F1, COLUMN_PD, COLUMN_FA, COLUMNS };

static double figure_of(const cell *c, int column) {
    static const metric_id shown[COLUMNS] = {METRIC_miou, METRIC_niou, METRIC_f1, METRIC_pd, METRIC_fa};
    return metric_shown(shown[column], &c->counts);
}

/* Mean over the seeds and, with two or more, its standard deviation. */
static table_value value_of(const noise_study *s, int data, int method, noise_kind kind, int level, int column) {
    int count = noise_study_seeds(s, level);
    table_value v = {.value = 0, .spread = NAN, .published = NAN};
    for (int i = 0; i < count; i++)
        v.value += figure_of(noise_study_cell(s, data, method, kind, level, i), column) / count;
    if (count < 2)
        return v;
    double squares = 0;
    for (int i = 0; i < count; i++)
        squares += pow(figure_of(noise_study_cell(s, data, method, kind, level, i), column) - v.value, 2);
    v.spread = sqrt(squares / (count - 1));
    return v;
}

/* --- table --- */

typedef struct section_name {
    char text[128];
} section_name;

static status add_rows(const noise_study *s, int data, noise_kind kind, const char *section, table *t) {
    for (int method = 0; method < s->e->method_count; method++)
        for (int level = 0; level < s->levels[kind].count; level++) {
            table_row row = {.section = section, .seeds = noise_study_seeds(s, level)};
            snprintf(row.label, sizeof row.label, "%.40s, %g", s->e->methods[method].name,
                     s->levels[kind].values[level]);
            for (int c = 0; c < COLUMNS; c++)
                row.values[c] = value_of(s, data, method, kind, level, c);
            TRY(table_add_row(t, &row));
        }
    return STATUS_OK;
}

static status add_conditions(const noise_study *s, table *t) {
    char text[512];
    snprintf(text, sizeof text,
             "Levels are variances (Gaussian noise, grey values in [0, 1]) or shares of the pixels (salt and pepper, "
             "half of each). Noise comes %s resizing and is %s. Mean and standard deviation over %d seed%s; level 0 is "
             "the clean image.",
             noise_place_names[s->place], noise_range_names[s->range], s->seeds.count, s->seeds.count == 1 ? "" : "s");
    return name_list_add(&t->notes, text);
}

/* The mean over the levels of the share that is left of the clean image's mIoU; NaN if that is 0. */
static double kept_share(const noise_study *s, int data, int method, noise_kind kind) {
    double clean = value_of(s, data, method, kind, 0, COLUMN_MIOU).value, sum = 0;
    for (int level = 1; level < s->levels[kind].count; level++)
        sum += value_of(s, data, method, kind, level, COLUMN_MIOU).value;
    return clean > 0 ? sum / clean / (s->levels[kind].count - 1) : NAN;
}

static int best_method(const noise_study *s, int data, noise_kind kind, int level) {
    int best = 0;
    for (int m = 1; m < s->e->method_count; m++)
        if (value_of(s, data, m, kind, level, COLUMN_MIOU).value >
            value_of(s, data, best, kind, level, COLUMN_MIOU).value)
            best = m;
    return best;
}

static status add_verdict(const noise_study *s, int data, noise_kind kind, const char *section, table *t) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return status_fail(STATUS_MEMORY, "out of memory for a report");
    fprintf(stream, "- %s: of its mIoU on clean images a method keeps, on average over the levels,", section);
    for (int m = 0; m < s->e->method_count; m++)
        fprintf(stream, "%s %s %.1f %%", m ? "," : "", s->e->methods[m].name, 100 * kept_share(s, data, m, kind));
    fprintf(stream, ". Highest mIoU:");
    for (int level = 0; level < s->levels[kind].count; level++)
        fprintf(stream, "%s %s at %g", level ? "," : "", s->e->methods[best_method(s, data, kind, level)].name,
                s->levels[kind].values[level]);
    fprintf(stream, ".");
    status result =
        fclose(stream) == 0 ? name_list_add(&t->notes, text) : status_fail(STATUS_MEMORY, "out of memory for a report");
    free(text);
    return result;
}

static status fill_table(const noise_study *s, section_name *sections, table *t) {
    TRY(add_conditions(s, t));
    TRY(name_list_add(&t->notes, ""));
    for (int data = 0; data < s->e->data_count; data++)
        for (int kind = 0; kind < 2; kind++) {
            section_name *section = &sections[2 * data + kind];
            if (s->levels[kind].count == 0)
                continue;
            snprintf(section->text, sizeof section->text, "%.80s, %s", s->e->data[data].name,
                     noise_study_title((noise_kind)kind));
            TRY(add_rows(s, data, (noise_kind)kind, section->text, t));
            TRY(add_verdict(s, data, (noise_kind)kind, section->text, t));
        }
    return STATUS_OK;
}

static status print_document(const table *t, const char *folder) {
    table_print_markdown(t, stdout);
    for (int i = 0; i < t->notes.count; i++)
        printf("%s%s\n", i ? "" : "\n", t->notes.names[i]);
    printf("\nalso in %s/noise.md, with .csv and .tex beside it\n", folder);
    return STATUS_OK;
}

static status write_table(const noise_study *s) {
    section_name *sections = calloc(2 * (size_t)s->e->data_count, sizeof *sections);
    if (!sections)
        return status_fail(STATUS_MEMORY, "out of memory for a table");
    table t = {
        .title = "Methods under noise", .row_label = "method, level", .columns = columns, .column_count = COLUMNS};
    status result = fill_table(s, sections, &t);
    if (result == STATUS_OK)
        result = table_write(&t, s->folder, "noise");
    if (result == STATUS_OK)
        result = print_document(&t, s->folder);
    table_free(&t);
    free(sections);
    return result;
}

/* --- every seed --- */

static void print_seed(const noise_study *s, int data, int method, noise_kind kind, int level, int seed, FILE *stream) {
    const cell *c = noise_study_cell(s, data, method, kind, level, seed);
    const metrics *m = &c->counts;
    fprintf(stream, "%s,%s,%s,%g,", s->e->data[data].name, s->e->methods[method].name, noise_kind_names[kind],
            s->levels[kind].values[level]);
    if (level > 0)
        fprintf(stream, "%.0f", s->seeds.values[seed]);
    fprintf(stream, ",%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%" PRId64 "\n", metric_value(METRIC_miou, m),
            metric_value(METRIC_niou, m), metric_value(METRIC_f1, m), metric_value(METRIC_pd, m),
            metric_value(METRIC_fa, m), metric_value(METRIC_auc, m), c->counts.images);
}

static void print_seeds(const noise_study *s, FILE *stream) {
    fprintf(stream, "dataset,method,noise,level,seed,miou,niou,f1,pd,fa,auc,images\n");
    for (int data = 0; data < s->e->data_count; data++)
        for (int method = 0; method < s->e->method_count; method++)
            for (int kind = 0; kind < 2; kind++)
                for (int level = 0; level < s->levels[kind].count; level++)
                    for (int seed = 0; seed < noise_study_seeds(s, level); seed++)
                        print_seed(s, data, method, (noise_kind)kind, level, seed, stream);
}

static status write_seeds(const noise_study *s) {
    char path[4096], *text = NULL;
    size_t size = 0;
    TRY(path_join(path, s->folder, "noise_seeds.csv", ""));
    FILE *stream = open_memstream(&text, &size);
    if (stream)
        print_seeds(s, stream);
    status result = stream && fclose(stream) == 0 ? file_write(path, text, size)
                                                  : status_fail(STATUS_MEMORY, "out of memory for %s", path);
    free(text);
    return result;
}

/* --- curves --- */

enum { CHARTS = 4 };
static const plot_range percent = {0, 100}, positive = {0, INFINITY};
static const int charts[CHARTS] = {COLUMN_MIOU, COLUMN_F1, COLUMN_PD, COLUMN_FA};

typedef struct curve {
    double y[MOST_NUMBERS], spread[MOST_NUMBERS];
} curve;

/* What one picture needs: a curve and a series for each chart and method. */
typedef struct picture {
    char labels[MOST_NUMBERS][16], y_labels[CHARTS][32];
    double x[MOST_NUMBERS];
    plot_tick ticks[MOST_NUMBERS];
    plot plots[CHARTS];
    curve *curves;
    plot_series *series;
} picture;

static void fill_chart(const noise_study *s, int data, noise_kind kind, int chart, picture *p) {
    int methods = s->e->method_count, levels = s->levels[kind].count;
    const table_column *column = &columns[charts[chart]];
    for (int m = 0; m < methods; m++) {
        curve *c = &p->curves[chart * methods + m];
        for (int level = 0; level < levels; level++) {
            table_value v = value_of(s, data, m, kind, level, charts[chart]);
            c->y[level] = v.value;
            c->spread[level] = v.spread;
        }
        p->series[chart * methods + m] =
            (plot_series){.name = s->e->methods[m].name, .x = p->x, .y = c->y, .count = levels, .spread = c->spread};
    }
    snprintf(p->y_labels[chart], sizeof p->y_labels[chart], "%s [%s]", column->label, column->unit);
    p->plots[chart] = (plot){.x_label = noise_study_unit(kind),
                             .y_label = p->y_labels[chart],
                             .series = &p->series[chart * methods],
                             .series_count = methods,
                             .x_ticks = p->ticks,
                             .x_tick_count = levels,
                             .y_range = charts[chart] == COLUMN_FA ? &positive : &percent};
}

/* Levels stand side by side at equal distances: they span decades, and one of them is 0. */
static void fill_picture(const noise_study *s, int data, noise_kind kind, picture *p) {
    for (int level = 0; level < s->levels[kind].count; level++) {
        snprintf(p->labels[level], sizeof p->labels[level], "%g", s->levels[kind].values[level]);
        p->x[level] = level;
        p->ticks[level] = (plot_tick){level, p->labels[level]};
    }
    for (int chart = 0; chart < CHARTS; chart++)
        fill_chart(s, data, kind, chart, p);
}

static status write_picture(const noise_study *s, int data, noise_kind kind, const picture *p) {
    static const char *const suffixes[] = {".png", ".svg"};
    char title[256], name[256], path[4096];
    snprintf(title, sizeof title, "%s on %s", noise_study_title(kind), s->e->data[data].name);
    snprintf(name, sizeof name, "%s_%s", s->e->data[data].name, noise_kind_names[kind]);
    for (int i = 0; i < 2; i++) {
        TRY(path_join(path, s->folder, name, suffixes[i]));
        TRY(plot_grid_write(title, p->plots, CHARTS, 2, path));
    }
    printf("%s/%s.{png,svg}\n", s->folder, name);
    return STATUS_OK;
}

static status draw_curves(const noise_study *s) {
    size_t count = CHARTS * (size_t)s->e->method_count;
    picture p = {.curves = calloc(count, sizeof *p.curves), .series = calloc(count, sizeof *p.series)};
    status result = p.curves && p.series ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for curves");
    for (int data = 0; data < s->e->data_count; data++)
        for (int kind = 0; kind < 2 && result == STATUS_OK; kind++) {
            if (s->levels[kind].count == 0)
                continue;
            fill_picture(s, data, (noise_kind)kind, &p);
            result = write_picture(s, data, (noise_kind)kind, &p);
        }
    free(p.curves);
    free(p.series);
    return result;
}

status noise_report_write(const noise_study *s) {
    TRY(write_table(s));
    TRY(write_seeds(s));
    return draw_curves(s);
}
