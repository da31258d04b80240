/* A time or a rate, taken several times. A few disturbed runs do not move the median of times; a rate that is the
 * processor's own, such as its peak, is the largest one. */
#ifndef IRST_BENCH_SAMPLES_H
#define IRST_BENCH_SAMPLES_H

enum { SAMPLES_MAXIMUM = 1000 };

typedef struct samples {
    int count;
    double values[SAMPLES_MAXIMUM];
} samples;

void samples_add(samples *s, double value); /* beyond the maximum: ignored */
double samples_median(const samples *s);    /* NaN if there is none, as the next two */
double samples_smallest(const samples *s);
double samples_largest(const samples *s);

#endif
