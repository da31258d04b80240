/* evaluate --against: another detector on the same images. */
#ifndef IRST_EVAL_PROGRAMS_EVALUATE_AGAINST_H
#define IRST_EVAL_PROGRAMS_EVALUATE_AGAINST_H

#include "core/base/status.h"
#include "eval/measure/records.h"
#include "modules/detector.h"

typedef struct rival {
    char checkpoint[4096]; /* "": a method has none */
    detector *d;
    score_source source;
    grey_range range; /* that its images are spread from */
    evaluate_options how;
    double threshold; /* how.how.threshold points here if there is one */
    metrics counts;   /* of rival_measure, as the next */
    records *kept;
} rival;

/* Finds the checkpoint of what `name` says: a file, weights that come with the programs, or a method without
 * parameters; a file that is not there is STATUS_INPUT, another name STATUS_USAGE. */
status rival_find(const char *name, rival *out);

/* Opens what has been found by that name. `range`: as argument_range takes it. `how`: as the first detector is judged,
 * and where that has no threshold and the rule is score, at the checkpoint's own. STATUS_USAGE if the rule does not
 * suit it. `r` stays where it is; free with rival_free. */
status rival_open(rival *r, engine *e, const char *name, const char *range, const detector_tiles *tiles,
                  const evaluate_options *how);
void rival_free(rival *r); /* accepts a zeroed struct */

/* Scores all images, which are spread to its range from now on. `rate` (NULL: none): of false alarms, whose threshold
 * is found first. */
status rival_measure(rival *r, dataset *set, const double *rate);

#endif
