/* Reads the state dict of a PyTorch checkpoint without PyTorch: what torch.save wrote, of any version, or safetensors.
 *
 * Thread rule: one thread at a time for each file; different ones at once. */
#ifndef IRST_MODULES_TORCH_TORCH_FILE_H
#define IRST_MODULES_TORCH_TORCH_FILE_H

#include "core/base/status.h"
#include "modules/torch/unpickle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One tensor, dense and row-major. Floating types come as float32 (rounded to nearest), all others as int64: one of
 * the two arrays is there, the other NULL. */
typedef struct torch_tensor {
    const char *name; /* printable ASCII */
    torch_type type;  /* as stored */
    int rank;         /* 0 .. 4 */
    int shape[4];
    size_t count; /* elements; may be 0 */
    float *real;
    int64_t *integer;
} torch_tensor;

typedef struct torch_file {
    int count;
    torch_tensor *tensors;    /* in the order of the state dict, names all different */
    pickle *names;            /* holds the names */
    const pickle_value *dict; /* the state dict in it */
    const char *key;          /* under which it stands; NULL: at the top, or a usual one */
    int outside;              /* tensors left out for want of a prefix, and the name of the first */
    const char *first_outside;
} torch_file;

/* Reads all tensors of the state dict: the pickle itself, or, in a checkpoint that holds more, what stands under
 * "state_dict", "model_state_dict", "model" or "net", or else the only dict of tensors, whatever its key; several that
 * are alike are refused. Entries that are no tensors are left out, and so are counters: total_ops and total_params of
 * profilers, n_averaged of averaged models. What most names begin with of "module.", "model.", "net.", "network." and
 * "_orig_mod." is taken off, and the tensors without it are left out. STATUS_INPUT, with the path and the reason, for
 * anything else. Free with torch_file_free. */
status torch_file_read(const char *path, torch_file *out);

/* Reads what irst wrote beside the tensors, for pickle_option, and no tensor. *out is NULL for formats that have no
 * place for it; free it with pickle_free. STATUS_INPUT as torch_file_read. */
status torch_file_read_metadata(const char *path, pickle **out);

/* What makes the entry `name`, in front of which a wrapper's prefix may stand, if that is nothing that can be read;
 * NULL if there is no such entry. */
const char *torch_file_maker(const torch_file *file, const char *name);

/* Whether the file's first bytes are those of a PyTorch checkpoint; false, too, if it cannot be read. */
bool torch_file_recognises(const char *path);
void torch_file_free(torch_file *file); /* accepts a zeroed struct */

#endif
