#include "core/canvas.h"

#include "core/file_io.h"

#include <cairo-svg.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_colour(cairo_t *cairo, unsigned rgb) {
    cairo_set_source_rgb(cairo, (rgb >> 16) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* Okabe and Ito's colours, which people with any common colour blindness tell apart; grey in place of their
 * yellow, which is too pale for a line. */
unsigned canvas_palette(int index) {
    static const unsigned palette[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000, 0x8c8c8c};
    return palette[index % (int)(sizeof palette / sizeof *palette)];
}

double canvas_text_width(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

void canvas_text(cairo_t *cairo, double x, double y, double share, const char *text) {
    cairo_text_extents_t digit;
    cairo_text_extents(cairo, "0", &digit);
    cairo_move_to(cairo, x - share * canvas_text_width(cairo, text), y + digit.height / 2);
    cairo_show_text(cairo, text);
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
    double width, height, png_scale;
    bool svg;
    void (*draw)(void *context, cairo_t *cairo);
    void *context;
} sheet;

static cairo_status_t write_bytes(void *stream, const unsigned char *data, unsigned size) {
    return fwrite(data, 1, size, stream) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *new_surface(const sheet *s, FILE *stream) {
    return s->svg ? cairo_svg_surface_create_for_stream(write_bytes, stream, s->width, s->height)
                  : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(s->width * s->png_scale),
                                               (int)(s->height * s->png_scale));
}

static cairo_status_t render(const sheet *s, FILE *stream) {
    cairo_surface_t *surface = new_surface(s, stream);
    cairo_t *cairo = cairo_create(surface);
    if (!s->svg)
        cairo_scale(cairo, s->png_scale, s->png_scale);
    canvas_colour(cairo, 0xffffff);
    cairo_paint(cairo);
    s->draw(s->context, cairo);
    cairo_status_t result = cairo_status(cairo);
    cairo_destroy(cairo);
    if (result == CAIRO_STATUS_SUCCESS && !s->svg)
        result = cairo_surface_write_to_png_stream(surface, write_bytes, stream);
    cairo_surface_finish(surface);
    if (result == CAIRO_STATUS_SUCCESS)
        result = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return result;
}

status canvas_write(const char *path, double width, double height, double png_scale,
                    void (*draw)(void *context, cairo_t *cairo), void *context) {
    const char *suffix = strrchr(path, '.');
    bool svg = suffix && strcmp(suffix, ".svg") == 0;
    if (!svg && (suffix == NULL || strcmp(suffix, ".png") != 0))
        return status_fail(STATUS_USAGE, "%s: a picture's name must end in .png or .svg", path);
    char *data = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&data, &size);
    if (stream == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    cairo_status_t drawn = render(&(sheet){width, height, png_scale, svg, draw, context}, stream);
    bool closed = fclose(stream) == 0;
    status result;
    if (drawn == CAIRO_STATUS_SUCCESS && closed)
        result = file_write(path, data, size);
    else
        result = status_fail(drawn == CAIRO_STATUS_NO_MEMORY || !closed ? STATUS_MEMORY : STATUS_OUTPUT,
                             "%s: cannot be drawn: %s", path, cairo_status_to_string(drawn));
    free(data);
    return result;
}
