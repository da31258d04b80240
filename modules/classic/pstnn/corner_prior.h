/* The prior weight of PSTNN: where an image has corners and blobs rather than edges or flat areas (Zhang & Peng, 2019).
 *
 * Thread rule: any thread at any time, on different maps and workspaces. */
#ifndef IRST_MODULES_CLASSIC_PSTNN_CORNER_PRIOR_H
#define IRST_MODULES_CLASSIC_PSTNN_CORNER_PRIOR_H

#include "core/base/workspace.h"

/* prior: width * height, in [0, 1]; all 0 for an image without any corner. `work` must have begun. */
status corner_prior(const double *grey, int width, int height, workspace *work, double *prior);

#endif
