/* The figures of an experiment: one cell for each method and data set, several where it was trained with several seeds.
 * Cells are kept in FOLDER/cells as they come (see cell.h). */
#ifndef IRST_EVAL_EXPERIMENTS_RESULTS_H
#define IRST_EVAL_EXPERIMENTS_RESULTS_H

#include "core/base/status.h"
#include "eval/experiments/cell.h"
#include "eval/experiments/experiment.h"

#include <stdbool.h>

typedef struct results results;

/* Evaluates what is not stored yet, with a line on stdout for each; trainings that are not finished have no cell.
 * `only_stored`: evaluates nothing. */
status results_evaluate(const experiment *e, const char *folder, bool only_stored, results **out);
void results_free(results *r); /* accepts NULL */

/* Seeds of a method on a data set for which there are figures; 0: none. */
int results_count(const results *r, int method, int data);
const cell *results_cell(const results *r, int method, int data, int index);

#endif
