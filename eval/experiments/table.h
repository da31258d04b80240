/* A table of figures beside published ones: described once, written as CSV, Markdown, LaTeX and HTML.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_TABLE_H
#define IRST_EVAL_EXPERIMENTS_TABLE_H

#include "core/base/status.h"
#include "core/io/file_io.h"

#include <stdbool.h>
#include <stdio.h>

#define TABLE_COLUMNS 8

typedef struct table_column {
    const char *label; /* "mIoU" */
    const char *unit;  /* "%"; "" if none */
    const char *key;   /* in the CSV: "miou_percent" */
    int decimals;
    bool judged; /* its published figures can be met: the verdict counts them */
} table_column;

typedef struct table_value {
    double value;     /* NaN: not measured */
    double spread;    /* standard deviation over the seeds; NaN: one seed */
    double published; /* NaN: nothing is published */
    bool has_range;   /* of one seed: between which values the images alone leave it */
    double low, high;
    bool is_aside; /* what is published is shown, but judged in another row or in none */
} table_value;

typedef struct table_row {
    const char *section; /* the rows of a section follow each other: a data set */
    char label[64];
    int seeds; /* of each value */
    /* The published figures are those of another data set, this one: shown in brackets, not judged. NULL: our own. */
    const char *related;
    table_value values[TABLE_COLUMNS];
} table_row;

typedef struct table {
    const char *title, *row_label; /* row_label heads the labels: "method" */
    const table_column *columns;
    int column_count;
    table_row *rows;
    int row_count;
    name_list notes; /* lines below it */
} table;

/* Texts that the row points to must outlive the table. */
status table_add_row(table *t, const table_row *row);
void table_free(table *t); /* rows and notes; accepts a zeroed struct */

/* The difference to what is published, of figures rounded as they are shown; NaN if one is missing. */
double table_difference(const table_column *column, const table_value *value);

void table_print_csv(const table *t, FILE *stream);
void table_print_markdown(const table *t, FILE *stream);
void table_print_latex(const table *t, FILE *stream); /* needs the package booktabs */

/* A table that sorts for each section, in a page. */
void table_print_html(const table *t, FILE *stream);

/* Which published figures are met within what distance, as a list in Markdown. */
void table_print_verdict(const table *t, FILE *stream);

/* FOLDER/NAME.csv, .md (with verdict and notes) and .tex, each replaced atomically. */
status table_write(const table *t, const char *folder, const char *name);

#endif
