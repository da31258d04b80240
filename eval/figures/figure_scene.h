/* One sample of an experiment and what its methods make of it, for figures.
 *
 * Thread rule: one thread at a time for each experiment and each detector; different ones at once. */
#ifndef IRST_EVAL_FIGURES_FIGURE_SCENE_H
#define IRST_EVAL_FIGURES_FIGURE_SCENE_H

#include "eval/experiments/experiment.h"
#include "eval/measure/metrics.h"
#include "eval/measure/sample.h"

/* A sample that a configuration names: "NAME", or "DATA/NAME" where there are several data sets. */
typedef struct sample_name {
    int data; /* index */
    char name[256];
    int index; /* in its data set */
} sample_name;

/* Finds the samples that `text`, the value of `key`, names with blanks between them. `out` is new (`count` of them),
 * freed with free, without those of data sets that the user left out. One that is not there is STATUS_USAGE. */
status sample_names_find(const experiment *e, const char *key, const char *text, sample_name **out, int *count);

/* The sample as the options say, its grey values spread from `range`. Free with sample_free. */
status sample_name_read(const experiment *e, const sample_name *s, const sample_options *options,
                        const grey_range *range, sample *out);

/* What one method makes of it. */
typedef struct scene_result {
    float *score;      /* in [0, 1]: under RULE_MAX its ratio to the image's maximum, else the probability */
    uint8_t *detected; /* by the rule */
} scene_result;

/* Free with scene_result_free. */
status scene_detect(detector *d, const sample *s, const scoring *how, scene_result *out);
void scene_result_free(scene_result *r); /* accepts a zeroed struct */

/* What `score` holds, for the label of a colour scale. */
const char *scene_score_name(score_rule rule);

#endif
