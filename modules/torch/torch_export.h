/* A network's tensors as PyTorch and others read them.
 *
 * Thread rule: as detector.h. */
#ifndef IRST_MODULES_TORCH_TORCH_EXPORT_H
#define IRST_MODULES_TORCH_TORCH_EXPORT_H

#include "core/base/status.h"
#include "modules/detector.h"
#include "modules/parameter.h"

/* Writes the state dict, an OrderedDict of tensors as torch.save writes it since PyTorch 1.6: torch.load reads it, also
 * with weights_only, and load_state_dict of the reference network takes it. Nothing but zip and pickle; replaces the
 * file atomically. */
status torch_export(const parameter_set *set, const char *path);

/* A line of the metadata, as irst.KEY. */
typedef struct torch_note {
    const char *key, *value;
} torch_note;

/* The same tensors as safetensors, with the options of `d`, which reading takes for those that tensors do not tell
 * (NULL: without), and `count` notes, which pickle_option of a torch_file gives back. */
status safetensors_export(const parameter_set *set, const detector *d, const torch_note *notes, int count,
                          const char *path);

#endif
