/* A detector from a PyTorch checkpoint.
 *
 * Thread rule: any thread at any time; what it makes is as detector.h says. */
#ifndef IRST_MODULES_TORCH_TORCH_IMPORT_H
#define IRST_MODULES_TORCH_TORCH_IMPORT_H

#include "core/base/status.h"
#include "modules/detector.h"

#include <stdio.h>

/* Reads the file, tells method and options from its tensors and loads them. A tensor that is missing, superfluous
 * (detector_type.unused_tensors are not), of another shape or not finite is STATUS_INPUT and named. Free with
 * detector_free. */
status torch_import(engine *e, const char *path, detector **out);

/* The same with `count` times "model.KEY=VALUE" for options that the tensors do not tell (torch_options.h), and with
 * `notes` on what was taken of the file, left out and assumed; NULL for none. */
status torch_import_with(engine *e, const char *path, const char *const *settings, int count, FILE *notes,
                         detector **out);

#endif
