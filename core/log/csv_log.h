/* A table of numbers that grows by one row a time: in a CSV file, where every row is on its way to the disk when
 * the call returns, and in memory, column by column, ready to be drawn.
 *
 * The first column is an integer (a step or epoch); in the others NaN is an empty cell.
 *
 * Thread rule: one thread at a time for each log; different ones at once. */
#ifndef IRST_CORE_LOG_CSV_LOG_H
#define IRST_CORE_LOG_CSV_LOG_H

#include "core/base/status.h"

#include <stdint.h>

typedef struct csv_log csv_log;

/* A new file with this header; replaces an old one. Free with csv_log_close. Column names hold no comma, quote
 * or line break. */
status csv_log_create(const char *path, const char *const *columns, int column_count, csv_log **out);

/* Continues a file: its header must be equal (STATUS_INPUT if not, with both names of the first column that
 * differs). Rows whose first cell is greater than `last` are dropped, the file being replaced atomically, and
 * so is a last row that was cut off by a crash. A missing or empty file is created. */
status csv_log_resume(const char *path, const char *const *columns, int column_count, int64_t last, csv_log **out);

void csv_log_close(csv_log *log); /* accepts NULL */

/* Appends a row of as many values as there are columns. */
status csv_log_row(csv_log *log, const double *values);

int csv_log_row_count(const csv_log *log);
/* All values of a column, csv_log_row_count of them; owned by the log, valid until the next row. */
const double *csv_log_column(const csv_log *log, int column);

#endif
