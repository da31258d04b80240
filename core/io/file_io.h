/* Files and folders: atomic replacement, paths, listings.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_CORE_IO_FILE_IO_H
#define IRST_CORE_IO_FILE_IO_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* An atomic write: the caller writes to `temporary` (in the folder of `target`), then commits. Until then
 * `target` is untouched; an abandoned one leaves nothing behind. */
typedef struct atomic_file {
    char path[4096];
    char target[4096]; /* the same, or what the symbolic link `path` leads to */
    char temporary[4096 + 32];
} atomic_file;

status atomic_file_begin(const char *path, atomic_file *file); /* picks an unused temporary name */
status atomic_file_commit(atomic_file *file);                  /* flushes file and folder to disk, renames */
status atomic_file_place(atomic_file *file);                   /* renames only: one of many before folder_flush */
void atomic_file_abandon(atomic_file *file);                   /* removes the temporary file */

/* Writes `size` bytes atomically. */
status file_write(const char *path, const void *data, size_t size);

/* Makes `to` what `from` is, atomically. */
status file_copy(const char *from, const char *to);
/* The same without atomicity, for a file that is to be changed before it is put in its place: 0 or errno's reason. */
int file_copy_bytes(const char *from, const char *to);

/* Reads a whole file of at most `limit` bytes. `out` is new, owned by the caller, and one byte longer. */
status file_read(const char *path, size_t limit, uint8_t **out, size_t *size);

bool path_is_folder(const char *path);
bool path_is_file(const char *path);
/* One file or folder, by whatever names; false if either is not there. */
bool path_is_same(const char *a, const char *b);
/* What to say of a path that is neither: "no such file or folder", another reason why it is out of reach, or that it is
 * something else, as a pipe. Valid as strerror's. */
const char *path_fault(const char *path);
status folder_create(const char *path);     /* with parents, like mkdir -p */
status folder_create_for(const char *path); /* the folder that a file is to be in */
/* Waits until all that was written to the folder's file system is on disk: once for many files, where flushing each
 * would take longer than writing them. */
status folder_flush(const char *folder);
/* Renames a finished folder, whose files were flushed, and flushes that its name is there. */
status folder_place(const char *from, const char *to);

/* The folder part of a path: "." if there is none, "/" for a file in the root. */
void path_folder(const char *path, char out[4096]);

/* Joins folder, name and suffix into `out` (4096 bytes); fails with STATUS_INPUT if it is too long. */
status path_join(char out[4096], const char *folder, const char *name, const char *suffix);

/* Whether FOLDER/name, for a name out of a file, lies in the folder: it is not empty, does not begin with a slash and
 * has no part "..". */
bool path_stays_inside(const char *name);

/* Whether a name ends so, in any case, and is longer than that. */
bool name_ends(const char *name, const char *ending);

/* A growing list of owned strings. A zeroed struct is an empty list. */
typedef struct name_list {
    char **names;
    int count;
} name_list;

status name_list_add(name_list *list, const char *name);
void name_list_free(name_list *list);
/* strcmp order of two elements of names, for qsort and bsearch. */
int name_compare(const void *a, const void *b);
/* Names (without folder) in `folder` that end in `suffix` ("" for all), in strcmp order; hidden ones (a
 * leading dot) are left out. `out` is new, and empty after a failure. */
status folder_list(const char *folder, const char *suffix, name_list *out);
/* One name a line, white space around it dropped, as are blank lines and a byte-order mark; the last line may lack a
 * newline. A file of more than 64 MiB or of more than 2^21 names is refused. `out` is new, and empty after a failure.
 */
status name_list_read(const char *path, name_list *out);

#endif
