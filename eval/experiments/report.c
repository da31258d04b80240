#include "eval/experiments/report.h"

#include "core/io/file_io.h"
#include "eval/experiments/experiment_page.h"
#include "eval/experiments/option_curves.h"
#include "eval/experiments/sweep.h"
#include "eval/experiments/training_notes.h"
#include "eval/measure/evaluation_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report being made. Texts that the table points to live here. */
typedef struct report {
    const grid *g;
    const published *p;
    table t;
    int of_column[TABLE_COLUMNS], of_condition[TABLE_COLUMNS]; /* what stands in a column of the table */
    table_column heads[TABLE_COLUMNS];
    char labels[TABLE_COLUMNS][32], keys[TABLE_COLUMNS][32];
    char (*sections)[200];
    name_list remarks; /* of rows whose figures are no result */
} report;

status report_note(table *t, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return name_list_add(&t->notes, line);
}

/* --- columns --- */

static status add_column(report *r, int column, int condition) {
    int at = r->t.column_count;
    if (at == TABLE_COLUMNS)
        return status_fail(STATUS_USAGE, "%s: more than %d columns", r->g->kind->name, TABLE_COLUMNS);
    r->of_column[at] = column;
    r->of_condition[at] = condition;
    r->heads[at] = column_head(&r->g->kind->columns[column], condition < 0 ? "" : r->g->conditions[condition].label,
                               r->labels[at], r->keys[at]);
    r->t.column_count++;
    return STATUS_OK;
}

static status add_columns(report *r) {
    const experiment_kind *kind = r->g->kind;
    for (int c = 0; c < kind->column_count; c++)
        if (kind->columns[c].kind != COLUMN_MILLISECONDS)
            TRY(add_column(r, c, -1));
        else
            for (int k = 0; k < r->g->condition_count; k++)
                TRY(add_column(r, c, k));
    r->t.columns = r->heads;
    return STATUS_OK;
}

/* --- rows --- */

static double published_figure(const report *r, const char *label, const char *data, const grid_column *c) {
    char section[64], row[256];
    if (!r->p || c->published == 0)
        return NAN;
    const char *suffix = column_section(c);
    snprintf(section, sizeof section, "%s%s", r->g->kind->file, suffix);
    if (*suffix)
        return published_value(r->p, section, label, c->published - 1); /* of the method, whatever the data set */
    snprintf(row, sizeof row, "%s/%s", label, data);
    return published_value(r->p, section, row, c->published - 1);
}

static bool judges(const table_row *row, int column) {
    return !row->related && !row->values[column].is_aside && !isnan(row->values[column].value) &&
           !isnan(row->values[column].published);
}

/* What is published once for a method, as #params, is one figure to meet, whatever the number of data sets: it is
 * judged in the first row that can be, of a set for which the method's other figures are published. */
static void judge_once(const report *r, table_row *row) {
    bool of_set = false;
    for (int c = 0; c < r->t.column_count; c++)
        of_set |= !*column_section(&r->g->kind->columns[r->of_column[c]]) && !isnan(row->values[c].published);
    for (int c = 0; c < r->t.column_count; c++) {
        if (!*column_section(&r->g->kind->columns[r->of_column[c]]))
            continue;
        row->values[c].is_aside = !of_set;
        for (int i = 0; i < r->t.row_count; i++)
            row->values[c].is_aside |= !strcmp(r->t.rows[i].label, row->label) && judges(&r->t.rows[i], c);
    }
}

/* A method that takes everything for a target, or nothing, has figures like any other: a line says which rows those
 * are.
 */
static status remark_row(report *r, const table_row *row, int method, int data, int condition) {
    const char *remark = NULL;
    char line[512], some[64] = "";
    int cells = grid_count(r->g, method, data, condition), remarked = 0;
    for (int i = 0; i < cells; i++) {
        const char *own = metrics_remark(&grid_cell(r->g, method, data, condition, i)->counts);
        remark = own ? own : remark;
        remarked += own != NULL;
    }
    if (!remark)
        return STATUS_OK;
    if (remarked < cells)
        snprintf(some, sizeof some, ", %d of %d evaluations", remarked, cells);
    snprintf(line, sizeof line, "- %s %s on %s%s: %s", r->t.row_label, row->label, row->section, some, remark);
    return name_list_add(&r->remarks, line);
}

