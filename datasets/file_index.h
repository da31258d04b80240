/* The image files of a folder and of those inside it, found again by the names that lists and masks use for them.
 *
 * Thread rule: one thread changes an index; then any number may look names up. */
#ifndef IRST_DATASETS_FILE_INDEX_H
#define IRST_DATASETS_FILE_INDEX_H

#include "core/base/status.h"

typedef struct indexed_file {
    char *path;
    char *name;       /* from the folder on, without the ending: "seq1/0001" */
    const char *base; /* its last part */
} indexed_file;

/* A zeroed struct is empty. */
typedef struct file_index {
    int count;
    indexed_file *files;    /* by name */
    indexed_file **by_base; /* by last part, without regard to case */
} file_index;

/* Hidden files and files of no known format are left out. `out` is new, and empty after a failure. */
status file_index_read(const char *folder, file_index *out);
void file_index_free(file_index *index); /* accepts and leaves an empty one */

/* The file called `name`: in this order the very name, the name in another case, and a name without folders
 * wherever it lies. An ending may stand in it. NULL if there is none; `twice` (may be NULL) is set to
 * a second file that it could be just as well, else to NULL. */
const indexed_file *file_index_find(const file_index *index, const char *name, const indexed_file **twice);

/* The file that has this whole name, from the folder on and without an ending, in any case. `twice` as above. */
const indexed_file *file_index_find_whole(const file_index *index, const char *name, const indexed_file **twice);

#endif
