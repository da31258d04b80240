/* A file with a state dict in it, whatever its format: what its tensors are, and the bytes of their storages. Another
 * format is another file and a line in torch_file.c. Messages do not name the file; torch_file_read does.
 *
 * Thread rule: one thread at a time for each container; different ones at once. */
#ifndef IRST_MODULES_TORCH_TORCH_CONTAINER_H
#define IRST_MODULES_TORCH_TORCH_CONTAINER_H

#include "core/base/status.h"
#include "modules/torch/unpickle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TORCH_HEAD_SIZE = 16, TORCH_DESCRIPTION_LIMIT = 16 << 20 /* bytes of a pickle or of a header */ };

/* Stands in front of an option's key, "model.KEY", in the metadata of safetensors. */
#define TORCH_OPTION_PREFIX "irst."

/* Begins the struct of every format. */
typedef struct torch_container {
    const struct torch_format *format;
    bool big_endian; /* the numbers in its storages */
} torch_container;

typedef struct torch_format {
    /* Tells by the first bytes of a file; those after its end are zero. */
    bool (*recognises)(const uint8_t head[TORCH_HEAD_SIZE]);
    /* `path` is a file of this format by its first bytes. */
    status (*open)(const char *path, torch_container **out);
    void (*close)(torch_container *c);
    /* The root is a dict of tensors, or of more. The caller frees it.. */
    status (*describe)(torch_container *c, pickle **out);
    /* The bytes of the storage of that key; owned by the container, valid until the next call. */
    status (*storage)(torch_container *c, const char *key, const void **data, size_t *size);
} torch_format;

extern const torch_format torch_format_zip;         /* torch.save of PyTorch 1.6 or later */
extern const torch_format torch_format_legacy;      /* before, or by _use_new_zipfile_serialization=False */
extern const torch_format torch_format_safetensors; /* of the library of that name */

/* A whole file in memory, as the formats without an index of their own need it. */
typedef struct torch_bytes {
    uint8_t *data;
    size_t size;
} torch_bytes;

status torch_bytes_read(const char *path, torch_bytes *out); /* the caller frees out->data */

uint64_t torch_little_endian_64(const uint8_t bytes[8]);

#endif
