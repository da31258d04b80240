/* The options of a network in a file of PyTorch. Widths and depths are told by the tensors; what is not, as how the
 * grey values are scaled, stands in safetensors that irst wrote, or is given, or is assumed to be the default.
 *
 * Thread rule: one thread at a time for each file, config and detector. */
#ifndef IRST_MODULES_TORCH_TORCH_OPTIONS_H
#define IRST_MODULES_TORCH_TORCH_OPTIONS_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "modules/detector.h"
#include "modules/torch/torch_file.h"

#include <stdio.h>

/* Declares the keys of the method that the tensors are of, in `options`, which is new, and sets them. `settings`:
 * `count` times "model.KEY=VALUE", for what the tensors do not tell; STATUS_USAGE if they tell otherwise. Says in
 * `notes` what is assumed; NULL: not. */
status torch_options_read(const torch_file *file, const char *const *settings, int count, FILE *notes, config *options);

/* Says in `notes` which options of `d` its tensors alone would not bring back. */
status torch_options_lost(detector *d, FILE *notes);

#endif
