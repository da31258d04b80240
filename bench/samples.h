/* Times of one thing, taken several times, and their median: a few disturbed runs do not move it. */
#ifndef IRST_BENCH_SAMPLES_H
#define IRST_BENCH_SAMPLES_H

enum { SAMPLES_MAXIMUM = 1000 };

typedef struct samples {
    int count;
    double values[SAMPLES_MAXIMUM];
} samples;

void samples_add(samples *s, double value); /* beyond the maximum: ignored */
double samples_median(const samples *s);    /* NaN if there is none, as the next */
double samples_smallest(const samples *s);

#endif
