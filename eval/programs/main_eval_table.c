/* eval-table: methods x data sets, beside the published table. */
#include "eval/experiments/study.h"
#include "eval/figures/roc_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const table_column columns[] = {
    {"#params", "M", "params_million", 3, true}, {"mIoU", "%", "miou_percent", 2, true},
    {"F1", "%", "f1_percent", 2, true},          {"Pd", "%", "pd_percent", 2, true},
    {"Fa", "1e-5", "fa_1e5", 2, true},           {"CPU", "s/image", "cpu_seconds", 4, false},
};

static const study_figure figures[] = {FIGURE_PARAMS, FIGURE_MIOU, FIGURE_F1, FIGURE_PD, FIGURE_FA, FIGURE_SECONDS};

enum { COLUMNS = sizeof columns / sizeof *columns };

static status label(const experiment_method *m, char out[64]) {
    snprintf(out, 64, "%s", m->name);
    return STATUS_OK;
}

/* The plain means over the data sets, as the published average table; a figure that is missing somewhere has none. */
static status add_average(study *s, int method) {
    table_row average = {.section = "all data sets, averaged", .seeds = results_count(s->r, method, 0)};
    snprintf(average.label, sizeof average.label, "%s", s->e->methods[method].name);
    for (int c = 0; c < COLUMNS; c++) {
        table_value *mean = &average.values[c];
        *mean = (table_value){.spread = NAN};
        for (int d = 0; d < s->e->data_count; d++) {
            const table_row *row = &s->t.rows[d * s->e->method_count + method];
            mean->value += row->values[c].value / s->e->data_count;
            mean->published += row->values[c].published / s->e->data_count;
            average.related = row->related ? row->related : average.related;
            average.seeds = row->seeds < average.seeds ? row->seeds : average.seeds;
        }
    }
    return table_add_row(&s->t, &average);
}

static status summarise(study *s) {
    for (int m = 0; m < s->e->method_count && s->e->data_count > 1; m++)
        TRY(add_average(s, m));
    return STATUS_OK;
}

/* One picture a data set, with the first seed's curve of every method. */
static status draw_roc(const study *s, int data, const char **names, metrics *counts) {
    char file[128], title[128];
    int count = 0;
    for (int m = 0; m < s->e->method_count; m++) {
        if (results_count(s->r, m, data) == 0)
            continue;
        names[count] = s->e->methods[m].name;
        counts[count++] = results_cell(s->r, m, data, 0)->counts;
    }
    snprintf(file, sizeof file, "roc.%s", s->e->data[data].name);
    snprintf(title, sizeof title, "ROC on %s", s->e->data[data].name);
    return count > 0 ? roc_plot_write(title, names, counts, count, s->folder, file) : STATUS_OK;
}

static status draw(const study *s) {
    size_t methods = (size_t)s->e->method_count;
    const char **names = malloc(methods * sizeof *names);
    metrics *counts = malloc(methods * sizeof *counts);
    status result = names && counts ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a plot");
    for (int d = 0; d < s->e->data_count && result == STATUS_OK; d++)
        result = draw_roc(s, d, names, counts);
    free(names);
    free(counts);
    return result;
}

static const study_program program = {
    .name = "eval-table",
    .summary = "Evaluates methods on data sets and tabulates them beside the published figures.",
    .examples = "  eval-table configs/table.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "  eval-table configs/table.ini data.SIRST= methods.IPI=     leaves both out\n"
                "  eval-table configs/table.ini --tabulate                   only what is there\n",
    .title = "Methods on data sets",
    .row_label = "method",
    .columns = columns,
    .figures = figures,
    .column_count = COLUMNS,
    .published = "table",
    .label = label,
    .summarise = summarise,
    .draw = draw,
};

int main(int argc, char **argv) {
    return study_main(&program, argc, argv);
}
