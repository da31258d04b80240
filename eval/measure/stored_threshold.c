#include "eval/measure/stored_threshold.h"

#include "modules/torch/weights_notes.h"

#include <math.h>

status stored_threshold_take(const char *checkpoint, scoring *how, double *threshold) {
    if (!checkpoint || how->threshold || how->rule != RULE_SCORE)
        return STATUS_OK;
    TRY(weights_read_threshold(checkpoint, threshold));
    if (!isnan(*threshold))
        how->threshold = threshold;
    return STATUS_OK;
}
