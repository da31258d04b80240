#include "core/io/image_file.h"

#include "core/io/file_io.h"
#include "core/io/image_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const image_format *const formats[] = {
#define IMAGE_FORMAT(name) &image_format_##name,
#include "core/io/image_formats.def"
#undef IMAGE_FORMAT
};

enum { FORMATS = sizeof formats / sizeof *formats };

static bool is_raw(const image_format *format) {
    return !format->recognises;
}

/* The ending of this format that `name` has, or NULL. */
static const char *ending_of(const image_format *format, const char *name) {
    for (const char *const *ending = format->endings; *ending; ending++)
        if (name_ends(name, *ending))
            return *ending;
    return NULL;
}

bool image_name_is_known(const char *name, bool raw) {
    for (int i = 0; i < FORMATS; i++)
        if ((raw || !is_raw(formats[i])) && ending_of(formats[i], name))
            return true;
    return false;
}

int image_stem_length(const char *name) {
    for (int i = 0; i < FORMATS; i++) {
        const char *ending = ending_of(formats[i], name);
        if (ending)
            return (int)(strlen(name) - strlen(ending));
    }
    return (int)strlen(name);
}

image_ending_list image_endings(void) {
    image_ending_list list = {""};
    size_t used = 0;
    for (int i = 0; i < FORMATS; i++)
        for (const char *const *ending = formats[i]->endings; *ending && !is_raw(formats[i]); ending++)
            if (used < sizeof list.text)
                used +=
                    (size_t)snprintf(list.text + used, sizeof list.text - used, "%s%s", used ? ", " : "", *ending + 1);
    return list;
}

static status read_start(const char *path, uint8_t start[IMAGE_START], size_t *size) {
    if (path_is_folder(path))
        return status_fail(STATUS_INPUT, "%s: is a folder; expected an image", path);
    if (!path_is_file(path) && access(path, F_OK) == 0) /* a pipe would have to be read twice */
        return status_fail(STATUS_INPUT, "%s: %s", path, path_fault(path));
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    *size = fread(start, 1, IMAGE_START, stream);
    int reason = ferror(stream) ? errno : 0;
    fclose(stream);
    if (reason != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", path, strerror(reason));
    return *size ? STATUS_OK : status_fail(STATUS_INPUT, "%s: the file is empty; expected an image", path);
}

/* The raw format that the name's ending says, or NULL. */
static const image_format *raw_format_of(const char *name) {
    for (int i = 0; i < FORMATS; i++)
        if (is_raw(formats[i]) && ending_of(formats[i], name))
            return formats[i];
    return NULL;
}

/* Raw values may begin as any other format does: a size given says that they are values. */
static status find_format(const image_source *source, const image_format **out) {
    uint8_t start[IMAGE_START] = {0};
    size_t size = 0;
    const image_format *raw = raw_format_of(source->path);
    TRY(read_start(source->path, start, &size));
    *out = raw;
    if (raw && source->raw_width > 0)
        return STATUS_OK;
    for (int i = 0; i < FORMATS; i++) {
        *out = formats[i];
        if (!is_raw(formats[i]) && formats[i]->recognises(start, size))
            return STATUS_OK;
    }
    if (raw)
        return status_fail(STATUS_INPUT, "%s: a raw file does not say its size: it has to be given (--y16 WxH)",
                           source->path);
    return status_fail(STATUS_INPUT, "%s: not an image of a known format (PNG, JPEG, BMP, TIFF, PGM)", source->path);
}

static status count_pages(const image_format *format, const image_source *source, int *out) {
    *out = 1;
    return format->count_pages ? format->count_pages(source, out) : STATUS_OK;
}

status image_count_pages(const image_source *source, int *out) {
    const image_format *format;
    TRY(find_format(source, &format));
    return count_pages(format, source, out);
}

status image_no_page(const image_source *source, int pages) {
    return status_fail(STATUS_INPUT, "%s: holds %d image%s, none of number %d", source->path, pages,
                       pages > 1 ? "s" : "", source->page);
}

/* A page by its number is not counted up to: in a file of many that would take longer than to read it. */
status image_read(const image_source *source, grey_image *out) {
    const image_format *format;
    int pages = 1;
    *out = (grey_image){0};
    TRY(find_format(source, &format));
    if (source->page == 0)
        TRY(count_pages(format, source, &pages));
    if (pages > 1)
        return status_fail(STATUS_INPUT, "%s: holds %d images; expected one", source->path, pages);
    if (source->page > 1 && !format->count_pages)
        return image_no_page(source, 1);
    return format->read(source, source->page ? source->page : 1, out);
}