static status add_row(report *r, const char *section, int method, int data, int condition) {
    const grid *g = r->g;
    const experiment_data *d = &g->e->data[data];
    const char *given = g->conditions[condition].label;
    table_row row = {.section = section,
                     .seeds = grid_count(g, method, data, condition),
                     .related = g->kind->is_published && !d->is_target ? d->published : NULL};
    const char *listed = row.label;
    if (g->kind->varied) {
        TRY(option_label(g->kind->varied, &g->e->methods[method], row.label));
    } else if (*given && !g->kind->conditions_are_columns) {
        snprintf(row.label, sizeof row.label, "%.40s, %.20s", g->e->methods[method].name, given);
    } else {
        snprintf(row.label, sizeof row.label, "%s", g->e->methods[method].name);
        listed = g->e->methods[method].published;
    }
    for (int c = 0; c < r->t.column_count; c++) {
        const grid_column *what = &g->kind->columns[r->of_column[c]];
        row.values[c] = grid_value(g, method, data, r->of_condition[c] < 0 ? condition : r->of_condition[c], what);
        row.values[c].published = published_figure(r, listed, d->published, what);
    }
    judge_once(r, &row);
    TRY(remark_row(r, &row, method, data, condition));
    return table_add_row(&r->t, &row);
}

static status add_section(report *r, int data, int first, int end) {
    const grid *g = r->g;
    char *name = r->sections[data * g->condition_count + first];
    const char *more = g->conditions[first].section;
    snprintf(name, sizeof r->sections[0], "%.120s%s%.60s", g->e->data[data].title, *more ? ", " : "", more);
    for (int m = 0; m < g->e->method_count; m++)
        for (int c = first; c < (g->kind->conditions_are_columns ? first + 1 : end); c++)
            TRY(add_row(r, name, m, data, c));
    return STATUS_OK;
}

static status add_rows(report *r) {
    const grid *g = r->g;
    r->sections = calloc((size_t)g->e->data_count * (size_t)g->condition_count, sizeof *r->sections);
    if (!r->sections)
        return status_fail(STATUS_MEMORY, "out of memory for a table");
    for (int d = 0; d < g->e->data_count; d++)
        for (int first = 0, end; first < g->condition_count; first = end) {
            end = g->kind->conditions_are_columns ? g->condition_count : grid_section_end(g, first);
            TRY(add_section(r, d, first, end));
        }
    return STATUS_OK;
}

/* --- notes --- */

static status note_protocol(report *r) {
    const experiment *e = r->g->e;
    const evaluate_options *o = &e->evaluate;
    char size[96] = "images at their own size";
    if (o->sample.size > 0)
        snprintf(size, sizeof size, "images and masks resized to %d x %d%s", o->sample.size, o->sample.size,
                 sample_resizing_text(&o->sample));
    TRY(report_note(&r->t, "Scored with %s, rule %s%s, mask %s, protocol %s.", size, score_rule_names[o->how.rule],
                    o->how.rule == RULE_SCORE ? " (> 0.5, or the threshold that a checkpoint carries)" : "",
                    mask_rule_names[o->sample.mask], match_protocol_names[o->how.protocol]));
    int threads = engine_threads(e->engine);
    for (int c = 0; c < r->g->kind->column_count; c++)
        if (r->g->kind->columns[c].kind == COLUMN_SECONDS)
            TRY(report_note(&r->t, "Times are medians over the images, on %d thread%s.", threads,
                            threads == 1 ? "" : "s"));
    return STATUS_OK;
}

static status note_ranges(report *r) {
    bool any = false;
    for (int i = 0; i < r->t.row_count; i++)
        for (int c = 0; c < r->t.column_count; c++)
            any |= r->t.rows[i].values[c].has_range;
    return any ? report_note(&r->t,
                             "In square brackets: %g %% confidence of a single cell, bootstrap over the images, %d "
                             "draws; another training may lie outside.",
                             100 * BOOTSTRAP_CONFIDENCE, grid_how_sure.draws)
               : STATUS_OK;
}

static status note_remarks(report *r) {
    if (r->remarks.count > 0)
        TRY(report_note(&r->t, "Rows where nearly everything or nothing is predicted:"));
    for (int i = 0; i < r->remarks.count; i++)
        TRY(report_note(&r->t, "%s", r->remarks.names[i]));
    return STATUS_OK;
}

static status note_related(report *r) {
    for (int d = 0; d < r->g->e->data_count && r->p; d++) {
        const experiment_data *set = &r->g->e->data[d];
        if (!set->is_target)
            TRY(report_note(&r->t,
                            "Figures in brackets beside %s were published on %s: another test set, no target to meet.",
                            set->name, set->published));
    }
    return STATUS_OK;
}

