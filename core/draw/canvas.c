#include "core/draw/canvas.h"

#include "core/base/utf8.h"
#include "core/draw/palette.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"

#include <cairo-svg.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_colour(cairo_t *cairo, unsigned rgb) {
    cairo_set_source_rgb(cairo, (rgb >> 16) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* Okabe and Ito's colours, which people with any common colour blindness tell apart; grey in place of their
 * yellow, which is too pale for a line. */
unsigned canvas_palette(int index) {
    static const unsigned colours[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000, 0x8c8c8c};
    return colours[index % (int)(sizeof colours / sizeof *colours)];
}

enum { LONGEST_TEXT = 1024 }; /* with its NUL; the longest line of text is far shorter */

/* cairo draws nothing more after a text that is not UTF-8, and a name may be anything. */
double canvas_text_width(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    char shown[LONGEST_TEXT];
    utf8_copy(shown, sizeof shown, text);
    cairo_text_extents(cairo, shown, &extents);
    return extents.x_advance;
}

void canvas_text(cairo_t *cairo, double x, double y, double share, const char *text) {
    cairo_text_extents_t digit;
    char shown[LONGEST_TEXT];
    utf8_copy(shown, sizeof shown, text);
    cairo_text_extents(cairo, "0", &digit);
    cairo_move_to(cairo, x - share * canvas_text_width(cairo, text), y + digit.height / 2);
    cairo_show_text(cairo, shown);
}

void canvas_text_upwards(cairo_t *cairo, double x, double y, const char *text) {
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_rotate(cairo, -M_PI / 2);
    canvas_text(cairo, 0, 0, 0.5, text);
    cairo_restore(cairo);
}

void canvas_line(cairo_t *cairo, double x0, double y0, double x1, double y1, unsigned colour) {
    canvas_colour(cairo, colour);
    cairo_set_line_width(cairo, 1);
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

/* --- files --- */

typedef struct sheet {
    double width, height;
    canvas_png png;
    bool svg;
    void (*draw)(void *context, cairo_t *cairo);
    void *context;
} sheet;

static cairo_status_t write_bytes(void *stream, const unsigned char *data, unsigned size) {
    return fwrite(data, 1, size, stream) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t draw_sheet(const sheet *s, cairo_surface_t *surface) {
    cairo_t *cairo = cairo_create(surface);
    if (!s->svg)
        cairo_scale(cairo, s->png.scale, s->png.scale);
    canvas_colour(cairo, 0xffffff);
    cairo_paint(cairo);
    s->draw(s->context, cairo);
    cairo_status_t result = cairo_status(cairo);
    cairo_destroy(cairo);
    return result;
}

static cairo_surface_t *new_image(const sheet *s) {
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(s->width * s->png.scale),
                                      (int)(s->height * s->png.scale));
}

static status failure(const char *path, cairo_status_t code) {
    return status_fail(code == CAIRO_STATUS_NO_MEMORY ? STATUS_MEMORY : STATUS_OUTPUT, "%s: cannot be drawn: %s", path,
                       cairo_status_to_string(code));
}

static cairo_status_t render(const sheet *s, FILE *stream) {
    cairo_surface_t *surface =
        s->svg ? cairo_svg_surface_create_for_stream(write_bytes, stream, s->width, s->height) : new_image(s);
    cairo_status_t result = draw_sheet(s, surface);
    if (result == CAIRO_STATUS_SUCCESS && !s->svg)
        result = cairo_surface_write_to_png_stream(surface, write_bytes, stream);
    cairo_surface_finish(surface);
    if (result == CAIRO_STATUS_SUCCESS)
        result = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return result;
}

static status write_exactly(const sheet *s, const char *path) {
    char *data = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&data, &size);
    if (stream == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    cairo_status_t drawn = render(s, stream);
    bool closed = fclose(stream) == 0;
    status result;
    if (drawn == CAIRO_STATUS_SUCCESS && closed)
        result = file_write(path, data, size);
    else
        result = failure(path, closed ? drawn : CAIRO_STATUS_NO_MEMORY);
    free(data);
    return result;
}

static status write_reduced(const sheet *s, const char *path, cairo_surface_t *surface) {
    cairo_surface_flush(surface);
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const void *pixels = cairo_image_surface_get_data(surface); /* rows of 32-bit pixels have no gaps */
    uint8_t *indices = malloc((size_t)width * (size_t)height);
    palette colours;
    if (!indices)
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    status result = palette_reduce(pixels, (size_t)width * (size_t)height, s->png.colours, &colours, indices);
    if (result == STATUS_OK)
        result = png_write_palette(path, width, height, colours.colours, colours.count, indices);
    free(indices);
    return result;
}

static status write_with_palette(const sheet *s, const char *path) {
    cairo_surface_t *surface = new_image(s);
    cairo_status_t drawn = draw_sheet(s, surface);
    status result = drawn == CAIRO_STATUS_SUCCESS ? write_reduced(s, path, surface) : failure(path, drawn);
    cairo_surface_destroy(surface);
    return result;
}

status canvas_write(const char *path, double width, double height, canvas_png png,
                    void (*draw)(void *context, cairo_t *cairo), void *context) {
    const char *suffix = strrchr(path, '.');
    bool svg = suffix && strcmp(suffix, ".svg") == 0;
    if (!svg && (suffix == NULL || strcmp(suffix, ".png") != 0))
        return status_fail(STATUS_USAGE, "%s: a picture's name must end in .png or .svg", path);
    sheet s = {width, height, png, svg, draw, context};
    return !svg && png.colours > 0 ? write_with_palette(&s, path) : write_exactly(&s, path);
}
