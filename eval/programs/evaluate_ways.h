/* evaluate --predictions: pictures scored by every rule and both protocols. */
#ifndef IRST_EVAL_PROGRAMS_EVALUATE_WAYS_H
#define IRST_EVAL_PROGRAMS_EVALUATE_WAYS_H

#include "eval/measure/evaluation_report.h"

/* Prints them on stdout, as the first process. `like`: all but the rule, the protocol and the figures. `say` is told of
 * each rule whose figures say nothing. */
status evaluate_ways(const score_source *source, const dataset *set, const evaluation *like, report_format format,
                     report_extent extent, void (*say)(void *context, const char *remark), void *context);

#endif
