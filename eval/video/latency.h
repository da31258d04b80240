/* Percentiles of any number of durations in a fixed amount of memory: counts of classes that are two per cent wide.
 *
 * Thread rule: one thread at a time for each. */
#ifndef IRST_EVAL_VIDEO_LATENCY_H
#define IRST_EVAL_VIDEO_LATENCY_H

#include <stdint.h>

enum { LATENCY_CLASSES = 1024 };

/* A zeroed struct has seen none. */
typedef struct latency {
    int64_t total;
    int64_t classes[LATENCY_CLASSES];
} latency;

/* From 10 microseconds to an hour; others count as the nearest of these. */
void latency_add(latency *l, double seconds);

/* The duration that the share 0 .. 1 of them does not exceed, to within two per cent; 0 if there are none. */
double latency_percentile(const latency *l, double share);

#endif
