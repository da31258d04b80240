/* PNG in and out (libpng). Reads 1 to 16 bits, grey, grey + alpha, palette, RGB, RGBA, interlaced or not.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_CORE_IO_PNG_IO_H
#define IRST_CORE_IO_PNG_IO_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdint.h>
#include <stdio.h>

/* Reads `path` as grey: palette expanded, alpha stripped, colour to luma with libpng's rgb_to_gray
 * (0.299, 0.587, 0.114), exactly the bytes OpenCV gives for 8-bit files. `out` is owned by the caller.
 * A missing, truncated or malformed file is STATUS_INPUT with a message that names it. */
status png_read_grey(const char *path, grey_image *out);

/* The alpha channel of `path`, or what its palette or its transparent colour say, as 8 bits; otherwise as
 * png_read_grey. `out` is empty where it has none. */
status png_read_alpha(const char *path, grey_image *out);

/* Writes atomically, but is not on disk until folder_flush (file_io.h): pictures come in thousands. `channels` is 1
 * (grey) or 3 (RGB); pixels are row-major, interleaved, 8 bits each. */
status png_write_8(const char *path, int width, int height, int channels, const uint8_t *pixels);
/* One index for each pixel into at most 256 colours, 0xRRGGBB. */
status png_write_palette(const char *path, int width, int height, const uint32_t *colours, int colour_count,
                         const uint8_t *indices);
status png_write_grey16(const char *path, int width, int height, const uint16_t *pixels);

/* The first two inside of something else: to a stream, from where it stands. */
status png_print_8(FILE *stream, int width, int height, int channels, const uint8_t *pixels);
status png_print_palette(FILE *stream, int width, int height, const uint32_t *colours, int colour_count,
                         const uint8_t *indices);

#endif
