/* The assignment problem: each row gets a column of its own such that the costs add up to the least.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_ASSIGNMENT_H
#define IRST_EVAL_MEASURE_ASSIGNMENT_H

#include "core/base/status.h"

/* `cost`: rows x columns, finite. `column_of` gets a column for each row; with more rows than columns -1 for those that
 * get none. The Hungarian method by shortest augmenting paths (Jonker & Volgenant, Computing 38, 1987):
 * O(n^2 m) for the smaller number n and the larger m. */
status assignment_solve(const double *cost, int rows, int columns, int *column_of);

#endif
