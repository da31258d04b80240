#include "eval/measure/quantile.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void quantile_sort(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
}

double quantile(const double *sorted, int count, double share) {
    double place = share * (count - 1);
    int low = (int)place, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}
