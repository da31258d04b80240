/* eval-table: methods x data sets, beside the published table. */
#include "core/html/html_page.h"
#include "eval/experiments/experiment_program.h"
#include "eval/figures/roc_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const grid_column columns[] = {
    {.kind = COLUMN_PARAMS, .decimals = 3, .judged = true, .published = 1},
    {.metric = METRIC_miou, .judged = true, .published = 1},
    {.metric = METRIC_f1, .judged = true, .published = 2},
    {.metric = METRIC_pd, .judged = true, .published = 3},
    {.metric = METRIC_fa, .decimals = 2, .judged = true, .published = 4},
    {.kind = COLUMN_SECONDS, .decimals = 4, .published = 1},
};

/* The plain means over the data sets, as the published average table; a figure that is missing somewhere has none. What
 * is published for a method, whatever the set, is judged in the rows of the sets. */
static status add_average(const grid *g, table *t, int method) {
    const experiment *e = g->e;
    table_row average = {.section = "all data sets, averaged", .seeds = grid_count(g, method, 0, 0)};
    snprintf(average.label, sizeof average.label, "%s", e->methods[method].name);
    for (int c = 0; c < t->column_count; c++) {
        table_value *mean = &average.values[c];
        *mean = (table_value){.spread = NAN, .is_aside = *column_section(&columns[c]) != '\0'};
        for (int d = 0; d < e->data_count; d++) {
            const table_row *row = &t->rows[d * e->method_count + method];
            mean->value += row->values[c].value / e->data_count;
            mean->published += row->values[c].published / e->data_count;
            average.related = row->related ? row->related : average.related;
            average.seeds = row->seeds < average.seeds ? row->seeds : average.seeds;
        }
    }
    return table_add_row(t, &average);
}

static status summarise(const grid *g, table *t) {
    for (int m = 0; m < g->e->method_count && g->e->data_count > 1; m++)
        TRY(add_average(g, t, m));
    return STATUS_OK;
}

/* One picture a data set, with the first seed's curve of every method. */
static status draw_roc(const grid *g, int data, const char **names, metrics *counts, html_page *page) {
    char file[128], title[128];
    int count = 0, most = 0;
    for (int m = 0; m < g->e->method_count; m++) {
        int cells = grid_count(g, m, data, 0);
        most = cells > most ? cells : most;
        if (cells == 0)
            continue;
        names[count] = g->e->methods[m].name;
        counts[count++] = grid_cell(g, m, data, 0, 0)->counts;
    }
    snprintf(file, sizeof file, "roc.%s", g->e->data[data].name);
    snprintf(title, sizeof title, "ROC on %s%s", g->e->data[data].name, most > 1 ? ", first seed of each method" : "");
    if (count == 0)
        return STATUS_OK;
    TRY(roc_plot_print(title, names, counts, count, html_page_stream(page)));
    return roc_plot_write(title, names, counts, count, g->folder, file);
}

static status draw(const grid *g, const table *t, html_page *page) {
    size_t methods = (size_t)g->e->method_count;
    const char **names = malloc(methods * sizeof *names);
    metrics *counts = malloc(methods * sizeof *counts);
    status result = names && counts ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a plot");
    (void)t;
    html_page_section(page, "ROC");
    fputs("<div class=\"plots\">\n", html_page_stream(page));
    for (int d = 0; d < g->e->data_count && result == STATUS_OK; d++)
        result = draw_roc(g, d, names, counts, page);
    fputs("</div>\n", html_page_stream(page));
    free(names);
    free(counts);
    return result;
}

static const experiment_kind kind = {
    .name = "eval-table",
    .summary = "evaluates methods on data sets and tabulates them beside the published figures",
    .examples = "@eval-table configs/table.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "@eval-table configs/table.ini data.SIRST= methods.MPCM=    # leaves both out\n"
                "@eval-table configs/table.ini --tabulate                   # only what is there",
    .title = "Methods on data sets",
    .row_label = "method",
    .file = "table",
    .is_published = true,
    .trains = true,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .summarise = summarise,
    .draw = draw,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
