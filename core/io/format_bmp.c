/* BMP: uncompressed, with 1, 4 or 8 bits into a palette, or 24 or 32 bits of colour. */
#include "core/io/image_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_HEADER = 14, INFO_HEADER = 40, LONGEST_HEADER = 1024, MOST_COLOURS = 256, PLAIN = 0, BIT_FIELDS = 3 };

/* Of a file no more is kept than its head and a row: it may be of any length. */
typedef struct bmp {
    const char *path;
    FILE *stream;
    uint8_t bytes[FILE_HEADER + LONGEST_HEADER + 4 * MOST_COLOURS]; /* headers and palette */
    size_t size;                                                    /* of these as many as there are */
    uint32_t pixels;                                                /* where they begin in the file */
    size_t row_bytes;
    int width, height, bits;
    bool top_down;
    uint16_t palette[MOST_COLOURS]; /* as luma */
} bmp;

static uint32_t read_32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static status fail(const bmp *b, const char *what) {
    if (ferror(b->stream))
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", b->path, strerror(errno));
    return status_fail(STATUS_INPUT, "%s: not a readable BMP: %s", b->path, what);
}

/* Entries of four bytes: blue, green, red, nothing. */
static status read_palette(bmp *b, size_t at, uint32_t count) {
    uint32_t most = 1u << b->bits;
    if (count == 0 || count > most)
        count = most;
    if (at > b->size || b->size - at < (size_t)count * 4)
        return fail(b, "the palette is truncated");
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = b->bytes + at + (size_t)i * 4;
        b->palette[i] = image_luma(entry[2], entry[1], entry[0]);
    }
    return STATUS_OK;
}

/* 32 bits with masks are read only where these say blue, green, red, as nearly all do. */
static bool has_usual_masks(const bmp *b) {
    const uint8_t *masks = b->bytes + FILE_HEADER + INFO_HEADER;
    return b->size >= FILE_HEADER + INFO_HEADER + 12 && b->bits == 32 && read_32(masks) == 0xff0000 &&
           read_32(masks + 4) == 0xff00 && read_32(masks + 8) == 0xff;
}

static status check_rows_are_there(const bmp *b) {
    struct stat info;
    if (fstat(fileno(b->stream), &info) != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", b->path, strerror(errno));
    int64_t needed = b->pixels + (int64_t)b->row_bytes * b->height;
    return info.st_size < needed ? fail(b, "the file is truncated") : STATUS_OK;
}

static status read_header(bmp *b) {
    b->size = fread(b->bytes, 1, sizeof b->bytes, b->stream);
    if (b->size < FILE_HEADER + INFO_HEADER)
        return fail(b, "the header is truncated");
    const uint8_t *info = b->bytes + FILE_HEADER;
    uint32_t header = read_32(info), compression = read_32(info + 16);
    int32_t width = (int32_t)read_32(info + 4), height = (int32_t)read_32(info + 8);
    b->pixels = read_32(b->bytes + 10);
    b->bits = info[14] | info[15] << 8;
    if (header < INFO_HEADER || header > LONGEST_HEADER)
        return fail(b, "an unknown kind of header");
    status code = grey_image_check_size(width, llabs(height));
    if (code != STATUS_OK)
        return status_prefix(code, "%s", b->path);
    b->width = width;
    b->height = abs(height);
    b->top_down = height < 0;
    bool known = b->bits == 1 || b->bits == 4 || b->bits == 8 || b->bits == 24 || b->bits == 32;
    if (!known || (compression != PLAIN && !(compression == BIT_FIELDS && has_usual_masks(b))))
        return fail(b, "expected 1, 4, 8, 24 or 32 bits a pixel, not compressed");
    b->row_bytes = ((size_t)b->width * (size_t)b->bits + 31) / 32 * 4;
    TRY(check_rows_are_there(b));
    return b->bits <= 8 ? read_palette(b, FILE_HEADER + header, read_32(info + 32)) : STATUS_OK;
}

static void read_row(const bmp *b, const uint8_t *row, uint16_t *out) {
    if (b->bits > 8) {
        for (int x = 0; x < b->width; x++, row += b->bits / 8)
            out[x] = image_luma(row[2], row[1], row[0]);
        return;
    }
    for (int x = 0; x < b->width; x++) {
        int first = x * b->bits;
        out[x] = b->palette[row[first / 8] >> (8 - b->bits - first % 8) & ((1 << b->bits) - 1)];
    }
}

static status read_rows(const bmp *b, uint8_t *row, grey_image *out) {
    if (fseeko(b->stream, b->pixels, SEEK_SET) != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", b->path, strerror(errno));
    for (int i = 0; i < b->height; i++) {
        int y = b->top_down ? i : b->height - 1 - i;
        if (fread(row, 1, b->row_bytes, b->stream) != b->row_bytes)
            return fail(b, "the file is truncated");
        read_row(b, row, out->pixels + (size_t)y * (size_t)b->width);
    }
    return STATUS_OK;
}

static status decode(bmp *b, grey_image *out) {
    TRY(read_header(b));
    TRY(grey_image_new(b->width, b->height, 255, out));
    uint8_t *row = malloc(b->row_bytes);
    status code = row ? read_rows(b, row, out) : status_fail(STATUS_MEMORY, "%s: out of memory to read it", b->path);
    free(row);
    if (code != STATUS_OK)
        grey_image_free(out);
    return code;
}

static status read_bmp(const image_source *source, int page, grey_image *out) {
    (void)page;
    bmp b = {.path = source->path, .stream = fopen(source->path, "rb")};
    if (!b.stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", source->path, strerror(errno));
    status code = decode(&b, out);
    fclose(b.stream);
    return code;
}

static bool recognises(const uint8_t *start, size_t size) {
    return size >= 2 && !memcmp(start, "BM", 2);
}

const image_format image_format_bmp = {
    .name = "BMP", .endings = (const char *const[]){".bmp", NULL}, .recognises = recognises, .read = read_bmp};
