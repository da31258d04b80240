/* A packed data set: one HDF5 file with `images` and `masks` (N x H x W, uint8, or uint16 for deep images), `names`
 * and `split` (N strings each), one chunk per image. */
#ifndef IRST_DATASETS_PACK_H
#define IRST_DATASETS_PACK_H

#include "core/status.h"
#include "datasets/dataset.h"

/* Writes some open splits into one pack, atomically. size 0 keeps the stored size, which must then be the same for all
 * images; else everything is resized to size x size. `on_sample` (may be NULL) is called after each sample. */
status pack_write(const char *path, dataset *const *splits, int split_count, int size,
                  void (*on_sample)(void *context, int done), void *context);

#endif
