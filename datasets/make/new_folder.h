/* A folder of image and mask files that appears whole or not at all: it is filled beside its place and then renamed.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_DATASETS_MAKE_NEW_FOLDER_H
#define IRST_DATASETS_MAKE_NEW_FOLDER_H

#include "core/base/status.h"
#include "core/io/image.h"

typedef struct new_folder {
    char path[4096];       /* where it will stand */
    char unfinished[4096]; /* where it is filled until then */
} new_folder;

status new_folder_begin(const char *path, new_folder *out); /* an existing path is refused */
status new_folder_commit(new_folder *folder);               /* on failure the unfinished folder is removed */
void new_folder_abandon(new_folder *folder);

/* Writes PARENT/images/NAME.png and PARENT/masks/NAME.png at their own depth. Both folders are there already; one that
 * the name has in it, as "seq1/0001", is created. */
status new_folder_write_pair(const char *parent, const char *name, const grey_image *image, const grey_image *mask);

/* Creates PARENT/images and PARENT/masks. */
status new_folder_create_pair(const char *parent);

#endif
