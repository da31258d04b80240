#include "core/html/html_text.h"

#include "core/base/utf8.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "core/io/text_buffer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- text --- */

/* Of the two sets of control characters, which no browser shows. */
static bool is_control(const char *text) {
    unsigned char first = (unsigned char)text[0];
    return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)text[1] < 0xa0);
}

static const char *entity_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_print_text(FILE *stream, const char *text) {
    while (*text) {
        const char *entity = entity_of(*text);
        int length = utf8_length(text);
        if (entity)
            fputs(entity, stream);
        else if (length == 0 || is_control(text))
            fputs(UTF8_REPLACEMENT, stream);
        else
            fwrite(text, 1, (size_t)length, stream);
        text += length > 0 ? length : 1;
    }
}

/* --- pictures --- */

void html_print_base64(FILE *stream, const void *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i += 3) {
        size_t count = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= count > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= count > 2 ? bytes[i + 2] : 0;
        for (size_t digit = 0; digit < 4; digit++)
            putc(digit <= count ? digits[group >> (18 - 6 * digit) & 63] : '=', stream);
    }
}

/* Prints what stands in `png`, if it could be made, and frees it. */
static status print_picture(FILE *stream, status made, text_buffer *png) {
    if (made == STATUS_OK)
        made = text_buffer_end(png);
    if (made == STATUS_OK) {
        fputs("data:image/png;base64,", stream);
        html_print_base64(stream, png->text, png->size);
    }
    text_buffer_free(png);
    return made;
}

status html_print_png(FILE *stream, int width, int height, int channels, const uint8_t *pixels) {
    text_buffer png;
    TRY(text_buffer_begin(&png));
    return print_picture(stream, png_print_8(png.stream, width, height, channels, pixels), &png);
}

status html_print_palette_png(FILE *stream, int width, int height, const uint32_t *colours, int colour_count,
                              const uint8_t *indices) {
    text_buffer png;
    TRY(text_buffer_begin(&png));
    return print_picture(stream, png_print_palette(png.stream, width, height, colours, colour_count, indices), &png);
}

status html_print_picture_file(FILE *stream, const char *path, size_t limit, const char *what) {
    const char *suffix = strrchr(path, '.');
    uint8_t *data;
    size_t size;
    TRY(file_read(path, limit, &data, &size));
    fprintf(stream, "<img src=\"data:image/%s;base64,", suffix && strcmp(suffix, ".svg") == 0 ? "svg+xml" : "png");
    html_print_base64(stream, data, size);
    fputs("\" alt=\"", stream);
    html_print_text(stream, what);
    fputs("\">", stream);
    free(data);
    return STATUS_OK;
}

void html_print_path(FILE *stream, const char *path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *path; path++)
        if (strchr(plain, *path))
            putc(*path, stream);
        else
            fprintf(stream, "%%%02X", (unsigned char)*path);
}

/* --- tables --- */

/* The head's buttons do nothing without JavaScript; then they look like text (page.css). */
void html_table_begin(FILE *stream, const char *caption, const html_column *columns, int count) {
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", stream);
    html_print_text(stream, caption ? caption : "table");
    fputs("\"><table class=\"sortable\">", stream);
    if (caption) {
        fputs("<caption>", stream);
        html_print_text(stream, caption);
        fputs("</caption>", stream);
    }
    fputs("<thead><tr>", stream);
    for (int i = 0; i < count; i++) {
        fprintf(stream, "<th scope=\"col\" aria-sort=\"none\"%s><button type=\"button\"",
                columns[i].is_number ? " class=\"number\"" : "");
        if (columns[i].help) {
            fputs(" title=\"", stream);
            html_print_text(stream, columns[i].help);
            fputs("\"", stream);
        }
        fputs(">", stream);
        html_print_text(stream, columns[i].label);
        fputs("</button></th>", stream);
    }
    fputs("</tr></thead>\n<tbody>\n", stream);
}

void html_table_end(FILE *stream) {
    fputs("</tbody></table></div>\n", stream);
}

void html_row_begin(FILE *stream) {
    fputs("<tr>", stream);
}

void html_row_end(FILE *stream) {
    fputs("</tr>\n", stream);
}

void html_cell_text(FILE *stream, const char *text) {
    fputs("<td>", stream);
    html_print_text(stream, text);
    fputs("</td>", stream);
}

void html_cell_number(FILE *stream, double value, const char *shown) {
    fputs("<td class=\"number\"", stream);
    if (isfinite(value))
        fprintf(stream, " data-value=\"%.9g\"", value);
    fputs(">", stream);
    html_print_text(stream, shown);
    fputs("</td>", stream);
}
