#include "eval/measure/assignment.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* With at most as many rows as columns. Rows and columns are counted from 1; column 0 stands for "not yet". */
typedef struct solver {
    const double *cost;
    int rows, columns, row_step, column_step; /* entry (r, c) is at (r - 1) * row_step + (c - 1) * column_step */
    double *row_price, *column_price;         /* cost - both prices >= 0, and 0 on assigned pairs */
    double *distance;                         /* per column, of the cheapest path so far */
    int *row_of, *before;                     /* per column: its row, and the column before it on the path */
    bool *done;
} solver;

static double reduced(const solver *s, int row, int column) {
    double cost = s->cost[(long)(row - 1) * s->row_step + (long)(column - 1) * s->column_step];
    return cost - s->row_price[row] - s->column_price[column];
}

/* Widens the cheapest paths by the edges of the row that stands at `column`; returns the nearest open column. */
static int advance(solver *s, int column, double *shortest) {
    int row = s->row_of[column], next = 0;
    *shortest = INFINITY;
    s->done[column] = true;
    for (int c = 1; c <= s->columns; c++) {
        if (s->done[c])
            continue;
        double length = reduced(s, row, c);
        if (length < s->distance[c]) {
            s->distance[c] = length;
            s->before[c] = column;
        }
        if (s->distance[c] < *shortest) {
            *shortest = s->distance[c];
            next = c;
        }
    }
    return next;
}

/* All paths so far become shorter by `step`: the prices of what they touch take it up. */
static void reprice(solver *s, double step) {
    for (int c = 0; c <= s->columns; c++)
        if (s->done[c]) {
            s->row_price[s->row_of[c]] += step;
            s->column_price[c] -= step;
        } else {
            s->distance[c] -= step;
        }
}

static void assign_row(solver *s, int row) {
    for (int c = 0; c <= s->columns; c++) {
        s->distance[c] = INFINITY;
        s->done[c] = false;
    }
    s->row_of[0] = row;
    int column = 0;
    do {
        double step;
        column = advance(s, column, &step);
        reprice(s, step);
    } while (s->row_of[column] != 0);
    for (; column != 0; column = s->before[column])
        s->row_of[column] = s->row_of[s->before[column]];
}

static status solve(solver *s) {
    size_t columns = (size_t)s->columns + 1;
    s->row_price = calloc((size_t)s->rows + 1, sizeof *s->row_price);
    s->column_price = calloc(columns, sizeof *s->column_price);
    s->distance = calloc(columns, sizeof *s->distance);
    s->row_of = calloc(columns, sizeof *s->row_of);
    s->before = calloc(columns, sizeof *s->before);
    s->done = calloc(columns, sizeof *s->done);
    if (!s->row_price || !s->column_price || !s->distance || !s->row_of || !s->before || !s->done)
        return status_fail(STATUS_MEMORY, "out of memory for matching %d with %d", s->rows, s->columns);
    for (int row = 1; row <= s->rows; row++)
        assign_row(s, row);
    return STATUS_OK;
}

status assignment_solve(const double *cost, int rows, int columns, int *column_of) {
    bool flipped = rows > columns;
    solver s = {.cost = cost,
                .rows = flipped ? columns : rows,
                .columns = flipped ? rows : columns,
                .row_step = flipped ? 1 : columns,
                .column_step = flipped ? columns : 1};
    status result = solve(&s);
    for (int i = 0; i < rows; i++)
        column_of[i] = -1;
    for (int c = 1; c <= s.columns && result == STATUS_OK; c++) {
        int row = s.row_of[c];
        if (row > 0)
            column_of[flipped ? c - 1 : row - 1] = flipped ? row - 1 : c - 1;
    }
    free(s.row_price);
    free(s.column_price);
    free(s.distance);
    free(s.row_of);
    free(s.before);
    free(s.done);
    return result;
}
