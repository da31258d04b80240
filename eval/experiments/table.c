#include "eval/experiments/table.h"

#include "core/html/html_text.h"
#include "core/io/csv_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

status table_add_row(table *t, const table_row *row) {
    table_row *rows = realloc(t->rows, ((size_t)t->row_count + 1) * sizeof *rows);
    if (!rows)
        return status_fail(STATUS_MEMORY, "out of memory for a table");
    t->rows = rows;
    t->rows[t->row_count++] = *row;
    return STATUS_OK;
}

void table_free(table *t) {
    free(t->rows);
    name_list_free(&t->notes);
    *t = (table){0};
}

/* --- what every format shows --- */

/* "92.38", "92.38 [91.90, 92.77]", "92.38 ± 0.12", "-"; `column` gives the decimals. */
static void format_value(const table_column *column, const table_value *value, char *out, size_t size) {
    if (isnan(value->value))
        snprintf(out, size, "-");
    else if (value->has_range)
        snprintf(out, size, "%.*f [%.*f, %.*f]", column->decimals, value->value, column->decimals, value->low,
                 column->decimals, value->high);
    else if (isnan(value->spread))
        snprintf(out, size, "%.*f", column->decimals, value->value);
    else
        snprintf(out, size, "%.*f ± %.*f", column->decimals, value->value, column->decimals, value->spread);
}

static double rounded(double value, int decimals) {
    double scale = pow(10, decimals);
    return round(value * scale) / scale;
}

double table_difference(const table_column *column, const table_value *value) {
    return rounded(rounded(value->value, column->decimals) - value->published, column->decimals) + 0.0; /* no -0 */
}

/* Whether a row of the section (NULL: of the table) has a published figure in this column; `own`: one of its own data
 * set, so that a difference means something. */
static bool has_published(const table *t, const char *section, int column, bool own) {
    for (int i = 0; i < t->row_count; i++) {
        const table_row *row = &t->rows[i];
        if ((!section || strcmp(row->section, section) == 0) && !(own && row->related) &&
            !isnan(row->values[column].published))
            return true;
    }
    return false;
}

/* What Markdown and LaTeX show of a value; empty where there is nothing. */
typedef struct shown_value {
    char value[64], published[32], difference[32];
} shown_value;

static shown_value show(const table *t, const table_row *row, int c) {
    const table_column *column = &t->columns[c];
    const table_value *value = &row->values[c];
    double difference = table_difference(column, value);
    shown_value out = {.published = ""};
    format_value(column, value, out.value, sizeof out.value);
    if (!isnan(value->published))
        snprintf(out.published, sizeof out.published, row->related ? "(%.*f)" : "%.*f", column->decimals,
                 value->published);
    if (!row->related && !isnan(difference))
        snprintf(out.difference, sizeof out.difference, "%+.*f", column->decimals, difference);
    return out;
}

/* --- CSV: full precision, one line a row --- */

static void print_csv_number(double value, FILE *stream) {
    if (isnan(value))
        putc(',', stream);
    else
        fprintf(stream, ",%.9g", value);
}

void table_print_csv(const table *t, FILE *stream) {
    fprintf(stream, "section,row,seeds,published_on");
    for (int c = 0; c < t->column_count; c++) {
        const char *key = t->columns[c].key;
        fprintf(stream, ",%s,%s_spread,%s_low,%s_high,%s_published,%s_difference", key, key, key, key, key, key);
    }
    putc('\n', stream);
    for (int i = 0; i < t->row_count; i++) {
        const table_row *row = &t->rows[i];
        csv_text_print(stream, row->section);
        putc(',', stream);
        csv_text_print(stream, row->label);
        fprintf(stream, ",%d,", row->seeds);
        csv_text_print(stream, row->related ? row->related : row->section);
        for (int c = 0; c < t->column_count; c++) {
            const table_value *v = &row->values[c];
            print_csv_number(v->value, stream);
            print_csv_number(v->spread, stream);
            print_csv_number(v->has_range ? v->low : NAN, stream);
            print_csv_number(v->has_range ? v->high : NAN, stream);
            print_csv_number(v->published, stream);
            print_csv_number(v->value - v->published, stream);
        }
        putc('\n', stream);
    }
}

/* --- Markdown: one table a section --- */

/* A name may hold what divides the cells. */
static void print_markdown_cell(const char *text, FILE *stream) {
    fputs("| ", stream);
    for (; *text; text++)
        fprintf(stream, *text == '|' ? "\\%c" : "%c", *text);
    fputs(" |", stream);
}

static void print_markdown_head(const table *t, const char *section, FILE *stream) {
    fprintf(stream, "\n## %s\n\n| %s |", section, t->row_label);
    for (int c = 0; c < t->column_count; c++) {
        const table_column *column = &t->columns[c];
        fprintf(stream, " %s%s%s |%s%s", column->label, *column->unit ? " " : "", column->unit,
                has_published(t, section, c, false) ? " published |" : "",
                has_published(t, section, c, true) ? " difference |" : "");
    }
    fprintf(stream, "\n| --- |");
    for (int c = 0; c < t->column_count; c++)
        fprintf(stream, " ---: |%s%s", has_published(t, section, c, false) ? " ---: |" : "",
                has_published(t, section, c, true) ? " ---: |" : "");
    putc('\n', stream);
}

