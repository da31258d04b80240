/* The largest of some deviations. fmax() drops those that are not a number, which are the worst of all. */
#ifndef IRST_TESTS_DEVIATION_H
#define IRST_TESTS_DEVIATION_H

#include <math.h>

/* The larger one; NaN is larger than any number. */
static inline double deviation_worse(double a, double b) {
    return isnan(a) || a > b ? a : b;
}

#endif
