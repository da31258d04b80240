/* TIFF through libtiff: 1, 8 and 16 bits, 16 with sign, 32, and 32 and 64 of floating point, grey, palette or colour,
 * in strips or tiles, one page or many. Only the plain compressions are let in: the others bring decoders of their own,
 * and nobody stores thermal images with them. */
#include "core/io/image_format.h"
#include "core/io/orientation.h"
#include "core/io/tiff_pages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one block that libtiff allocates, which may be a strip as stored, and of a row or tile: a hostile header asks for
 * all there is. */
#define LARGEST_BLOCK ((tmsize_t)1 << 30)
#define LARGEST_TILE ((tmsize_t)1 << 28)

enum { MOST_COLOURS = 256 };

typedef struct tiff {
    tiff_file in;
    uint32_t width, height;
    uint16_t bits, samples, kind, photometric, planes, orientation;
    uint16_t palette[MOST_COLOURS];
    grey_image *image;
    float *values; /* of an image whose scale is not known yet */
} tiff;

static status fail(const tiff *t, const char *what) {
    return tiff_file_fail(&t->in, what);
}

static status count_pages(const image_source *source, int *out) {
    tiff_file in;
    TRY(tiff_file_open(source->path, 0, LARGEST_BLOCK, &in));
    status code = tiff_file_find(&in, 0, out);
    tiff_file_close(&in);
    return code;
}

static status check_compression(tiff *t) {
    uint16_t compression;
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_COMPRESSION, &compression);
    switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
        return STATUS_OK;
    default:
        return status_fail(STATUS_INPUT, "%s: TIFF compression %d; expected none, LZW, Deflate or PackBits", t->in.path,
                           compression);
    }
}

static bool is_float(const tiff *t) {
    return t->kind == SAMPLEFORMAT_IEEEFP && (t->bits == 32 || t->bits == 64);
}

/* Whole numbers with more room than grey values take. */
static bool is_wide(const tiff *t) {
    return (t->kind == SAMPLEFORMAT_INT && (t->bits == 16 || t->bits == 32)) ||
           (t->kind == SAMPLEFORMAT_UINT && t->bits == 32);
}

static bool has_no_scale(const tiff *t) {
    return is_float(t) || is_wide(t);
}

static status check_values(const tiff *t) {
    bool whole = t->kind == SAMPLEFORMAT_UINT && (t->bits == 8 || t->bits == 16 || (t->bits == 1 && t->samples == 1));
    if (!whole && !has_no_scale(t))
        return status_fail(STATUS_INPUT,
                           "%s: %d bits a value of kind %d; expected 1, 8, 16 or 32 without sign, 16 or 32 with it, or "
                           "32 or 64 of floating point",
                           t->in.path, t->bits, t->kind);
    if (t->samples < 1 || t->samples > 4 || (t->samples > 1 && t->planes != PLANARCONFIG_CONTIG))
        return status_fail(STATUS_INPUT, "%s: %d channels%s; expected 1 to 4 side by side", t->in.path, t->samples,
                           t->planes == PLANARCONFIG_CONTIG ? "" : " one after the other");
    switch (t->photometric) {
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MINISWHITE:
        return STATUS_OK;
    case PHOTOMETRIC_RGB:
        return t->samples >= 3 ? STATUS_OK : fail(t, "colour of fewer than 3 channels");
    case PHOTOMETRIC_PALETTE:
        return t->bits == 8 && t->samples == 1 ? STATUS_OK : fail(t, "a palette for other values than of 8 bits");
    default:
        return status_fail(STATUS_INPUT, "%s: colours of kind %d; expected grey, RGB or a palette", t->in.path,
                           t->photometric);
    }
}

static status read_palette(tiff *t) {
    uint16_t *red, *green, *blue;
    if (!TIFFGetField(t->in.libtiff, TIFFTAG_COLORMAP, &red, &green, &blue))
        return fail(t, "the palette is missing");
    for (int i = 0; i < MOST_COLOURS; i++)
        t->palette[i] = image_luma(red[i] >> 8, green[i] >> 8, blue[i] >> 8);
    return STATUS_OK;
}

