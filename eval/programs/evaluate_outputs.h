/* What evaluate leaves beside the figures that it prints: records, a curve, a page, and a folder for browse. */
#ifndef IRST_EVAL_PROGRAMS_EVALUATE_OUTPUTS_H
#define IRST_EVAL_PROGRAMS_EVALUATE_OUTPUTS_H

#include "core/base/status.h"
#include "eval/measure/evaluation_report.h"
#include "eval/measure/records.h"
#include "eval/measure/scores_file.h"
#include "eval/report/gallery.h"

typedef struct evaluate_outputs {
    const char *records, *roc, *report, *folder; /* as given; NULL: not wanted */
    struct records *kept;                        /* NULL: nobody asked for them */
    gallery *pictures;                           /* for the report */
    scores_writer *scores;
} evaluate_outputs;

/* Whether the names have the right endings: STATUS_USAGE if not. */
status evaluate_outputs_check_names(const evaluate_outputs *o);
/* Before the work: makes the folder, and tries whether all can be written. STATUS_USAGE for one that is one of the
 * `count` files that are read, of which some may be NULL, and for two that are one file. */
status evaluate_outputs_check(const evaluate_outputs *o, const char *const *read, int count);

/* Begins what is filled image by image, for an evaluation of which all but the figures is known. `keep`: the records
 * are needed even if they are not written. */
status evaluate_outputs_begin(evaluate_outputs *o, const evaluation *e, score_kind kind, int images, bool keep);
const image_watcher *evaluate_outputs_watcher(const evaluate_outputs *o); /* NULL: nothing wants to know */
status evaluate_outputs_write(evaluate_outputs *o, const evaluation *e);
void evaluate_outputs_free(evaluate_outputs *o); /* accepts a zeroed struct */

#endif
