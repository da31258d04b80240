/* One evaluation as text, CSV or JSON, and its ROC curve. */
#ifndef IRST_EVAL_MEASURE_EVALUATION_REPORT_H
#define IRST_EVAL_MEASURE_EVALUATION_REPORT_H

#include "core/base/status.h"
#include "eval/measure/evaluate.h"

#include <stdint.h>
#include <stdio.h>

typedef struct evaluation {
    const char *method, *dataset, *split;
    int64_t params; /* trained parameters */
    evaluate_options options;
    metrics counts;
    double ms_per_image;
} evaluation;

typedef enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON } report_format;

/* The enumerations as words of a command line, by value. */
extern const char *const score_rule_names[2];
extern const char *const mask_rule_names[3];
extern const char *const match_protocol_names[2];
extern const char *const report_format_names[3];

/* Text is for reading: percent, Fa in 1e-5 and the counts behind them, as in the papers. CSV (a header and one row)
 * and JSON (one object) hold fractions in [0, 1] under the same names. */
status evaluation_print(const evaluation *e, report_format format, FILE *stream);

/* Writes the 201 points of the ROC curve, atomically: as CSV (threshold, fpr, tpr), or drawn if the path ends in
 * .png or .svg. Another suffix is STATUS_USAGE. */
status evaluation_write_roc(const evaluation *e, const char *path);
/* The check of the suffix alone, to refuse a path before the work. */
status evaluation_check_roc_path(const char *path);

#endif
