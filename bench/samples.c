#include "bench/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void samples_add(samples *s, double value) {
    if (s->count < SAMPLES_MAXIMUM)
        s->values[s->count++] = value;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_median(const samples *s) {
    double sorted[SAMPLES_MAXIMUM];
    int n = s->count;
    if (n == 0)
        return NAN;
    memcpy(sorted, s->values, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double samples_smallest(const samples *s) {
    double smallest = NAN;
    for (int i = 0; i < s->count; i++)
        smallest = fmin(smallest, s->values[i]);
    return smallest;
}

double samples_largest(const samples *s) {
    double largest = NAN;
    for (int i = 0; i < s->count; i++)
        largest = fmax(largest, s->values[i]);
    return largest;
}
