/* Text, pictures and tables in HTML. What comes from files is escaped here: nothing that a name holds becomes a tag, an
 * attribute or a script.
 *
 * Thread rule: one thread at a time for each stream. Whether all could be written, the stream knows (ferror). */
#ifndef IRST_CORE_HTML_HTML_TEXT_H
#define IRST_CORE_HTML_HTML_TEXT_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Prints a text, also into a quoted attribute. Bytes that are not UTF-8 and control characters become U+FFFD. */
void html_print_text(FILE *stream, const char *text);

/* Prints the bytes as base64, as data URIs hold them. */
void html_print_base64(FILE *stream, const void *data, size_t size);

/* Prints "data:image/png;base64,...": 8-bit pixels of one channel (grey) or three (RGB), row-major, and one index for
 * each pixel into at most 256 colours, 0xRRGGBB. */
status html_print_png(FILE *stream, int width, int height, int channels, const uint8_t *pixels);
status html_print_palette_png(FILE *stream, int width, int height, const uint32_t *colours, int colour_count,
                              const uint8_t *indices);

/* Prints a relative path as a reference holds it. */
void html_print_path(FILE *stream, const char *path);

/* Prints an <img> that holds a PNG or SVG file; `what` is read out in its place. A file of more than `limit` bytes is
 * STATUS_INPUT. */
status html_print_picture_file(FILE *stream, const char *path, size_t limit, const char *what);

/* --- tables: columns can be sorted where there is JavaScript --- */

typedef struct html_column {
    const char *label;
    const char *help; /* NULL: none */
    bool is_number;   /* set to the right; sorted largest first */
} html_column;

/* `caption` is read out with the table; NULL: none. */
void html_table_begin(FILE *stream, const char *caption, const html_column *columns, int count);
void html_table_end(FILE *stream);
void html_row_begin(FILE *stream);
void html_row_end(FILE *stream);
void html_cell_text(FILE *stream, const char *text);
/* `value` is what is sorted by, `shown` what is read; a value that is not finite sorts last. */
void html_cell_number(FILE *stream, double value, const char *shown);

#endif
