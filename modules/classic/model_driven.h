/* Methods without parameters: running one on an image, behind the interface of detector.h.
 *
 * Thread rule: the caller's of its engine, with a run of its own. */
#ifndef IRST_MODULES_CLASSIC_MODEL_DRIVEN_H
#define IRST_MODULES_CLASSIC_MODEL_DRIVEN_H

#include "core/base/workspace.h"
#include "modules/classic/solver_report.h"
#include "modules/detector_type.h"

#define FULL_SCALE 255.0f /* white, in grey values */

/* What lasts from one image to the next. Zeroed at the start. */
typedef struct model_driven_run {
    workspace maps, work;
    solver_report report; /* of the last image */
} model_driven_run;

/* Fills out->score and the residuals, which live in `run` until the next call. image: in [0, 1]. */
status model_driven_score(engine *e, model_driven_run *run, const detector_type *type, const config *options,
                          const float *image, int width, int height, detector_maps *out);

size_t model_driven_memory(const model_driven_run *run); /* bytes held */

void model_driven_free(model_driven_run *run);

#endif
