/* The table of a study: rows from the results and the published figures, and what has to be said below. */
#include "eval/experiments/study_private.h"

#include "eval/experiments/sweep.h"
#include "eval/measure/evaluation_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- figures --- */

static double figure_of(const cell *c, study_figure figure) {
    switch (figure) {
    case FIGURE_MIOU:
        return metric_shown(METRIC_miou, &c->counts);
    case FIGURE_F1:
        return metric_shown(METRIC_f1, &c->counts);
    case FIGURE_PD:
        return metric_shown(METRIC_pd, &c->counts);
    case FIGURE_FA:
        return metric_shown(METRIC_fa, &c->counts);
    case FIGURE_PARAMS:
        return (double)c->params / 1e6;
    case FIGURE_SECONDS:
        return c->ms_image / 1e3;
    }
    return NAN;
}

/* The mean of a figure over the seeds and, with two or more, its standard deviation; NaN where there is none. */
static table_value measured(const study *s, int method, int data, study_figure figure) {
    int count = results_count(s->r, method, data);
    double mean = 0, squares = 0;
    for (int i = 0; i < count; i++)
        mean += figure_of(results_cell(s->r, method, data, i), figure) / count;
    for (int i = 0; i < count; i++)
        squares += pow(figure_of(results_cell(s->r, method, data, i), figure) - mean, 2);
    bool spreads = count > 1 && figure != FIGURE_PARAMS;
    return (table_value){
        .value = count ? mean : NAN, .spread = spreads ? sqrt(squares / (count - 1)) : NAN, .published = NAN};
}

static double published_figure(const study *s, const char *label, const char *data, study_figure figure) {
    char section[64], row[256];
    const char *suffix = figure == FIGURE_PARAMS ? "_params" : figure == FIGURE_SECONDS ? "_seconds" : "";
    snprintf(section, sizeof section, "%s%s", s->program->published, suffix);
    if (*suffix)
        return published_value(s->p, section, label, 0); /* of the method, whatever the data set */
    snprintf(row, sizeof row, "%s/%s", label, data);
    return published_value(s->p, section, row, (int)figure);
}

/* --- rows --- */

static status add_row(study *s, int method, int data) {
    const experiment_data *d = &s->e->data[data];
    table_row row = {
        .section = d->title, .seeds = results_count(s->r, method, data), .related = d->is_target ? NULL : d->published};
    TRY(s->program->label(&s->e->methods[method], row.label));
    for (int c = 0; c < s->program->column_count; c++) {
        study_figure figure = s->program->figures[c];
        row.values[c] = measured(s, method, data, figure);
        row.values[c].published = published_figure(s, row.label, d->published, figure);
    }
    return table_add_row(&s->t, &row);
}

/* --- notes --- */

