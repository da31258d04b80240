#include "core/io/image_format.h"
#include "core/io/png_io.h"

#include <string.h>

/* The first half of the signature: what an upload as text has done to its line ends, libpng names best. */
static bool recognises(const uint8_t *start, size_t size) {
    return size >= 4 && !memcmp(start, "\x89PNG", 4);
}

static status read_png(const image_source *source, int page, grey_image *out) {
    (void)page;
    return png_read_grey(source->path, out);
}

const image_format image_format_png = {
    .name = "PNG", .endings = (const char *const[]){".png", NULL}, .recognises = recognises, .read = read_png};
