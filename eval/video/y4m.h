/* Uncompressed video as YUV4MPEG2 (y4m): a line of text with sizes and kind of pixels, then for each frame a line and
 * its planes, grey first. Of colour, only that plane is read. Described with the mjpegtools, yuv4mpeg(5); the kinds of
 * more than 8 bits are those that ffmpeg writes.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_VIDEO_Y4M_H
#define IRST_EVAL_VIDEO_Y4M_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define Y4M_MAGIC "YUV4MPEG2"
#define Y4M_FRAME "FRAME"
enum { Y4M_LONGEST_LINE = 1024 };

/* Also stands for frames without any lines between them. */
typedef struct y4m_format {
    int width, height;
    int bits;           /* of a value, 8 to 16; more than 8 are stored in two bytes, the lower one first */
    bool limited;       /* black is 16 and white 235, times 2^(bits - 8); else 0 and 2^bits - 1 */
    int64_t rest_bytes; /* of a frame, behind the grey plane */
    double rate;        /* frames a second; 0: unknown */
} y4m_format;

/* The first line, without its end. STATUS_INPUT for one that is no such header, or whose kind of pixels or size is not
 * known here. Grey is full range; colour is limited unless the header says XCOLORRANGE=FULL. */
status y4m_parse(const char *line, y4m_format *out);

size_t y4m_row_bytes(const y4m_format *format);

/* The largest grey value of an image with such frames: 255 or 65535. 8 and 16 bits of full range are kept as they are,
 * others are spread over it. */
int y4m_maximum(const y4m_format *format);
void y4m_row(const y4m_format *format, const uint8_t *bytes, uint16_t *out);

/* Prints the first line, with its end, of 8-bit colour with three planes of full size (4:4:4); returns its length. */
int y4m_print(char *out, size_t size, int width, int height, double rate);

/* Three planes, each width * height bytes, from red, green, blue side by side: BT.601, limited range. */
void y4m_from_rgb(const uint8_t *rgb, size_t pixels, uint8_t *planes);

#endif
