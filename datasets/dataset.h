/* A data set: named pairs of an infrared image and a target mask, in a split, read one by one.
 *
 * Layouts understood (detected from what is there; layouts.def has the names of the folders):
 *   DIR/images + DIR/masks + a list for each split   DIR/SPLIT.txt, DIR/img_idx/SPLIT_NAME.txt, ... (split_lists.h)
 *   DIR/{trainval,train,val,test}/{images,masks}     the folder is the split; all files, sorted
 *   PACK.h5                                          datasets images, masks, names, split (see pack.h)
 * A folder that holds nothing but one other may stand round them. train and trainval stand in for each other where only
 * one is there, and split "all" is every image. A line of a list is the name of an image, with or without its ending
 * and its folder, or the names of an image and its mask.
 *
 * Thread rule: any number of threads read samples of a data set at once; while one changes it, none. */
#ifndef IRST_DATASETS_DATASET_H
#define IRST_DATASETS_DATASET_H

#include "core/base/status.h"
#include "core/io/file_io.h"
#include "core/io/grey_range.h"
#include "core/io/image.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct dataset dataset;

/* What happens to a sample whose mask has another size than its image (SIRST's Misc_111). */
typedef enum dataset_mask_size {
    MASK_SIZE_MUST_MATCH, /* an error that names both files and sizes */
    MASK_SIZE_MAY_DIFFER  /* each is resized on its own, as the reference does when all goes to a fixed size */
} dataset_mask_size;

/* Opens `split` ("train", "test", "trainval", ...) of the data set at `path`. Only names are read now. */
status dataset_open(const char *path, const char *split, dataset **out);
/* The same for a set with faults: each name without an image or a mask becomes a line of `faults` and is left out; each
 * name that stands twice becomes a line. */
status dataset_open_faulty(const char *path, const char *split, name_list *faults, dataset **out);
/* The splits that sets have. trainval comes first, which holds what train and val hold. */
enum { DATASET_SPLITS = 4 };
extern const char *const dataset_split_names[DATASET_SPLITS];
bool dataset_is_in_trainval(const char *split); /* train and val */
/* Whether the set means to have this very split: a list, a folder or rows of a pack, sound or not. */
status dataset_has_split(const char *path, const char *split, bool *out);
/* The name a set at `path` has: the last part of the path, without .h5. Of one that ends in . or .. it is what the
 * folder is called, and "." if there is none. */
void dataset_name_of(const char *path, char *out, size_t size);
/* Whether the path itself tells the name: one that ends in . or .. means a folder only where it was written. */
bool dataset_path_tells_name(const char *path);
void dataset_close(dataset *d); /* accepts NULL */

int dataset_count(const dataset *d);
const char *dataset_name(const dataset *d);  /* dataset_name_of its path */
const char *dataset_split(const dataset *d); /* the one found: train may stand in for trainval */
const char *dataset_sample_name(const dataset *d, int index);

/* The range of grey values that every image is spread from when it is read; RANGE_FULL before. Of a joined set: of all
 * its parts. Not while other threads read. */
void dataset_set_range(dataset *d, const grey_range *range);
const grey_range *dataset_range(const dataset *d);

/* The files of a sample, for messages; NULL in a pack. */
const char *dataset_mask_path(const dataset *d, int index);

/* Reads one sample at its stored size and, without a range, depth. Either output may be NULL. Images are owned by the
 * caller. Safe to call from several threads. */
status dataset_read(const dataset *d, int index, dataset_mask_size rule, grey_image *image, grey_image *mask);

/* The two sides that a training split falls into when a share of it is held out for validation. */
typedef enum dataset_side { DATASET_KEPT, DATASET_HELD_OUT } dataset_side;

/* Narrows `d`, a data set of one path, to one side; the order stays. Held out are the first round(share * count)
 * samples, `share` in 0..0.5, by a hash of their names alone: the same ones in every run, whatever the seed, as folder
 * or as pack, and a larger share holds out these and more. Both sides together are the split, and dataset_split says
 * so. STATUS_USAGE if a side would be empty; `d` is then as it was. Not while other threads read. */
status dataset_hold_out(dataset *d, double share, dataset_side side);

/* Several data sets one after the other, as one. It takes the `count` parts over, also on failure; each was opened
 * from one path. With more than one, samples are named SET/NAME, and dataset_name and dataset_split name all. */
status dataset_join(dataset **parts, int count, dataset **out);
/* The data sets that `d` was joined from, in order: their number (1: it was not) and how many samples each has. */
int dataset_part_count(const dataset *d);
int dataset_part_size(const dataset *d, int part);

/* How many samples of `d` have a name that `other` has too; `example` (may be NULL) is set to the first one, owned by
 * `d`, or NULL. */
status dataset_shared_names(const dataset *d, const dataset *other, int *count, const char **example);
/* The same for names that `other` lacks. */
status dataset_lacking_names(const dataset *d, const dataset *other, int *count, const char **example);

#endif
