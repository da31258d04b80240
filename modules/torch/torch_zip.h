/* The zip file around a PyTorch checkpoint: PREFIX/data.pkl, PREFIX/data/KEY for each storage, PREFIX/byteorder.
 *
 * torch.save stores without compression, so every size is bounded by the size of the file, and a compressed entry (how
 * a zip bomb is made) is refused. */
#ifndef IRST_MODULES_TORCH_TORCH_ZIP_H
#define IRST_MODULES_TORCH_TORCH_ZIP_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct torch_zip torch_zip;

/* Opens a file that torch.save wrote (PyTorch 1.6 or later). Free with torch_zip_close. */
status torch_zip_open(const char *path, torch_zip **out);
void torch_zip_close(torch_zip *z); /* accepts NULL */

bool torch_zip_has(const torch_zip *z, const char *entry); /* "data.pkl", without the prefix */

/* Reads an entry of at most `limit` bytes, checksum included. The caller frees *data, which is never NULL on success
 * and has a zero behind its end. */
status torch_zip_read(const torch_zip *z, const char *entry, uint64_t limit, void **data, size_t *size);

#endif
