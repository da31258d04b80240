/* A detector from a PyTorch checkpoint. */
#ifndef IRST_MODULES_TORCH_TORCH_IMPORT_H
#define IRST_MODULES_TORCH_TORCH_IMPORT_H

#include "core/base/status.h"
#include "modules/detector.h"

/* Reads the file, tells method and options from its tensors and loads them. A tensor that is missing, superfluous
 * (detector_type.unused_tensors are not), of another shape or not finite is STATUS_INPUT and named. Free with
 * detector_free. */
status torch_import(engine *e, const char *path, detector **out);

#endif
