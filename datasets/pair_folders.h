/* The two folders of a data set: where its images and where its masks are, whatever they are called.
 *
 * Thread rule: any thread at any time, on different results. */
#ifndef IRST_DATASETS_PAIR_FOLDERS_H
#define IRST_DATASETS_PAIR_FOLDERS_H

#include "core/base/status.h"
#include "datasets/file_index.h"

#include <stdbool.h>

typedef struct pair_folders {
    char images[4096], masks[4096]; /* paths; masks is "" if only images were found */
} pair_folders;

/* The folder `relative`, which may be deeper than one, in `folder`, in any case. */
status pair_folders_find_one(const char *folder, const char *relative, char out[4096], bool *found);
/* Looks in `folder` for a pair that layouts.def names. */
status pair_folders_find(const char *folder, pair_folders *out, bool *found);
/* The same for a folder of images alone: masks becomes "". */
status pair_folders_find_images(const char *folder, pair_folders *out, bool *found);

/* The files of both, and which mask belongs to an image. */
typedef struct pair_files {
    file_index images, masks;
} pair_files;

status pair_files_read(const pair_folders *folders, pair_files *out); /* new; empty after a failure */
void pair_files_free(pair_files *files);

/* The mask of the image called `name`: of the same name, or NAME_pixels0 (SIRST), NAME_mask and the like. One that has
 * the whole name goes before one that lies elsewhere. */
const indexed_file *pair_files_mask(const pair_files *files, const char *name, const indexed_file **twice);
/* Whether the mask is called like another image than this, to the letter, and not like this. */
bool pair_files_is_of_other(const pair_files *files, const indexed_file *image, const indexed_file *mask);
/* Whether the mask belongs to any image. */
bool pair_files_has_image(const pair_files *files, const indexed_file *mask);

#endif
