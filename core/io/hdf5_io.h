/* Thin, checked helpers around HDF5. HDF5's own error printing is turned off; its stack becomes one message
 * that names file and object. Paths inside a file use '/', as in h5ls.
 *
 * Thread rule: any thread may call these functions at any time, whether HDF5 was built thread-safe or not: one lock
 * lets one thread at a time into HDF5. Several threads may read one file at once; a file being created belongs to one
 * thread. */
#ifndef IRST_CORE_IO_HDF5_IO_H
#define IRST_CORE_IO_HDF5_IO_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H5_MAX_DIMENSIONS 8

typedef struct h5_file h5_file;

typedef enum h5_type { H5_FLOAT32, H5_FLOAT64, H5_INT32, H5_INT64, H5_UINT8, H5_UINT16 } h5_type;

typedef struct h5_shape {
    int rank; /* 0 for a scalar */
    int64_t size[H5_MAX_DIMENSIONS];
} h5_shape;

status h5_open(const char *path, h5_file **out); /* read only */
/* Reads a whole file and compares its content with the checksum that h5_commit left after it: STATUS_INPUT if a bit is
 * not as it was written. A file without one, as of other programs, passes. Before h5_open: HDF5 does not get over every
 * damage. */
status h5_verify(const char *path);
/* A new file, written beside `path` and put in its place by h5_commit. */
status h5_create(const char *path, h5_file **out);
/* An existing file to be changed: a copy of it is, and put in its place by h5_commit. */
status h5_amend(const char *path, h5_file **out);
status h5_commit(h5_file *file); /* flush, fsync, rename and free; on failure `path` is untouched */
void h5_close(h5_file *file);    /* closes a file opened for reading, abandons one being created; accepts NULL */
const char *h5_path(const h5_file *file);

bool h5_exists(const h5_file *file, const char *object);
status h5_get_shape(const h5_file *file, const char *dataset, h5_shape *out);
/* Reads a whole dataset, converted to `type`, into `data`, which holds exactly `count` elements; another
 * count in the file is an error, and so are floating-point numbers where whole ones are wanted. */
status h5_read(const h5_file *file, const char *dataset, h5_type type, size_t count, void *data);
/* Reads `rows` consecutive entries of the first dimension, from `first`; `count` elements in all. */
status h5_read_rows(const h5_file *file, const char *dataset, h5_type type, int64_t first, int64_t rows, size_t count,
                    void *data);
/* Creates missing groups on the way. Stored little-endian. */
status h5_write(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape, const void *data);
/* The same, compressed as one chunk. Rank 1 at least. */
status h5_write_compressed(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape, const void *data);
/* Chunked along the first dimension and compressed (deflate 4 with shuffle); rows are then put one by one. */
status h5_create_chunked(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape);
status h5_write_rows(h5_file *file, const char *dataset, h5_type type, int64_t first, int64_t rows, const void *data);

/* Arrays of strings (variable or fixed length in the file). Strings read are owned by the caller: free each,
 * then the array. */
status h5_read_strings(const h5_file *file, const char *dataset, char ***strings, int *count);
status h5_write_strings(h5_file *file, const char *dataset, const char *const *strings, int count);

/* Attributes of a group or dataset ("/" for the root). Text read is owned by the caller. */
bool h5_has_attribute(const h5_file *file, const char *object, const char *name);
status h5_read_attribute_text(const h5_file *file, const char *object, const char *name, char **out);
status h5_read_attribute_double(const h5_file *file, const char *object, const char *name, double *out);
status h5_read_attribute_int(const h5_file *file, const char *object, const char *name, int64_t *out);
status h5_read_attribute_strings(const h5_file *file, const char *object, const char *name, char ***strings,
                                 int *count);
/* Replace an attribute of that name. */
status h5_write_attribute_text(h5_file *file, const char *object, const char *name, const char *text);
status h5_write_attribute_double(h5_file *file, const char *object, const char *name, double value);
status h5_write_attribute_int(h5_file *file, const char *object, const char *name, int64_t value);

/* Calls `visit` for every dataset below `group` ("/" for all), in name order, with its full path. */
status h5_each_dataset(const h5_file *file, const char *group, status (*visit)(void *context, const char *dataset),
                       void *context);
/* Calls `visit` for every direct child (group or dataset) of `group`, in name order, with its bare name. */
status h5_each_child(const h5_file *file, const char *group, status (*visit)(void *context, const char *name),
                     void *context);

#endif
