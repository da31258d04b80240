/* A packed data set: one HDF5 file with `images` and `masks` (N x H x W, uint8, or uint16 for deep images), `names`
 * and `split` (N strings each), one chunk per image. Where files count otherwise than the pack's pixels (12 bits,
 * floating point), `scales` (N x 3) says how, so that a range of values means the same as on the files.
 *
 * Thread rule: one thread at a time for each writer; different ones at once. */
#ifndef IRST_DATASETS_PACK_H
#define IRST_DATASETS_PACK_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"

#include <stdbool.h>

typedef struct pack_options {
    int size;    /* everything is resized to size x size; 0: the stored size, which must be the same for all images */
    bool binary; /* masks become 0 and full scale: target or not */
    mask_rule rule;          /* under this rule, if they do */
    const char *description; /* attribute of the file; NULL: none */
} pack_options;

/* Writes some open splits into one pack, atomically, 16 bits deep if any image or mask is. The images' ranges are
 * applied. `on_sample` (may be NULL) is called after each sample. */
status pack_write(const char *path, dataset *const *splits, int split_count, const pack_options *options,
                  void (*on_sample)(void *context, int done), void *context);

/* The same sample by sample, for sets that are made rather than read. Exactly `total` samples are added, then the pack
 * is put in its place by pack_commit, or given up by pack_abandon; both free the writer. */
typedef struct pack_writer pack_writer;

/* Whether a path is called as packs are: NAME.h5. */
bool pack_is_called(const char *path);
status pack_begin(const char *path, int total, pack_writer **out);
/* All images and masks have the size of the first image, and at most its depth. */
status pack_add(pack_writer *w, const char *split, const char *name, grey_image *image, grey_image *mask);
status pack_describe(pack_writer *w, const char *text); /* attribute `description` of the file */
status pack_commit(pack_writer *w);
void pack_abandon(pack_writer *w); /* accepts NULL */

#endif
