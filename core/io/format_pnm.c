/* PGM and PPM, binary (P5, P6) and as text (P2, P3). Their header has a full scale of its own, 16383 say: the values
 * are spread to 8 or 16 bits, and the image remembers it. */
#include "core/io/image_format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Read as it comes: what follows the pixels may be of any length. */
typedef struct pnm {
    const char *path;
    FILE *stream;
    int width, height, full;
    int channels;
    bool text;
} pnm;

static status fail(const pnm *p, const char *what) {
    if (ferror(p->stream))
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", p->path, strerror(errno));
    return status_fail(STATUS_INPUT, "%s: not a readable PGM: %s", p->path, what);
}

static int next_byte(pnm *p) {
    return getc_unlocked(p->stream);
}

/* The first byte behind white space, and behind comments, which go on to the end of their line. */
static int next_mark(pnm *p) {
    bool comment = false;
    for (;;) {
        int byte = next_byte(p);
        if (byte == EOF || (!comment && byte != '#' && !isspace(byte)))
            return byte;
        comment = byte != '\n' && (comment || byte == '#');
    }
}

static status read_number(pnm *p, int most, int *out) {
    int byte = next_mark(p);
    if (!isdigit(byte))
        return fail(p, byte == EOF ? "the file is truncated" : "a number was expected");
    for (*out = 0; isdigit(byte); byte = next_byte(p)) {
        *out = *out * 10 + (byte - '0');
        if (*out > most)
            return status_fail(STATUS_INPUT, "%s: not a readable PGM: a number above %d", p->path, most);
    }
    ungetc(byte, p->stream);
    return STATUS_OK;
}

/* Before memory is taken for them. Text has digits, and blanks between. */
static status check_values_are_there(pnm *p) {
    struct stat info;
    int64_t values = (int64_t)p->width * p->height * p->channels;
    int64_t least = p->text ? 2 * values - 1 : values * (p->full > 255 ? 2 : 1), at = ftello(p->stream);
    if (at < 0 || fstat(fileno(p->stream), &info) != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", p->path, strerror(errno));
    return info.st_size - at < least ? fail(p, "the file is truncated") : STATUS_OK;
}

static status read_header(pnm *p) {
    next_byte(p);
    int kind = next_byte(p);
    p->text = kind < '4';
    p->channels = kind == '3' || kind == '6' ? 3 : 1;
    TRY(read_number(p, IMAGE_LARGEST_SIDE, &p->width));
    TRY(read_number(p, IMAGE_LARGEST_SIDE, &p->height));
    TRY(read_number(p, 65535, &p->full));
    if (p->full == 0)
        return fail(p, "a full scale of 0");
    status code = grey_image_check_size(p->width, p->height);
    if (code != STATUS_OK)
        return status_prefix(code, "%s", p->path);
    next_byte(p); /* one blank before binary values */
    return check_values_are_there(p);
}

static status read_value(pnm *p, int *out) {
    if (p->text)
        return read_number(p, p->full, out);
    *out = next_byte(p);
    if (p->full > 255)
        *out = *out << 8 | next_byte(p);
    if (feof(p->stream) || ferror(p->stream))
        return fail(p, "the file is truncated");
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

static bool is_kind(int byte) {
    return byte == '2' || byte == '3' || byte == '5' || byte == '6';
}

/* Programs that write streams put one image behind the other. Other bytes behind an image mean nothing. */
static bool another_follows(pnm *p) {
    return next_mark(p) == 'P' && is_kind(next_byte(p)) && isspace(next_byte(p)) && isdigit(next_mark(p));
}

static status decode(pnm *p, grey_image *out) {
    TRY(read_header(p));
    TRY(grey_image_new(p->width, p->height, p->full > 255 ? 65535 : 255, out));
    if (p->full != out->maximum)
        out->value_high = p->full;
    status code = read_pixels(p, out);
    if (code == STATUS_OK && another_follows(p))
        code = status_fail(STATUS_INPUT, "%s: holds more than one image; expected one", p->path);
    if (code != STATUS_OK)
        grey_image_free(out);
    return code;
}

static status read_pnm(const image_source *source, int page, grey_image *out) {
    (void)page;
    pnm p = {.path = source->path, .stream = fopen(source->path, "rb")};
    if (!p.stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", source->path, strerror(errno));
    status code = decode(&p, out);
    fclose(p.stream);
    return code;
}

static bool recognises(const uint8_t *start, size_t size) {
    return size >= 3 && start[0] == 'P' && is_kind(start[1]) && isspace(start[2]);
}

const image_format image_format_pnm = {.name = "PGM",
                                       .endings = (const char *const[]){".pgm", ".ppm", ".pnm", NULL},
                                       .recognises = recognises,
                                       .read = read_pnm};