static void print_markdown_row(const table *t, const table_row *row, FILE *stream) {
    print_markdown_cell(row->label, stream);
    for (int c = 0; c < t->column_count; c++) {
        shown_value shown = show(t, row, c);
        fprintf(stream, " %s |", shown.value);
        if (has_published(t, row->section, c, false))
            fprintf(stream, " %s |", shown.published);
        if (has_published(t, row->section, c, true))
            fprintf(stream, " %s |", shown.difference);
    }
    putc('\n', stream);
}

static bool begins_section(const table *t, int row) {
    return row == 0 || strcmp(t->rows[row].section, t->rows[row - 1].section) != 0;
}

void table_print_markdown(const table *t, FILE *stream) {
    fprintf(stream, "# %s\n", t->title);
    for (int i = 0; i < t->row_count; i++) {
        if (begins_section(t, i))
            print_markdown_head(t, t->rows[i].section, stream);
        print_markdown_row(t, &t->rows[i], stream);
    }
}

/* --- HTML: one table a section, too --- */

static void begin_html(const table *t, const char *section, FILE *stream) {
    html_column heads[1 + 3 * TABLE_COLUMNS];
    char labels[TABLE_COLUMNS][64];
    int count = 0;
    heads[count++] = (html_column){t->row_label, NULL, false};
    for (int c = 0; c < t->column_count; c++) {
        const table_column *column = &t->columns[c];
        snprintf(labels[c], sizeof labels[c], "%.30s%s%.20s", column->label, *column->unit ? " " : "", column->unit);
        heads[count++] = (html_column){labels[c], NULL, true};
        if (has_published(t, section, c, false))
            heads[count++] = (html_column){"published", NULL, true};
        if (has_published(t, section, c, true))
            heads[count++] = (html_column){"difference", "ours minus published", true};
    }
    html_table_begin(stream, section, heads, count);
}

static void print_html_row(const table *t, const table_row *row, FILE *stream) {
    html_row_begin(stream);
    html_cell_text(stream, row->label);
    for (int c = 0; c < t->column_count; c++) {
        const table_value *value = &row->values[c];
        shown_value shown = show(t, row, c);
        html_cell_number(stream, value->value, shown.value);
        if (has_published(t, row->section, c, false))
            html_cell_number(stream, value->published, shown.published);
        if (has_published(t, row->section, c, true))
            html_cell_number(stream, *shown.difference ? table_difference(&t->columns[c], value) : NAN,
                             shown.difference);
    }
    html_row_end(stream);
}

void table_print_html(const table *t, FILE *stream) {
    for (int i = 0; i < t->row_count; i++) {
        if (begins_section(t, i)) {
            if (i > 0)
                html_table_end(stream);
            begin_html(t, t->rows[i].section, stream);
        }
        print_html_row(t, &t->rows[i], stream);
    }
    if (t->row_count > 0)
        html_table_end(stream);
}

/* --- LaTeX: one tabular, its sections divided by rules --- */

static void print_latex_text(const char *text, FILE *stream) {
    static const char plus_minus[] = "±";
    for (; *text; text++) {
        if (strncmp(text, plus_minus, strlen(plus_minus)) == 0) {
            fputs("$\\pm$", stream);
            text += strlen(plus_minus) - 1;
        } else if (strchr("%&_#${}", *text)) {
            fprintf(stream, "\\%c", *text);
        } else if (strchr("~^", *text)) { /* alone, accents */
            fprintf(stream, "\\%c{}", *text);
        } else {
            putc(*text, stream);
        }
    }
}

static int latex_columns(const table *t) {
    int count = 1;
    for (int c = 0; c < t->column_count; c++)
        count += 1 + has_published(t, NULL, c, false) + has_published(t, NULL, c, true);
    return count;
}

static void print_latex_head(const table *t, FILE *stream) {
    fprintf(stream, "\\begin{tabular}{l");
    for (int i = 1; i < latex_columns(t); i++)
        putc('r', stream);
    fprintf(stream, "}\n\\toprule\n%s", t->row_label);
    for (int c = 0; c < t->column_count; c++) {
        fprintf(stream, " & ");
        print_latex_text(t->columns[c].label, stream);
        if (*t->columns[c].unit)
            putc(' ', stream);
        print_latex_text(t->columns[c].unit, stream);
        fprintf(stream, "%s%s", has_published(t, NULL, c, false) ? " & publ." : "",
                has_published(t, NULL, c, true) ? " & diff." : "");
    }
    fprintf(stream, " \\\\\n");
}

static void print_latex_row(const table *t, const table_row *row, FILE *stream) {
    print_latex_text(row->label, stream);
    for (int c = 0; c < t->column_count; c++) {
        shown_value shown = show(t, row, c);
        fprintf(stream, " & ");
        print_latex_text(shown.value, stream);
        if (has_published(t, NULL, c, false))
            fprintf(stream, " & %s", shown.published);
        if (has_published(t, NULL, c, true))
            fprintf(stream, *shown.difference ? " & $%s$" : " & %s", shown.difference);
    }
    fprintf(stream, " \\\\\n");
}

void table_print_latex(const table *t, FILE *stream) {
    fprintf(stream, "%% %s; needs \\usepackage{booktabs}\n", t->title);
    print_latex_head(t, stream);
    for (int i = 0; i < t->row_count; i++) {
        if (begins_section(t, i)) {
            fprintf(stream, "\\midrule\n\\multicolumn{%d}{l}{", latex_columns(t));
            print_latex_text(t->rows[i].section, stream);
            fprintf(stream, "} \\\\\n");
        }
        print_latex_row(t, &t->rows[i], stream);
    }
    fprintf(stream, "\\bottomrule\n\\end{tabular}\n");
}
