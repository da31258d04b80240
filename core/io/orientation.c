#include "core/io/orientation.h"

#include <stdlib.h>
#include <string.h>

/* --- EXIF: a TIFF without an image, behind six bytes --- */

enum { NAME = 6, TIFF_HEADER = 8, ENTRY = 12, TAG = 0x0112, SHORT = 3 };

typedef struct exif {
    const uint8_t *tiff;
    size_t size;
    bool big_endian;
} exif;

/* A number of 2 or 4 bytes; the caller knows that they are there. */
static uint32_t number_at(const exif *e, size_t at, int bytes) {
    uint32_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | e->tiff[at + (size_t)(e->big_endian ? i : bytes - 1 - i)];
    return number;
}

/* Of the first directory, which is that of the image; the second is that of its thumbnail. */
static int find_orientation(const exif *e) {
    size_t at = number_at(e, 4, 4);
    if (at > e->size || e->size - at < 2)
        return ORIENTATION_UPRIGHT;
    uint32_t entries = number_at(e, at, 2);
    at += 2;
    for (uint32_t i = 0; i < entries && e->size - at >= ENTRY; i++, at += ENTRY) {
        if (number_at(e, at, 2) != TAG)
            continue;
        uint32_t value = number_at(e, at + 8, 2);
        bool known = number_at(e, at + 2, 2) == SHORT && number_at(e, at + 4, 4) == 1;
        return known && value >= 1 && value <= ORIENTATION_LAST ? (int)value : ORIENTATION_UPRIGHT;
    }
    return ORIENTATION_UPRIGHT;
}

int exif_orientation(const uint8_t *data, size_t size) {
    if (size < NAME + TIFF_HEADER || memcmp(data, "Exif\0", NAME) != 0)
        return ORIENTATION_UPRIGHT;
    exif e = {.tiff = data + NAME, .size = size - NAME};
    e.big_endian = !memcmp(e.tiff, "MM\0*", 4);
    return e.big_endian || !memcmp(e.tiff, "II*\0", 4) ? find_orientation(&e) : ORIENTATION_UPRIGHT;
}

/* --- turning --- */

/* Where the pixel that is seen at (x, y) is stored. */
static size_t stored_at(const grey_image *stored, int orientation, int x, int y) {
    bool by_columns = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int column = by_columns ? y : x, row = by_columns ? x : y;
    if (from_right)
        column = stored->width - 1 - column;
    if (from_below)
        row = stored->height - 1 - row;
    return (size_t)row * (size_t)stored->width + (size_t)column;
}

status grey_image_turn(grey_image *image, int orientation) {
    if (orientation <= ORIENTATION_UPRIGHT || orientation > ORIENTATION_LAST)
        return STATUS_OK;
    bool by_columns = orientation >= 5;
    grey_image seen = *image;
    seen.width = by_columns ? image->height : image->width;
    seen.height = by_columns ? image->width : image->height;
    seen.pixels = malloc(grey_image_pixels(image) * sizeof *seen.pixels);
    if (!seen.pixels)
        return status_fail(STATUS_MEMORY, "out of memory to turn an image of %d x %d pixels", image->width,
                           image->height);
    for (int y = 0; y < seen.height; y++)
        for (int x = 0; x < seen.width; x++)
            seen.pixels[(size_t)y * (size_t)seen.width + (size_t)x] =
                image->pixels[stored_at(image, orientation, x, y)];
    free(image->pixels);
    *image = seen;
    return STATUS_OK;
}
