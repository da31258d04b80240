#include "core/io/png_alpha.h"

#include "core/io/png_io.h"

bool png_alpha_varies(const char *path) {
    grey_image alpha;
    bool found = false;
    if (png_read_alpha(path, &alpha) != STATUS_OK)
        return false;
    for (size_t i = 1; i < grey_image_pixels(&alpha) && !found; i++)
        found = alpha.pixels[i] != alpha.pixels[0];
    grey_image_free(&alpha);
    return found;
}
