/* The metrics, as a table (metric_table.def): a new one is a line there and, if it is no plain share, a function in
 * metric_table.c.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_METRIC_TABLE_H
#define IRST_EVAL_MEASURE_METRIC_TABLE_H

#include "eval/measure/metrics.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum metric_id {
#define METRIC(name, label, unit, decimals, group, log, help, value) METRIC_##name,
#include "eval/measure/metric_table.def"
#undef METRIC
    METRICS
} metric_id;

typedef enum metric_unit { UNIT_PERCENT, UNIT_PER_1E5, UNIT_PER_1E6, UNIT_ONE } metric_unit;

/* Texts show the published metrics, and the other groups where all are asked for. */
typedef enum metric_group { GROUP_PUBLISHED, GROUP_TARGETS, GROUP_HIERARCHY, GROUP_BINS, METRIC_GROUPS } metric_group;

extern const char *const metric_group_titles[METRIC_GROUPS];

typedef struct metric {
    const char *name, *label;
    metric_unit unit;
    int decimals;
    metric_group group;
    bool is_logged; /* by a training */
    const char *help;
    double (*value)(const metrics *m); /* a fraction; NaN for 0 / 0 */
} metric;

extern const metric metric_table[METRICS];

/* "%", "1e-5", "1e-6", ""; what a fraction is multiplied by for it; what goes behind a name for it: "_percent". */
const char *metric_unit_name(metric_unit unit);
double metric_unit_factor(metric_unit unit);
const char *metric_unit_suffix(metric_unit unit);

/* The share part / whole, with 0 / 0 = 0 as published. */
double metric_zero_share(int64_t part, int64_t whole);

/* A fraction, as figures are given: the published ones are 0 for 0 / 0, the others NaN. */
double metric_value(metric_id id, const metrics *m);
/* In the metric's unit. */
double metric_shown(metric_id id, const metrics *m);
/* False alarms: less is better. */
bool metric_is_error(metric_id id);
/* The metric of that name; METRICS if there is none. */
metric_id metric_find(const char *name);

#endif
