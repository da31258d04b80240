/* The figures of an experiment: what its methods make of chosen images, and the stages of unrolled networks.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_FIGURES_FIGURES_H
#define IRST_EVAL_FIGURES_FIGURES_H

#include "core/config/config.h"
#include "core/html/html_page.h"
#include "eval/experiments/experiment.h"

extern const config_key figures_keys[];
extern const int figures_key_count;

/* Refuses bad keys. */
status figures_check(const experiment *e);

/* Writes into `folder`, with a line on stdout for each file:
 *   DATA_NAME_methods.png          an image, its ground truth and every method's score
 *   DATA_NAME_stages_METHOD.png    B, T, N and D of every stage
 *   report.html                    the page, with all of them */
status figures_write(const experiment *e, const char *folder, html_page *page);

#endif
