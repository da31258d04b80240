/* Shared by dataset.c, the layouts, pack.c and parts.c.
 *
 * Thread rule: as dataset.h. */
#ifndef IRST_DATASETS_DATASET_PRIVATE_H
#define IRST_DATASETS_DATASET_PRIVATE_H

#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "datasets/dataset.h"
#include "datasets/pair_folders.h"

/* Of each image of a pack: what its black and its full scale are in the counting of its file, and 1 where the file had
 * no full scale (own_scale of grey_image). */
enum { PACK_SCALE = 3 };

typedef struct sample_files {
    char *name;
    char *image; /* path; NULL in a pack */
    char *mask;
} sample_files;

struct dataset {
    char name[256];
    char split[128];
    int count;
    sample_files *samples;
    h5_file *pack; /* NULL: files */
    int64_t *rows; /* pack: row of each sample */
    int width, height;
    h5_type pixel_type;
    double *scales;   /* pack: PACK_SCALE numbers of each row, owned; NULL: pixels are the files' own values */
    grey_range range; /* applied to each image that is read */
    dataset **parts;  /* joined: the sets that are read, owned; samples then has names only */
    int part_count;
    name_list *faults; /* takes what is wrong with single names; NULL: the first one is a failure */
};

/* Appends one sample; paths may be NULL. Strings are copied. */
status dataset_add(dataset *d, const char *name, const char *image, const char *mask);

void sample_files_free(sample_files *s);

/* The names of all samples in the order of name_compare: the list is the caller's, the names are the set's. */
status dataset_sorted_names(const dataset *d, const char ***out);

/* Passes a failure on, or notes its message as a fault and carries on. */
status dataset_fault(dataset *d, status code);

/* The published sets call the same thing train or trainval: the other name, NULL for other splits. */
const char *dataset_other_split(const char *split);
void dataset_set_split(dataset *d, const char *split); /* the split that was really found */

status layout_open(dataset *d, const char *path, const char *split); /* folders and lists */
status layout_has_split(const char *name, const char *path, const char *split, bool *out);
/* The folder that lists of the set at `path` stand in; not found if it is no pair of folders with lists. */
status layout_list_folder(const char *path, char out[4096], bool *found);
/* Calls `visit` for each pair of image and mask folders of the set. */
status layout_each_pair(const char *path, status (*visit)(void *context, const pair_folders *folders), void *context);
status pack_open(dataset *d, const char *path, const char *split); /* HDF5 */
status pack_read(const dataset *d, int index, grey_image *image, grey_image *mask);

#endif
