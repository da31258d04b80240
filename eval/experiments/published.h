/* Published figures, read from an ini: a section for each table, a line for each row, a number for each column.
 *
 *   [table]           METHOD/DATA = mIoU F1 Pd Fa      percent, and Fa in 1e-5; - where nothing is published
 *   [table_params]    METHOD = millions
 *   [table_seconds]   METHOD = seconds an image on CPU and on GPU
 *   [stages], [stages_params], [channels]              the ablations, likewise
 *   [average]         METHOD = mIoU F1 Pd Fa           over the data sets
 *   [f1_off]          TABLE/ROW = number               by which a published F1 exceeds what follows from its mIoU,
 *                                                      where that is more than rounding
 *   [note]            TABLE/1 = a text                 to print below it; TABLE/2 = more of it, ...
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_PUBLISHED_H
#define IRST_EVAL_EXPERIMENTS_PUBLISHED_H

#include "core/base/status.h"

typedef struct published published;

status published_read(const char *path, published **out);
void published_free(published *p); /* accepts NULL */

/* Number `index` of the line `row` in a section; NaN if there is none. */
double published_value(const published *p, const char *section, const char *row, int index);

/* Line `number`, from 1, of the note for a table; NULL if there is none. */
const char *published_note(const published *p, const char *table, int number);

#endif
