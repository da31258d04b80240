/* A column of an experiment's table: a metric, or something else that a cell knows.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_EXPERIMENTS_COLUMN_H
#define IRST_EVAL_EXPERIMENTS_COLUMN_H

#include "eval/experiments/cell.h"
#include "eval/experiments/table.h"
#include "eval/measure/metric_table.h"

typedef enum column_kind { COLUMN_METRIC, COLUMN_PARAMS, COLUMN_SECONDS, COLUMN_MILLISECONDS } column_kind;

typedef struct grid_column {
    column_kind kind;
    metric_id metric; /* of a COLUMN_METRIC */
    int decimals;     /* 0: as the metric has */
    bool judged;      /* its published figures can be met: the verdict counts them */
    int published;    /* number of the figure in the published line, from 1; 0: none */
} grid_column;

double column_value(const grid_column *c, const cell *from);
/* Its confidence interval, in the same unit; false if the cell has none. */
bool column_interval(const grid_column *c, const cell *from, interval *out);
/* Head, unit and so on for the table. `label` and `key` (32 bytes each, may be unused) hold texts that are made. */
table_column column_head(const grid_column *c, const char *condition, char label[32], char key[32]);
/* Where its published figures stand: "", "_params", "_seconds" after the name of the table's section. */
const char *column_section(const grid_column *c);

#endif
