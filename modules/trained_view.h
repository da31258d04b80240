/* At what size a network has seen images in its training. It knows targets at that scale: images of the same camera at
 * another size show it others.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_MODULES_TRAINED_VIEW_H
#define IRST_MODULES_TRAINED_VIEW_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"
#include "core/io/image_sizes.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: nobody knows. */
typedef struct trained_view {
    bool is_known;
    int size;          /* whole images were resized to size x size; 0: they were not */
    int width, height; /* what the images had on average, where that made all of them noticeably smaller (their sides by
                          a fifth or more), or all larger; else 0 */
} trained_view;

/* Of a training on images of these sizes, which were resized to size x size (0: not). */
trained_view trained_view_of(const image_sizes *images, int size);

/* The attribute data.seen of a checkpoint: "native", "256", or "512x512 to 256". Reading takes the key data.size of a
 * training's checkpoint without it, and gives a zeroed view of a file that has neither; STATUS_INPUT if it is none of
 * these. Writing, into a file being created, leaves out a zeroed one. */
status trained_view_read(const char *path, trained_view *out);
status trained_view_write(h5_file *file, const trained_view *view);
/* The same text, of a view that is known; false if it is none. */
void trained_view_print(const trained_view *view, char *text, size_t size);
bool trained_view_parse(const char *text, trained_view *out);

/* The view as a line for readers: "512x512 pixels, resized to 256x256". */
void trained_view_text(const trained_view *view, char *text, size_t size);

/* Whether the network of `checkpoint` was trained at noticeably another scale than it sees `images` at, which are
 * resized to `size` (0: not). Then `text` of `room` bytes says so; `setting` is what resizes them: "--size". */
bool trained_view_remark(const trained_view *view, const char *checkpoint, int size, const image_sizes *images,
                         const char *setting, char *text, size_t room);

#endif
