/* What the parts of hdf5_io share.
 *
 * Thread rule: any thread that has the turn. */
#ifndef IRST_CORE_IO_HDF5_PRIVATE_H
#define IRST_CORE_IO_HDF5_PRIVATE_H

#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"

#include <hdf5.h>

struct h5_file {
    hid_t id;
    bool creating;
    hid_t access;      /* when creating: it keeps the file's driver, which HDF5 calls for the last time as it closes */
    int refused;       /* errno of the first write that the system refused (hdf5_output.c); 0: none */
    atomic_file place; /* when reading, only its path is used */
};

/* HDF5 is safe for threads in some builds only, so one thread at a time is in it: the one that has the turn. With the
 * first turn HDF5's own error printing is put aside and old errors are forgotten; with its end the printing is as
 * before, so that a program that uses HDF5 itself notices nothing. What calls HDF5 begins with H5_TAKE_TURN, which
 * lasts to the end of the block. A thread that has the turn may take it again. Visitors are called without it. */
typedef struct h5_turn {
    H5E_auto2_t print;
    void *context;
} h5_turn;

h5_turn h5_take_turn(void);
void h5_end_turn(h5_turn *turn);

#define H5_TAKE_TURN __attribute__((cleanup(h5_end_turn), unused)) h5_turn turn = h5_take_turn()

/* Fails with "FILE: OBJECT: WHAT (HDF5's innermost reason)"; a NULL object is left out. The reason is there only
 * if HDF5 just reported one. */
status h5_fail(status code, const h5_file *file, const char *object, const char *what);

/* The same with STATUS_OUTPUT, or, if the system refused a write, "FILE: cannot be written: No space left on device".
 */
status h5_write_failed(const h5_file *file, const char *object, const char *what);

/* Access properties for a file being created: its writes do not fail, `refused` receives why the first one would have.
 * The caller closes them. */
hid_t h5_output_access(int *refused);

/* Behind a file that is complete, before it is put in its place. */
status h5_append_checksum(const atomic_file *place);

#define H5_LARGEST_TEXT ((uint64_t)256 << 20) /* bytes of all strings that are read at once */

/* How text of variable length stands in a file: read into elements of this type (the caller closes it; invalid on
 * failure), `count` such references are compared with the heap that they point into. STATUS_INPUT if HDF5 would not get
 * over them: a file that is hostile, or large beyond measure. */
enum { H5_REFERENCE_SIZE = 16 };
hid_t h5_reference_type(void);
status h5_check_references(const h5_file *file, const char *label, const void *references, int count);

/* The dataset, opened; the caller closes it. Says whether it is missing or something else than a dataset. */
status h5_open_dataset(const h5_file *file, const char *dataset, hid_t *out);

/* Creates a dataset (with missing groups) of a file type in a space, with creation properties that the caller
 * prepared by h5_dataset_properties. The caller closes it. */
hid_t h5_dataset_properties(void);
status h5_new_dataset(h5_file *file, const char *dataset, hid_t type, hid_t space, hid_t properties, hid_t *out);
/* Closes a dataset that was written with the outcome `code`, and returns that or a failure of its own. */
status h5_close_written(const h5_file *file, const char *dataset, hid_t id, status code);

#endif
