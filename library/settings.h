/* What irst_open is told: which detector, and "key=value" texts as on the command line of detect.
 *
 * Thread rule: any thread at any time, on different settings. */
#ifndef IRST_LIBRARY_SETTINGS_H
#define IRST_LIBRARY_SETTINGS_H

#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "include/irst.h"
#include "modules/detector.h"

typedef struct settings {
    const char *method, *checkpoint; /* one of them is NULL */
    grey_range range;
    double threshold;
    int size; /* 0: native */
    detector_tiles tiles;
    detector_precision precision;
    const char **model; /* the settings "model.KEY=VALUE", in their order */
    int model_count;
} settings;

/* "native" gives 0, a number in 1..32768 itself; else STATUS_USAGE. */
status settings_read_size(const char *value, int *out);

/* Reads everything but the detector itself, from the checkpoint where no setting says. STATUS_USAGE for an unknown key
 * or a bad value. Texts are not copied. Free with settings_free, after a failure too. */
status settings_read(const char *checkpoint_or_method, const irst_options *options, settings *out);
void settings_free(settings *s); /* accepts a zeroed struct */

/* Opens the detector. A checkpoint's own options cannot be changed: STATUS_USAGE for a setting that is not what it
 * has, or of one of PyTorch's what its tensors tell. */
status settings_open(const settings *s, engine *e, detector **out);

#endif
