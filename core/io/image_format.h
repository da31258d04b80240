/* What core/io/image_file knows of one file format. A new format is a file here and a line in image_formats.def.
 *
 * Thread rule: formats are constant, their functions any thread at any time. */
#ifndef IRST_CORE_IO_IMAGE_FORMAT_H
#define IRST_CORE_IO_IMAGE_FORMAT_H

#include "core/io/image_file.h"

#include <stddef.h>
#include <stdint.h>

enum { IMAGE_START = 16 };

typedef struct image_format {
    const char *name;
    const char *const *endings; /* lower case, with the dot; NULL after the last */
    /* From the first bytes of a file, at most IMAGE_START; NULL: only the ending tells (raw). */
    bool (*recognises)(const uint8_t *start, size_t size);
    status (*count_pages)(const image_source *source, int *out); /* NULL: there is always one */
    /* Page from 1, image_no_page if it is not there; `out` is empty. */
    status (*read)(const image_source *source, int page, grey_image *out);
} image_format;

#define IMAGE_FORMAT(name) extern const image_format image_format_##name;
#include "core/io/image_formats.def"
#undef IMAGE_FORMAT

/* Fails as one who asks for a page of more than `pages` is told. */
status image_no_page(const image_source *source, int pages);

/* Luma of a pixel of at most 16 bits, in OpenCV's arithmetic. */
static inline uint16_t image_luma(uint32_t red, uint32_t green, uint32_t blue) {
    return (uint16_t)((red * 4899 + green * 9617 + blue * 1868 + 8192) >> 14);
}

#endif
