/* Trained weights from whatever file holds them: a checkpoint of ours, or one of PyTorch's. Where a user may name a
 * checkpoint, it is opened here.
 *
 * Thread rule: any thread at any time; what it opens is the caller's of its engine. */
#ifndef IRST_MODULES_TORCH_WEIGHTS_FILE_H
#define IRST_MODULES_TORCH_WEIGHTS_FILE_H

#include "core/base/status.h"
#include "modules/checkpoint.h"
#include "modules/detector.h"

/* The detector that the file describes, as checkpoint_load_weights or torch_import make it. PyTorch's files have one
 * set of weights, whichever is asked for. Free with detector_free. */
status weights_file_load(engine *e, const char *path, checkpoint_weights which, detector **out);

/* What a detector took over from a file. */
typedef struct weights_match {
    int taken, all;         /* tensors */
    const char *first_left; /* the detector's name of the first that the file does not have in this shape; or NULL */
} weights_match;

/* Takes over every tensor of the file's best weights whose name and shape `d` knows; the others stay. The file may be
 * of another method or of other options, but must be sound. */
status weights_file_take(engine *e, const char *path, detector *d, weights_match *out);

#endif