static status note_missing(report *r) {
    const grid *g = r->g;
    int missing = 0, all = 0;
    for (int m = 0; m < g->e->method_count; m++)
        for (int d = 0; d < g->e->data_count; d++)
            for (int c = 0; c < g->condition_count; c++, all++) {
                bool trained = g->kind->trains && sweep_trains(g->e, m, d);
                missing += grid_count(g, m, d, c) < g->conditions[c].draws * (trained ? g->e->seed_count : 1);
            }
    return missing ? report_note(&r->t, "%d of %d cells are missing, or have fewer seeds than asked for.", missing, all)
                   : STATUS_OK;
}

/* A published F1 that does not follow from its mIoU cannot be met together with it. */
static status note_f1(report *r) {
    char marked[900] = "";
    const experiment *e = r->g->e;
    for (int i = 0; i < e->data_count * e->method_count; i++) {
        const table_row *row = &r->t.rows[i];
        char name[256];
        size_t used = strlen(marked);
        const char *set = e->data[i / e->method_count].published;
        snprintf(name, sizeof name, "%s/%s/%s", r->g->kind->file, row->label, set);
        double off = published_value(r->p, "f1_off", name, 0);
        if (!isnan(off))
            snprintf(marked + used, sizeof marked - used, "%s%s on %s %+.2f", used ? ", " : "", row->label, set, off);
    }
    return *marked ? report_note(&r->t, "Published F1 that differ from what their mIoU says, 2 mIoU / (1 + mIoU): %s.",
                                 marked)
                   : STATUS_OK;
}

static status note_published(report *r) {
    const char *line;
    for (int i = 1; (line = published_note(r->p, r->g->kind->file, i)); i++)
        TRY(report_note(&r->t, "%s", line));
    return note_f1(r);
}

static status note_checkpoints(report *r) {
    const experiment *e = r->g->e;
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++) {
            const char *file = experiment_checkpoint(e, m, d), *slash = file ? strrchr(file, '/') : NULL;
            if (file)
                TRY(report_note(&r->t, "- %s on %s: `%s`", e->methods[m].name, e->data[d].name,
                                slash ? slash + 1 : file));
        }
    return STATUS_OK;
}

static status add_notes(report *r) {
    if (r->g->kind->measures_anew) /* nothing is scored */
        return STATUS_OK;
    TRY(note_protocol(r));
    TRY(note_ranges(r));
    TRY(note_remarks(r));
    TRY(note_related(r));
    TRY(training_notes_how(r->g->e, &r->t));
    TRY(note_missing(r));
    if (r->p)
        TRY(note_published(r));
    TRY(training_notes_costs(r->g, &r->t));
    return note_checkpoints(r);
}

/* --- the whole --- */

static status print_document(const grid *g) {
    char path[4096], line[4096];
    TRY(path_join(path, g->folder, g->kind->file, ".md"));
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        fputs(line, stdout);
    if (file)
        fclose(file);
    printf("\nalso in %s, with .csv and .tex beside it; report.html in that folder is to look at\n", path);
    return STATUS_OK;
}

static status make_page(const report *r, html_page *page) {
    const experiment_kind *kind = r->g->kind;
    experiment_page_print_table(page, &r->t);
    if (kind->varied)
        TRY(option_curves_draw(r->g, &r->t, kind->varied, page));
    if (kind->draw)
        TRY(kind->draw(r->g, &r->t, page));
    TRY(experiment_page_print_notes(page, r->g, &r->t));
    return experiment_page_save(page, r->g->folder);
}

static status make(report *r) {
    const experiment_kind *kind = r->g->kind;
    html_page *page;
    TRY(add_columns(r));
    TRY(add_rows(r));
    if (kind->summarise)
        TRY(kind->summarise(r->g, &r->t));
    TRY(add_notes(r));
    TRY(table_write(&r->t, r->g->folder, kind->file));
    TRY(experiment_page_new(kind, r->g->e, &page));
    status result = make_page(r, page);
    html_page_free(page);
    TRY(result);
    return print_document(r->g);
}

status report_write(const grid *g, const published *p) {
    report r = {.g = g, .p = p, .t = {.title = g->kind->title, .row_label = g->kind->row_label}};
    status result = make(&r);
    table_free(&r.t);
    name_list_free(&r.remarks);
    free(r.sections);
    return result;
}
