/* What was done to the size of the images that a network was trained on. It knows targets at that scale: searched at
 * their own size, images of the same camera show it others.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_MODULES_TRAINED_RESIZING_H
#define IRST_MODULES_TRAINED_RESIZING_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"
#include "core/io/image_sizes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: nothing, or nobody knows. */
typedef struct trained_resizing {
    int width, height; /* of the images as stored, on average, in pixels */
    int size;          /* they were resized to size x size */
} trained_resizing;

/* Of a training on images of these sizes at size x size: zeroed unless the sides of all of them became noticeably
 * smaller (by a fifth or more), or those of all of them larger. */
trained_resizing trained_resizing_of(const image_sizes *images, int size);

/* The attribute data.resized of a checkpoint. Reading gives a zeroed one of a file that has none, as of older ones and
 * those of other programs; STATUS_INPUT if the attribute is none. Writing, into a file being created, leaves out a
 * zeroed one. */
status trained_resizing_read(const char *path, trained_resizing *out);
status trained_resizing_write(h5_file *file, const trained_resizing *r);

/* Whether the largest of `images`, searched at its own size, is at another scale than the network of `checkpoint` was
 * trained at. Then `text` of `size` bytes says so; `setting` is what resizes them: "--size". */
bool trained_resizing_remark(const trained_resizing *r, const char *checkpoint, const image_sizes *images,
                             const char *setting, char *text, size_t size);

#endif