static status read_header(tiff *t) {
    if (!TIFFGetField(t->in.libtiff, TIFFTAG_IMAGEWIDTH, &t->width) ||
        !TIFFGetField(t->in.libtiff, TIFFTAG_IMAGELENGTH, &t->height) ||
        !TIFFGetField(t->in.libtiff, TIFFTAG_PHOTOMETRIC, &t->photometric))
        return fail(t, "it does not say its size and colours");
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_BITSPERSAMPLE, &t->bits);
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_SAMPLESPERPIXEL, &t->samples);
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_SAMPLEFORMAT, &t->kind);
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_PLANARCONFIG, &t->planes);
    TIFFGetFieldDefaulted(t->in.libtiff, TIFFTAG_ORIENTATION, &t->orientation);
    if (t->kind == SAMPLEFORMAT_VOID)
        t->kind = SAMPLEFORMAT_UINT;
    status code = grey_image_check_size(t->width, t->height);
    if (code != STATUS_OK)
        return status_prefix(code, "%s", t->in.path);
    TRY(check_compression(t));
    TRY(check_values(t));
    return t->photometric == PHOTOMETRIC_PALETTE ? read_palette(t) : STATUS_OK;
}

static double value_at(const tiff *t, const void *data, size_t i) {
    if (is_float(t))
        return t->bits == 32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
    if (t->bits == 16)
        return ((const int16_t *)data)[i];
    return t->kind == SAMPLEFORMAT_INT ? (double)((const int32_t *)data)[i] : (double)((const uint32_t *)data)[i];
}

static uint32_t whole_at(const tiff *t, const void *data, size_t i) {
    if (t->bits == 16)
        return ((const uint16_t *)data)[i];
    const uint8_t *bytes = data;
    return t->bits == 8 ? bytes[i] : (bytes[i / 8] >> (7 - i % 8) & 1) * 255u;
}

/* `count` pixels of a row from column x on. */
static void take_row(tiff *t, const void *data, uint32_t x, uint32_t y, uint32_t count) {
    size_t at = (size_t)y * t->width + x;
    bool colour = t->photometric == PHOTOMETRIC_RGB;
    for (uint32_t i = 0; i < count; i++) {
        size_t first = (size_t)i * t->samples;
        if (t->values) {
            double grey = value_at(t, data, first);
            if (colour)
                grey = 0.299 * grey + 0.587 * value_at(t, data, first + 1) + 0.114 * value_at(t, data, first + 2);
            t->values[at + i] = (float)grey;
            continue;
        }
        uint32_t grey = whole_at(t, data, first);
        if (colour)
            grey = image_luma(grey, whole_at(t, data, first + 1), whole_at(t, data, first + 2));
        else if (t->photometric == PHOTOMETRIC_PALETTE)
            grey = t->palette[grey];
        else if (t->photometric == PHOTOMETRIC_MINISWHITE)
            grey = (uint32_t)t->image->maximum - grey;
        t->image->pixels[at + i] = (uint16_t)grey;
    }
}

static status read_strips(tiff *t, void *row) {
    for (uint32_t y = 0; y < t->height; y++) {
        if (TIFFReadScanline(t->in.libtiff, row, y, 0) < 0)
            return fail(t, "the file is truncated");
        take_row(t, row, 0, y, t->width);
    }
    return STATUS_OK;
}

static status read_tiles(tiff *t, uint8_t *tile) {
    uint32_t wide = 0, high = 0;
    TIFFGetField(t->in.libtiff, TIFFTAG_TILEWIDTH, &wide);
    TIFFGetField(t->in.libtiff, TIFFTAG_TILELENGTH, &high);
    if (wide == 0 || high == 0)
        return fail(t, "tiles without a size");
    size_t row_bytes = (size_t)TIFFTileRowSize(t->in.libtiff);
    for (uint32_t y = 0; y < t->height; y += high)
        for (uint32_t x = 0; x < t->width; x += wide) {
            if (TIFFReadTile(t->in.libtiff, tile, x, y, 0, 0) < 0)
                return fail(t, "the file is truncated");
            for (uint32_t i = 0; i < high && y + i < t->height; i++)
                take_row(t, tile + i * row_bytes, x, y + i, wide < t->width - x ? wide : t->width - x);
        }
    return STATUS_OK;
}

