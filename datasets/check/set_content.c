#include "datasets/check/set_content.h"

#include "core/base/process.h"

#include <string.h>
#include <zlib.h>

static uint32_t add_bytes(uint32_t content, const void *bytes, size_t size) {
    return (uint32_t)crc32_z(content, bytes, size);
}

static uint32_t add_image(uint32_t content, const grey_image *image) {
    const int32_t size[2] = {image->width, image->height};
    content = add_bytes(content, size, sizeof size);
    return add_bytes(content, image->pixels, grey_image_pixels(image) * sizeof *image->pixels);
}

uint32_t set_content_add(uint32_t content, const char *name, const grey_image *image, const grey_image *mask) {
    return add_image(add_image(add_bytes(content, name, strlen(name)), image), mask);
}

status set_content_find(const dataset *d, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < dataset_count(d); i++) {
        grey_image image = {0}, mask = {0};
        TRY(process_check_signals());
        TRY(dataset_read(d, i, MASK_SIZE_MAY_DIFFER, &image, &mask));
        *out = set_content_add(*out, dataset_sample_name(d, i), &image, &mask);
        grey_image_free(&image);
        grey_image_free(&mask);
    }
    return STATUS_OK;
}

uint32_t set_content_join(uint32_t all, uint32_t content) {
    return add_bytes(all, &content, sizeof content);
}
