/* From a view of a storage's bytes to dense numbers.
 *
 * Thread rule: any thread at any time, on different numbers. */
#ifndef IRST_MODULES_TORCH_TORCH_TENSOR_H
#define IRST_MODULES_TORCH_TORCH_TENSOR_H

#include "modules/torch/torch_file.h"

#include <stdbool.h>

/* No state dict comes near; a tensor with stride 0 can claim any size at no cost in the file. */
#define TORCH_ELEMENT_LIMIT ((int64_t)1 << 28)

/* Bytes of as many elements of the widest type, as one storage or all of a file may have. */
#define TORCH_STORAGE_LIMIT ((uint64_t)TORCH_ELEMENT_LIMIT * 8)

/* Takes name, type, rank and shape from the description and checks that every element lies in the storage. No data
 * yet. The message has the tensor's name in front. */
status torch_tensor_describe(const char *name, const pickle_value *value, torch_tensor *out);

/* Allocates the tensor's data and fills it from the storage's bytes. */
status torch_tensor_fill(torch_tensor *t, const pickle_value *value, const void *storage, bool big_endian);

#endif
