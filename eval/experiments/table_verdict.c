/* What the differences of a table come to, and its files. */
#include "eval/experiments/table.h"

#include "core/io/text_buffer.h"

#include <math.h>
#include <string.h>

/* Distances that count as met: that many units of the last digit shown. */
static const double distances[] = {1, 10, 100};

enum { DISTANCES = sizeof distances / sizeof *distances };

static double judged_difference(const table *t, const table_row *row, int column) {
    if (row->related || !t->columns[column].judged || row->values[column].is_aside)
        return NAN;
    return table_difference(&t->columns[column], &row->values[column]);
}

static void print_row_verdict(const table *t, const table_row *row, FILE *stream) {
    const char *separator = "";
    for (int c = 0; c < t->column_count; c++) {
        double difference = judged_difference(t, row, c);
        if (isnan(difference))
            continue;
        if (!*separator)
            fprintf(stream, "- %s %s on %s: ", t->row_label, row->label, row->section);
        fprintf(stream, "%s%s %+.*f", separator, t->columns[c].label, t->columns[c].decimals, difference);
        separator = ", ";
    }
    if (*separator)
        putc('\n', stream);
}

static void print_column_verdict(const table *t, int c, FILE *stream) {
    const table_column *column = &t->columns[c];
    double unit = pow(10, -column->decimals), farthest = -1;
    int count = 0, met[DISTANCES] = {0};
    const table_row *row = NULL;
    for (int i = 0; i < t->row_count; i++) {
        double distance = fabs(judged_difference(t, &t->rows[i], c));
        if (isnan(distance))
            continue;
        count++;
        for (int k = 0; k < DISTANCES; k++)
            met[k] += distance < (distances[k] + 0.5) * unit;
        if (distance > farthest) {
            farthest = distance;
            row = &t->rows[i];
        }
    }
    if (count == 0)
        return;
    fprintf(stream, "- %s: of %d published figures", column->label, count);
    for (int k = 0; k < DISTANCES; k++)
        fprintf(stream, "%s %d within %.*f", k ? "," : "", met[k], column->decimals, distances[k] * unit);
    fprintf(stream, "; farthest: %s %s on %s, %+.*f\n", t->row_label, row->label, row->section, column->decimals,
            judged_difference(t, row, c));
}

static bool has_judged(const table *t) {
    for (int i = 0; i < t->row_count; i++)
        for (int c = 0; c < t->column_count; c++)
            if (!isnan(judged_difference(t, &t->rows[i], c)))
                return true;
    return false;
}

void table_print_verdict(const table *t, FILE *stream) {
    fprintf(stream, "\n## Verdict\n\n");
    if (!has_judged(t)) {
        fprintf(stream, "- Nothing here has a published counterpart on the same data set.\n");
        return;
    }
    for (int c = 0; c < t->column_count; c++)
        print_column_verdict(t, c, stream);
    fprintf(stream, "\nOurs minus published:\n\n");
    for (int i = 0; i < t->row_count; i++)
        print_row_verdict(t, &t->rows[i], stream);
}

static void print_document(const table *t, FILE *stream) {
    table_print_markdown(t, stream);
    if (t->notes.count > 0)
        putc('\n', stream);
    for (int i = 0; i < t->notes.count; i++)
        fprintf(stream, "%s\n", t->notes.names[i]);
    table_print_verdict(t, stream);
}

static status write_one(const table *t, void (*print)(const table *, FILE *), const char *folder, const char *name,
                        const char *suffix) {
    char path[4096];
    text_buffer b;
    TRY(path_join(path, folder, name, suffix));
    TRY(text_buffer_begin(&b));
    print(t, b.stream);
    return text_buffer_save(&b, path);
}

status table_write(const table *t, const char *folder, const char *name) {
    TRY(write_one(t, table_print_csv, folder, name, ".csv"));
    TRY(write_one(t, print_document, folder, name, ".md"));
    return write_one(t, table_print_latex, folder, name, ".tex");
}
