/* What a detector's score maps on a data set add up to: counts, from which every metric of metric_table.def follows.
 *
 * Thread rule: any thread at any time, on different structs; metrics_sum by the thread that speaks to the peers. */
#ifndef IRST_EVAL_MEASURE_METRICS_H
#define IRST_EVAL_MEASURE_METRICS_H

#include "core/base/peers.h"
#include "core/base/status.h"
#include "eval/measure/score_rule.h"

#include <stdint.h>

typedef enum match_protocol {
    PROTOCOL_OVERLAP, /* Pd: >= 1 predicted pixel inside the target; Fa: predicted pixels outside / background
                       */
    PROTOCOL_CENTROID /* Pd: centroids nearer than 3 pixels, greedy in scan order; Fa (fixed form): unmatched
                         predicted pixels / all pixels */
} match_protocol;

#define ROC_POINTS 201
#define TARGET_BINS 4
#define SCORE_LEVELS 10
#define RATIO_EPSILON 2.2e-16 /* the reference adds it to denominators */

typedef struct metrics {
#define COUNT(name) int64_t name;
#define SUM(name) double name;
#define CURVE(name, points) int64_t name[points];
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
} metrics;

/* How a score map is judged. */
typedef struct scoring {
    score_rule rule;
    match_protocol protocol;
    const double *threshold; /* NULL: the rule's own */
} scoring;

/* Adds what one image comes to (see per_image.h). */
status metrics_add(metrics *m, const scored_image *image, const scoring *how);

/* What a reader of the figures would take for a result, and is none: the scores hardly differ, so that more than half
 * of the background is predicted and Pd is high (relative rules do so with a network that has learnt nothing), or no
 * pixel is predicted in any image. Static; NULL: nothing is to be said. */
const char *metrics_remark(const metrics *m);

/* Adds the counts of other images. */
void metrics_merge(metrics *m, const metrics *other);

/* Adds those of all ranks, in their order: the same bits on each of them. NULL: leaves them. */
void metrics_sum(metrics *m, peers *p);

#endif
