/* Score maps over a whole split: what they add up to. The trainer uses it too.
 *
 * Thread rule: one thread at a time for each source; different ones at once, on one data set too. Sources and watchers
 * are called by the thread that evaluates. */
#ifndef IRST_EVAL_MEASURE_EVALUATE_H
#define IRST_EVAL_MEASURE_EVALUATE_H

#include "datasets/dataset.h"
#include "eval/measure/metrics.h"
#include "eval/measure/per_image.h"
#include "eval/measure/sample.h"
#include "modules/detector.h"

/* Who wants to know about each image, in their order. */
typedef struct image_watcher {
    status (*see)(void *context, const char *name, const scored_image *image, const per_image *outcome);
    void *context;
} image_watcher;

typedef struct evaluate_options {
    sample_options sample;
    scoring how;
    const image_watcher *watcher; /* NULL: nobody */
    const char *label;            /* of the progress bar on stderr; NULL for none */
    peers *peers;                 /* that score the same samples together, or NULL */
} evaluate_options;

/* Where score maps come from. */
typedef struct score_source {
    const char *name; /* for messages */
    score_kind kind;
    bool has_logits;
    /* The maps of a sample; they are valid until the next call. */
    status (*run)(void *context, const char *name, const sample *s, detector_maps *maps);
    void *context;
} score_source;

score_source detector_source(detector *d); /* valid as long as the detector */

/* STATUS_USAGE if the rule is RULE_LOGIT and the source has no logits; evaluate_source begins with it. */
status evaluate_check(const score_source *source, const evaluate_options *options);

/* Scores every sample, one at a time; the next one is read meanwhile. Of several processes each scores every so manieth
 * sample and sends the maps to rank 0, which alone measures, tells the watcher and shows the bar: there `out` has the
 * bits of one process, elsewhere it is zero. A failure is that of the process that met it. `out` is filled from zero.
 * `ms_per_image` (may be NULL): median wall time of this process's source->run, reading and metrics apart; 0 if there
 * was none. RULE_LOGIT for a source without logits and an empty split are STATUS_USAGE and STATUS_INPUT; a score that
 * is not finite is STATUS_NUMERIC and names the sample. At native size a mask must have its image's size. */
status evaluate_source(const score_source *source, const dataset *data, const evaluate_options *options, metrics *out,
                       double *ms_per_image);

/* The same with a detector_source. */
status evaluate_dataset(detector *d, const dataset *data, const evaluate_options *options, metrics *out,
                        double *ms_per_image);

#endif
