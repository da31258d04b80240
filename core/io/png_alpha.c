#include "core/io/png_alpha.h"

#include <png.h>
#include <stdlib.h>

static bool varies(const png_byte *pixels, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (pixels[2 * i + 1] != pixels[1])
            return true;
    return false;
}

bool png_alpha_varies(const char *path) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    bool found = false;
    if (png_image_begin_read_from_file(&image, path) && image.format & PNG_FORMAT_FLAG_ALPHA) {
        image.format = PNG_FORMAT_GA;
        png_byte *pixels = malloc(PNG_IMAGE_SIZE(image));
        found = pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL) &&
                varies(pixels, (size_t)image.width * image.height);
        free(pixels);
    }
    png_image_free(&image);
    return found;
}
