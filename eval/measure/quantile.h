/* Quantiles of a list of numbers.
 *
 * Thread rule: any thread at any time, on different lists. */
#ifndef IRST_EVAL_MEASURE_QUANTILE_H
#define IRST_EVAL_MEASURE_QUANTILE_H

/* Sorts finite numbers, the smallest first. */
void quantile_sort(double *values, int count);

/* Of `count` >= 1 sorted numbers, the one that the share 0 .. 1 of them lies below: between the two nearest. */
double quantile(const double *sorted, int count, double share);

#endif
