/* One evaluation as text, CSV or JSON.
 *
 * Thread rule: any thread at any time, on different streams. */
#ifndef IRST_EVAL_MEASURE_EVALUATION_REPORT_H
#define IRST_EVAL_MEASURE_EVALUATION_REPORT_H

#include "core/base/status.h"
#include "eval/measure/bootstrap.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/metric_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct evaluation {
    const char *method, *dataset, *split;
    int64_t params; /* trained parameters */
    evaluate_options options;
    metrics counts;
    double ms_per_image; /* NAN: nobody knows, nor `params`, as of pictures that another program made */
    /* Of every metric; NULL: not asked for. */
    const interval *intervals;
    const comparison *against; /* with another detector on the same images */
    const char *against_name;
    double against_threshold;
    const char *against_remark; /* metrics_remark of it */
    bootstrap how_sure;
} evaluation;

typedef enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON } report_format;
typedef enum report_extent { REPORT_PUBLISHED, REPORT_ALL } report_extent;

/* The enumerations as words of a command line, by value. */
extern const char *const mask_rule_names[3];
extern const char *const match_protocol_names[2];
extern const char *const report_format_names[3];
extern const char *const report_extent_names[2];

/* The threshold that the options come to. */
double scoring_threshold(const scoring *how);

/* What is to be known of images without a target: they count in mIoU, in Fa only by the centroid protocol, and in nIoU
 * as 0 however good they are. False, and no text, where there are none. */
bool evaluation_empty_remark(const evaluation *e, char *text, size_t size);

/* Text is for reading: percent, Fa in 1e-5 and the counts behind them, as in the papers; `extent` says whether all
 * metrics or those of the published tables. CSV (a header and one row) and JSON (one object) hold all, as fractions in
 * [0, 1] under the same names; what is undefined is empty or null. */
status evaluation_print(const evaluation *e, report_format format, report_extent extent, FILE *stream);

/* The same set scored in several ways: as a table of the published metrics, or as a row or an object of an array each.
 */
status evaluation_print_all(const evaluation *all, int count, report_format format, FILE *stream);

#endif
