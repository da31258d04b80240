/* Grey images from files of every format in core/io/image_formats.def. What a file is, its first bytes say, not its
 * name: a JPEG that is called .png is read as the JPEG it is. Raw files, which say nothing, are told by their ending
 * and by the size that the caller gives, whatever they begin with.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_CORE_IO_IMAGE_FILE_H
#define IRST_CORE_IO_IMAGE_FILE_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdbool.h>

typedef struct image_source {
    const char *path;
    int page;                  /* from 1; 0: the only one, and more are an error */
    int raw_width, raw_height; /* of files that end as raw ones do; 0: raw files are refused */
} image_source;

/* Reads one image as it is stored: 8 bits give a maximum of 255, more bits and floating point 65535. Colour becomes
 * luma (0.299, 0.587, 0.114), alpha is dropped. `out` is new, owned by the caller, and empty after a failure; a file
 * that is missing, damaged or of no known format is STATUS_INPUT. */
status image_read(const image_source *source, grey_image *out);

/* The number of images in the file, 1 at least; `page` is not looked at. */
status image_count_pages(const image_source *source, int *out);

/* Whether a name ends as those of a known format do, in any case; `raw`: raw ones count too. */
bool image_name_is_known(const char *name, bool raw);

/* The bytes of the name before such an ending; all of them if it has none. Raw endings count. */
int image_stem_length(const char *name);

/* "png, jpg, ...": all known endings but the raw ones. */
typedef struct image_ending_list {
    char text[128];
} image_ending_list;
image_ending_list image_endings(void);

#endif