static status add_note(study *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static status add_note(study *s, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return name_list_add(&s->t.notes, line);
}

static status note_protocol(study *s) {
    const evaluate_options *o = &s->e->evaluate;
    char size[64] = "images at their own size";
    if (o->sample.size > 0)
        snprintf(size, sizeof size, "images and masks resized to %d x %d", o->sample.size, o->sample.size);
    TRY(add_note(s, "Scored with %s, rule %s, mask %s, protocol %s.", size, score_rule_names[o->how.rule],
                 mask_rule_names[o->sample.mask], match_protocol_names[o->how.protocol]));
    for (int c = 0; c < s->program->column_count; c++)
        if (s->program->figures[c] == FIGURE_SECONDS)
            TRY(add_note(s, "Times are medians over the images, on %d thread%s.", engine_threads(s->e->engine),
                         engine_threads(s->e->engine) == 1 ? "" : "s"));
    for (int d = 0; d < s->e->data_count; d++) {
        const experiment_data *set = &s->e->data[d];
        if (!set->is_target)
            TRY(add_note(s, "Figures in brackets beside %s were published on %s: another test set, no target to meet.",
                         set->name, set->published));
    }
    return STATUS_OK;
}

static status note_published(study *s) {
    const char *line;
    for (int i = 1; (line = published_note(s->p, s->program->published, i)); i++)
        TRY(add_note(s, "%s", line));
    return STATUS_OK;
}

/* A published F1 that does not follow from its mIoU cannot be met together with it. */
static status note_f1(study *s) {
    char marked[900] = "";
    for (int i = 0; i < s->t.row_count; i++) {
        const table_row *row = &s->t.rows[i];
        char name[256];
        size_t used = strlen(marked);
        const char *set = row->related ? row->related : row->section;
        snprintf(name, sizeof name, "%s/%s/%s", s->program->published, row->label, set);
        double off = published_value(s->p, "f1_off", name, 0);
        if (!isnan(off))
            snprintf(marked + used, sizeof marked - used, "%s%s on %s %+.2f", used ? ", " : "", row->label, set, off);
    }
    return *marked ? add_note(s, "Published F1 that differ from what their mIoU says, 2 mIoU / (1 + mIoU): %s.", marked)
                   : STATUS_OK;
}

static status note_selection(study *s) {
    char chosen[128];
    for (int d = 0; d < s->e->data_count; d++) {
        sweep_selection(s->e, d, chosen);
        TRY(add_note(s, "The best checkpoint on %s is chosen on %s.", s->e->data[d].name, chosen));
    }
    return STATUS_OK;
}

static status note_trainings(study *s) {
    char budget[900] = "";
    bool any = false;
    for (int m = 0; m < s->e->method_count; m++)
        for (int d = 0; d < s->e->data_count; d++)
            any |= sweep_trains(s->e, m, d);
    if (!any)
        return STATUS_OK;
    for (int i = 0; i < s->e->train.count; i++) {
        size_t used = strlen(budget);
        snprintf(budget + used, sizeof budget - used, "%s%s", i ? ", " : "", s->e->train.names[i]);
    }
    TRY(add_note(s, "Trained here: %s; %d seed%s (mean ± standard deviation where there are two or more), the %s.",
                 *budget ? budget : "the defaults of train", s->e->seed_count, s->e->seed_count == 1 ? "" : "s",
                 s->e->keep_last ? "last checkpoint" : "checkpoint that was best during training"));
    return s->e->keep_last ? STATUS_OK : note_selection(s);
}

static status note_checkpoints(study *s) {
    for (int m = 0; m < s->e->method_count; m++)
        for (int d = 0; d < s->e->data_count; d++) {
            const char *file = experiment_checkpoint(s->e, m, d), *slash = file ? strrchr(file, '/') : NULL;
            if (file)
                TRY(add_note(s, "- %s on %s: `%s`", s->e->methods[m].name, s->e->data[d].name,
                             slash ? slash + 1 : file));
        }
    return STATUS_OK;
}

static status note_missing(study *s) {
    int missing = 0;
    for (int m = 0; m < s->e->method_count; m++)
        for (int d = 0; d < s->e->data_count; d++)
            missing += results_count(s->r, m, d) < (sweep_trains(s->e, m, d) ? s->e->seed_count : 1);
    return missing ? add_note(s, "%d of %d cells are missing, or have fewer seeds than asked for.", missing,
                              s->e->method_count * s->e->data_count)
                   : STATUS_OK;
}

status study_make_table(study *s) {
    const study_program *program = s->program;
    s->t = (table){.title = program->title,
                   .row_label = program->row_label,
                   .columns = program->columns,
                   .column_count = program->column_count};
    for (int d = 0; d < s->e->data_count; d++)
        for (int m = 0; m < s->e->method_count; m++)
            TRY(add_row(s, m, d));
    if (program->summarise)
        TRY(program->summarise(s));
    TRY(note_protocol(s));
    TRY(note_trainings(s));
    TRY(note_missing(s));
    TRY(note_published(s));
    TRY(note_f1(s));
    return note_checkpoints(s);
}
