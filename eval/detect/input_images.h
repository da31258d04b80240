/* The images that a command line names: PNG files, and folders of them. */
#ifndef IRST_EVAL_DETECT_INPUT_IMAGES_H
#define IRST_EVAL_DETECT_INPUT_IMAGES_H

#include "core/base/status.h"
#include "core/io/file_io.h"

typedef struct input_images {
    int count;
    name_list paths;
    name_list names; /* of the outputs: file name without folder and ending; each occurs once */
} input_images;

/* A folder stands for its files that end in .png or .PNG, sorted; a file is taken whatever its ending. Something that
 * is not there and a folder without PNG files are STATUS_INPUT; two files that would get the same name are
 * STATUS_USAGE. Only names are looked at. Free with input_images_free. */
status input_images_collect(const char *const *arguments, int count, input_images *out);
void input_images_free(input_images *images); /* accepts a zeroed struct */

#endif
