/* The threshold that goes with a checkpoint.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_STORED_THRESHOLD_H
#define IRST_EVAL_MEASURE_STORED_THRESHOLD_H

#include "core/base/status.h"
#include "eval/measure/metrics.h"

/* By the rule score, and where no threshold is set, that of the checkpoint (NULL: none) counts, as in detect: it comes
 * into *threshold, which has to live as long as `how`. */
status stored_threshold_take(const char *checkpoint, scoring *how, double *threshold);

#endif
