/* PGM and PPM, binary (P5, P6) and as text (P2, P3). Their header has a full scale of its own, 16383 say: the values
 * are spread to 8 or 16 bits, and the image remembers it. */
#include "core/io/file_io.h"
#include "core/io/image_format.h"

#include <ctype.h>
#include <stdlib.h>

typedef struct pnm {
    const char *path;
    const uint8_t *bytes;
    size_t size, at;
    int width, height, full;
    int channels;
    bool text;
} pnm;

static status fail(const pnm *p, const char *what) {
    return status_fail(STATUS_INPUT, "%s: not a readable PGM: %s", p->path, what);
}

/* White space, and comments to the end of their line. */
static void skip_space(pnm *p) {
    while (p->at < p->size && (isspace(p->bytes[p->at]) || p->bytes[p->at] == '#')) {
        if (p->bytes[p->at] == '#')
            while (p->at < p->size && p->bytes[p->at] != '\n')
                p->at++;
        else
            p->at++;
    }
}

static status read_number(pnm *p, int most, int *out) {
    skip_space(p);
    size_t start = p->at;
    *out = 0;
    for (; p->at < p->size && isdigit(p->bytes[p->at]); p->at++) {
        *out = *out * 10 + (p->bytes[p->at] - '0');
        if (*out > most)
            return status_fail(STATUS_INPUT, "%s: not a readable PGM: a number above %d", p->path, most);
    }
    return p->at > start ? STATUS_OK : fail(p, p->at < p->size ? "a number was expected" : "the file is truncated");
}

static status read_header(pnm *p) {
    p->text = p->bytes[1] < '4';
    p->channels = p->bytes[1] == '3' || p->bytes[1] == '6' ? 3 : 1;
    p->at = 2;
    TRY(read_number(p, IMAGE_LARGEST_SIDE, &p->width));
    TRY(read_number(p, IMAGE_LARGEST_SIDE, &p->height));
    TRY(read_number(p, 65535, &p->full));
    if (p->full == 0)
        return fail(p, "a full scale of 0");
    status code = grey_image_check_size(p->width, p->height);
    if (code != STATUS_OK)
        return status_prefix(code, "%s", p->path);
    p->at++; /* one blank before binary values */
    size_t values = (size_t)p->width * (size_t)p->height * (size_t)p->channels;
    size_t least = p->text ? 2 * values - 1 : values * (p->full > 255 ? 2 : 1); /* text: digits and blanks between */
    if (p->at > p->size || p->size - p->at < least)
        return fail(p, "the file is truncated");
    return STATUS_OK;
}

static status read_value(pnm *p, int *out) {
    if (p->text)
        return read_number(p, p->full, out);
    *out = p->bytes[p->at++];
    if (p->full > 255)
        *out = *out << 8 | p->bytes[p->at++];
    return *out <= p->full ? STATUS_OK : fail(p, "a value above its full scale");
}

static status read_pixels(pnm *p, grey_image *out) {
    size_t pixels = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < pixels; i++) {
        int value[3] = {0};
        for (int c = 0; c < p->channels; c++)
            TRY(read_value(p, &value[c]));
        uint32_t grey = p->channels == 3 ? image_luma((uint32_t)value[0], (uint32_t)value[1], (uint32_t)value[2])
                                         : (uint32_t)value[0];
        out->pixels[i] = (uint16_t)((grey * (uint32_t)out->maximum + (uint32_t)p->full / 2) / (uint32_t)p->full);
    }
    return STATUS_OK;
}

static status decode(pnm *p, grey_image *out) {
    TRY(read_header(p));
    TRY(grey_image_new(p->width, p->height, p->full > 255 ? 65535 : 255, out));
    if (p->full != out->maximum)
        out->value_high = p->full;
    status code = read_pixels(p, out);
    if (code != STATUS_OK)
        grey_image_free(out);
    return code;
}

static status read_pnm(const image_source *source, int page, grey_image *out) {
    (void)page;
    uint8_t *bytes;
    pnm p = {.path = source->path};
    TRY(file_read(source->path, SIZE_MAX, &bytes, &p.size));
    p.bytes = bytes;
    status code = decode(&p, out);
    free(bytes);
    return code;
}

static bool recognises(const uint8_t *start, size_t size) {
    bool known = start[1] == '2' || start[1] == '3' || start[1] == '5' || start[1] == '6';
    return size >= 3 && start[0] == 'P' && known && isspace(start[2]);
}

const image_format image_format_pnm = {.name = "PGM",
                                       .endings = (const char *const[]){".pgm", ".ppm", ".pnm", NULL},
                                       .recognises = recognises,
                                       .read = read_pnm};
