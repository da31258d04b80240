/* Raw frames as thermal cameras write them (Y16): rows of 16-bit little-endian values without any header, one or more
 * frames a file. */
#include "core/io/image_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static size_t frame_bytes(const image_source *source) {
    return (size_t)source->raw_width * (size_t)source->raw_height * 2;
}

static status count_frames(const image_source *source, int *out) {
    struct stat info;
    if (stat(source->path, &info) != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", source->path, strerror(errno));
    size_t size = (size_t)info.st_size, frame = frame_bytes(source);
    if (size == 0 || size % frame || size / frame > 1000000)
        return status_fail(STATUS_INPUT, "%s: %zu bytes; frames of %dx%d with 16 bits a pixel have %zu each",
                           source->path, size, source->raw_width, source->raw_height, frame);
    *out = (int)(size / frame);
    return STATUS_OK;
}

static status read_frame(const image_source *source, FILE *stream, int page, grey_image *out) {
    size_t pixels = grey_image_pixels(out);
    if (fseeko(stream, (off_t)((size_t)(page - 1) * frame_bytes(source)), SEEK_SET) != 0 ||
        fread(out->pixels, 2, pixels, stream) != pixels)
        return status_fail(STATUS_INPUT, "%s: frame %d cannot be read: %s", source->path, page,
                           ferror(stream) ? strerror(errno) : "the file is truncated");
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *bytes = (const uint8_t *)&out->pixels[i];
        out->pixels[i] = (uint16_t)(bytes[0] | bytes[1] << 8);
    }
    return STATUS_OK;
}

static status read_raw(const image_source *source, int page, grey_image *out) {
    int frames;
    TRY(count_frames(source, &frames));
    if (page > frames)
        return image_no_page(source, frames);
    FILE *stream = fopen(source->path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", source->path, strerror(errno));
    status code = grey_image_new(source->raw_width, source->raw_height, 65535, out);
    if (code == STATUS_OK)
        code = read_frame(source, stream, page, out);
    if (code != STATUS_OK)
        grey_image_free(out);
    fclose(stream);
    return code;
}

const image_format image_format_raw = {.name = "raw",
                                       .endings = (const char *const[]){".raw", ".y16", ".bin", NULL},
                                       .count_pages = count_frames,
                                       .read = read_raw};
