/* A data set: named pairs of an infrared image and a target mask, in a split, read one by one.
 *
 * Layouts understood (detected from what is there):
 *   DIR/images + DIR/masks + DIR/SPLIT.txt        the list names the split's samples, one a line
 *     (also img_idx/SPLIT_NAME.txt, and train for trainval where only that exists)
 *   DIR/{trainval,train,test}/{images,masks}      the folder is the split; all files, sorted
 *   PACK.h5                                       datasets images, masks, names, split (see pack.h)
 * The mask of images/NAME.png is masks/NAME.png, or masks/NAME_pixels0.png (SIRST). */
#ifndef IRST_DATASETS_DATASET_H
#define IRST_DATASETS_DATASET_H

#include "core/file_io.h"
#include "core/image.h"
#include "core/status.h"

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
/* Whether the set means to have this very split: a list, a folder or rows of a pack, sound or not. */
bool dataset_has_split(const char *path, const char *split);
/* The name a set at `path` has: the last part of the path, without .h5. */
void dataset_name_of(const char *path, char *out, size_t size);
void dataset_close(dataset *d); /* accepts NULL */

int dataset_count(const dataset *d);
const char *dataset_name(const dataset *d);  /* dataset_name_of its path */
const char *dataset_split(const dataset *d); /* the one found: train may stand in for trainval */
const char *dataset_sample_name(const dataset *d, int index);

/* Reads one sample at its stored size and depth. Either output may be NULL. Images are owned by the caller.
 * Safe to call from several threads. */
status dataset_read(const dataset *d, int index, dataset_mask_size rule, grey_image *image, grey_image *mask);

#endif