/* From 0 to 1, but for what a filter has left beside it: less than a tenth of what is in the image. */
static bool is_unit(const tiff *t, double low, double high) {
    return is_float(t) && low >= -IMAGE_MOST_OUTSIDE && high <= 1 + IMAGE_MOST_OUTSIDE && 10 * -low <= high;
}

/* Floating point has no full scale. Values that fit into 0..1, 0..255 or 0..65535 are taken to be meant so; others, a
 * temperature say, from the image's smallest to its largest. So are wide whole numbers, but that small ones among them
 * are counts of 16 bits as well: whether one pixel of a frame is above 255 must not change all others. 0: none. */
static double full_scale(const tiff *t, double low, double high) {
    if (is_unit(t, low, high))
        return 1;
    if (low < 0 || high > 65535)
        return 0;
    return is_float(t) && high <= 255 ? 255 : 65535;
}

static status scale_values(tiff *t) {
    size_t pixels = (size_t)t->width * t->height;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < pixels; i++) {
        if (!isfinite(t->values[i]))
            return fail(t, "a value that is not finite");
        low = fmin(low, t->values[i]);
        high = fmax(high, t->values[i]);
    }
    grey_image *image = t->image;
    double full = full_scale(t, low, high);
    image->own_scale = full == 0;
    image->value_low = image->own_scale ? low : 0;
    image->value_high = image->own_scale ? high : full;
    double width = image->value_high - image->value_low;
    for (size_t i = 0; i < pixels && width > 0; i++)
        image->pixels[i] =
            (uint16_t)lrint(fmin(fmax((t->values[i] - image->value_low) / width, 0), 1) * image->maximum);
    for (size_t i = 0; i < pixels && t->photometric == PHOTOMETRIC_MINISWHITE; i++)
        image->pixels[i] = (uint16_t)(image->maximum - image->pixels[i]);
    return STATUS_OK;
}

static status read_pixels(tiff *t) {
    bool tiled = TIFFIsTiled(t->in.libtiff);
    tmsize_t size = tiled ? TIFFTileSize(t->in.libtiff) : TIFFScanlineSize(t->in.libtiff);
    if (size <= 0 || size > LARGEST_TILE)
        return fail(t, "rows or tiles without a size, or of more than 256 MiB");
    void *block = calloc((size_t)size, 1);
    if (has_no_scale(t))
        t->values = malloc((size_t)t->width * t->height * sizeof *t->values);
    status code = STATUS_OK;
    if (!block || (has_no_scale(t) && !t->values))
        code = status_fail(STATUS_MEMORY, "%s: out of memory to read it", t->in.path);
    if (code == STATUS_OK)
        code = tiled ? read_tiles(t, block) : read_strips(t, block);
    if (code == STATUS_OK && t->values)
        code = scale_values(t);
    free(block);
    free(t->values);
    return code;
}

static status decode(tiff *t, const image_source *source, int page, grey_image *out) {
    int pages;
    TRY(tiff_file_find(&t->in, page, &pages));
    if (pages < page)
        return image_no_page(source, pages);
    TRY(read_header(t));
    TRY(grey_image_new((int)t->width, (int)t->height, t->bits <= 8 ? 255 : 65535, out));
    t->image = out;
    status code = read_pixels(t);
    if (code == STATUS_OK && grey_image_turn(out, t->orientation) != STATUS_OK)
        code = status_prefix(STATUS_MEMORY, "%s", source->path);
    if (code != STATUS_OK)
        grey_image_free(out);
    return code;
}

static status read_tiff(const image_source *source, int page, grey_image *out) {
    tiff t = {0};
    TRY(tiff_file_open(source->path, page, LARGEST_BLOCK, &t.in));
    status code = decode(&t, source, page, out);
    tiff_file_close(&t.in);
    return code;
}

/* Little- and big-endian, classic and with 64-bit offsets. */
static bool recognises(const uint8_t *start, size_t size) {
    return size >= 4 && (!memcmp(start, "II*\0", 4) || !memcmp(start, "MM\0*", 4) || !memcmp(start, "II+\0", 4) ||
                         !memcmp(start, "MM\0+", 4));
}

const image_format image_format_tiff = {.name = "TIFF",
                                        .endings = (const char *const[]){".tif", ".tiff", NULL},
                                        .recognises = recognises,
                                        .count_pages = count_pages,
                                        .read = read_tiff};
