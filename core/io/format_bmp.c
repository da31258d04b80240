/* BMP: uncompressed, with 1, 4 or 8 bits into a palette, or 24 or 32 bits of colour. */
#include "core/io/file_io.h"
#include "core/io/image_format.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 14, INFO_HEADER = 40, MOST_COLOURS = 256, PLAIN = 0, BIT_FIELDS = 3 };

typedef struct bmp {
    const char *path;
    const uint8_t *bytes;
    size_t size;
    size_t pixels; /* where they begin */
    size_t row_bytes;
    int width, height, bits;
    bool top_down;
    uint16_t palette[MOST_COLOURS]; /* as luma */
} bmp;

static uint32_t read_32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static status fail(const bmp *b, const char *what) {
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

static status read_header(bmp *b) {
    if (b->size < FILE_HEADER + INFO_HEADER)
        return fail(b, "the header is truncated");
    const uint8_t *info = b->bytes + FILE_HEADER;
    uint32_t header = read_32(info), compression = read_32(info + 16);
    int32_t width = (int32_t)read_32(info + 4), height = (int32_t)read_32(info + 8);
    b->pixels = read_32(b->bytes + 10);
    b->bits = info[14] | info[15] << 8;
    if (header < INFO_HEADER || header > 1024)
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
    if (b->pixels > b->size || b->size - b->pixels < b->row_bytes * (size_t)b->height)
        return fail(b, "the file is truncated");
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

static status decode(bmp *b, grey_image *out) {
    TRY(read_header(b));
    TRY(grey_image_new(b->width, b->height, 255, out));
    for (int y = 0; y < b->height; y++)
        read_row(b, b->bytes + b->pixels + (size_t)(b->top_down ? y : b->height - 1 - y) * b->row_bytes,
                 out->pixels + (size_t)y * (size_t)b->width);
    return STATUS_OK;
}

static status read_bmp(const image_source *source, int page, grey_image *out) {
    (void)page;
    uint8_t *bytes;
    bmp b = {.path = source->path};
    TRY(file_read(source->path, SIZE_MAX, &bytes, &b.size));
    b.bytes = bytes;
    status code = decode(&b, out);
    free(bytes);
    return code;
}

static bool recognises(const uint8_t *start, size_t size) {
    return size >= 2 && !memcmp(start, "BM", 2);
}

const image_format image_format_bmp = {
    .name = "BMP", .endings = (const char *const[]){".bmp", NULL}, .recognises = recognises, .read = read_bmp};
