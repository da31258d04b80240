/* The images that a command line names: image files, pages of them, and folders.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_DETECT_INPUT_IMAGES_H
#define IRST_EVAL_DETECT_INPUT_IMAGES_H

#include "core/base/status.h"
#include "core/io/file_io.h"
#include "core/io/image_file.h"

#include <stdbool.h>

typedef struct input_image {
    char *path;
    char *name; /* of the outputs: the path from the folder given on, without ending; each occurs once */
    int page;   /* from 1 */
} input_image;

typedef struct input_images {
    int count;
    input_image *items;
    name_list left_out; /* paths of files in folders that are no images, or lie deeper than was looked */
} input_images;

typedef struct input_options {
    bool recursive;            /* folders in folders too */
    const char *except;        /* a folder in one that is given is not looked into; NULL: none */
    int raw_width, raw_height; /* of raw files; 0: there are none */
} input_options;

/* A folder stands for its files of known formats, sorted; a file is taken whatever its ending. A file of several pages
 * or frames gives as many images, called NAME_0001 and so on. Something that is not there and a folder without images
 * are STATUS_INPUT; two that would get the same name are STATUS_USAGE. Only headers are read, and a file that cannot be
 * read is kept as one image. Free with input_images_free. */
status input_images_collect(const char *const *arguments, int count, const input_options *options, input_images *out);
void input_images_free(input_images *images); /* accepts a zeroed struct */

/* "left out, as no images: a.txt, b" into `out`; false if there is none. */
bool input_images_remark(const input_images *images, char *out, size_t size);

#endif
