#include "eval/detect/overlay.h"

#include "core/base/whole_numbers.h"
#include "core/draw/font.h"
#include "core/io/png_io.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORTEST_SIDE 512 /* of the picture, unless that makes the other side too long */
#define LONGEST_SIDE 8192
#define LONGEST_SURFACE 32767 /* of cairo's */
#define MOST_LABELS 400       /* beyond, labels hide more than they tell */

static const struct { double r, g, b; } box_colour = {0.25, 1, 0.35}, text_colour = {1, 1, 0.4};

typedef struct rectangle {
    double x, y, width, height;
} rectangle;

typedef struct canvas {
    cairo_t *cairo;
    int width, height;
    double scale; /* canvas pixels per image pixel */
    double font_size;
    rectangle labels[MOST_LABELS];
    int label_count;
} canvas;

static double scale_of(int width, int height) {
    int shorter = width < height ? width : height, longer = width < height ? height : width;
    double scale = shorter < SHORTEST_SIDE ? ceil((double)SHORTEST_SIDE / shorter) : 1;
    while (scale > 1 && scale * longer > LONGEST_SIDE)
        scale--;
    return longer > LONGEST_SIDE ? (double)LONGEST_SIDE / longer : scale;
}

static double font_size_of(double width, double height) {
    return fmin(fmax((width < height ? width : height) / 40, 13), 32);
}

/* Of a title, above and below. */
enum { TITLE_MARGIN = 3 };

static int title_height(int width, int height) {
    return (int)ceil(font_size_of(width, height)) + 2 * TITLE_MARGIN;
}

void overlay_size(int width, int height, bool titled, int *picture_width, int *picture_height) {
    double scale = scale_of(width, height);
    *picture_width = (int)fmax(1, width * scale);
    *picture_height = (int)fmax(1, height * scale);
    *picture_height += titled ? title_height(*picture_width, *picture_height) : 0;
}

overlay_levels overlay_levels_of(const grey_image *image) {
    size_t pixels = (size_t)image->width * (size_t)image->height;
    int low = image->maximum, high = 0;
    for (size_t i = 0; i < pixels && image->maximum > 255; i++) {
        low = image->pixels[i] < low ? image->pixels[i] : low;
        high = image->pixels[i] > high ? image->pixels[i] : high;
    }
    return low < high ? (overlay_levels){low, high} : (overlay_levels){0, image->maximum};
}

/* Of the longest image a line is left out, which is a quarter of one in the picture. */
static cairo_surface_t *surface_of(const grey_image *image, const overlay_levels *levels) {
    int width = int_clamp(image->width, 1, LONGEST_SURFACE), height = int_clamp(image->height, 1, LONGEST_SURFACE);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        return surface;
    unsigned char *rows = cairo_image_surface_get_data(surface);
    double factor = 255 / (levels->white - levels->black);
    for (int y = 0; y < height; y++) {
        uint32_t *row = (uint32_t *)(void *)(rows + (ptrdiff_t)y * cairo_image_surface_get_stride(surface));
        const uint16_t *from = image->pixels + (ptrdiff_t)y * image->width;
        for (int x = 0; x < width; x++) {
            double level = (from[x] - levels->black) * factor + 0.5;
            uint32_t grey = level < 0 ? 0 : level > 255 ? 255 : (uint32_t)level;
            row[x] = grey << 16 | grey << 8 | grey;
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

/* --- boxes and labels, in canvas pixels --- */

static rectangle box_of(const canvas *c, const overlay_mark *d) {
    double margin = fmax(8, 1.5 * c->scale); /* so that the target itself stays visible */
    double x0 = fmax(d->x0 * c->scale - margin, 1), y0 = fmax(d->y0 * c->scale - margin, 1);
    double x1 = fmin((d->x1 + 1) * c->scale + margin, c->width - 1);
    double y1 = fmin((d->y1 + 1) * c->scale + margin, c->height - 1);
    return (rectangle){x0, y0, x1 - x0, y1 - y0};
}

static void draw_box(const canvas *c, rectangle box, bool dashed) {
    const double dash = 5;
    cairo_set_dash(c->cairo, &dash, dashed, 0);
    cairo_rectangle(c->cairo, box.x, box.y, box.width, box.height);
    cairo_set_source_rgba(c->cairo, 0, 0, 0, 0.6); /* a dark rim, for bright backgrounds */
    cairo_set_line_width(c->cairo, 4);
    cairo_stroke_preserve(c->cairo);
    cairo_set_source_rgb(c->cairo, box_colour.r, box_colour.g, box_colour.b);
    cairo_set_line_width(c->cairo, 2);
    cairo_stroke(c->cairo);
}

static bool overlap(const rectangle *a, const rectangle *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

static bool is_free(const canvas *c, const rectangle *place) {
    if (place->x < 0 || place->y < 0 || place->x + place->width > c->width || place->y + place->height > c->height)
        return false;
    for (int i = 0; i < c->label_count; i++)
        if (overlap(place, &c->labels[i]))
            return false;
    return true;
}

static void draw_text(canvas *c, rectangle place, const char *text, const cairo_text_extents_t *size) {
    c->labels[c->label_count++] = place;
    cairo_rectangle(c->cairo, place.x, place.y, place.width, place.height);
    cairo_set_source_rgba(c->cairo, 0, 0, 0, 0.6);
    cairo_fill(c->cairo);
    cairo_set_source_rgb(c->cairo, text_colour.r, text_colour.g, text_colour.b);
    cairo_move_to(c->cairo, place.x + 3, place.y + place.height / 2 - size->height / 2 - size->y_bearing);
    cairo_show_text(c->cairo, text);
}

/* Above the box, below, right of it, left of it: the first place that is free. */
static void draw_label(canvas *c, rectangle box, const char *text) {
    cairo_text_extents_t size;
    cairo_text_extents(c->cairo, text, &size);
    double width = size.x_advance + 6, height = c->font_size + 4, gap = 3;
    const rectangle places[] = {
        {box.x, box.y - height - gap, width, height},
        {box.x + box.width - width, box.y - height - gap, width, height},
        {box.x, box.y + box.height + gap, width, height},
        {box.x + box.width - width, box.y + box.height + gap, width, height},
        {box.x + box.width + gap, box.y, width, height},
        {box.x - width - gap, box.y, width, height},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!is_free(c, &places[i]))
            continue;
        draw_text(c, places[i], text, &size);
        return;
    }
}

static void draw_title(const canvas *c, const char *text) {
    cairo_set_source_rgb(c->cairo, text_colour.r, text_colour.g, text_colour.b);
    cairo_move_to(c->cairo, 2 * TITLE_MARGIN, c->height + TITLE_MARGIN + 0.85 * c->font_size);
    cairo_show_text(c->cairo, text);
}

static void draw(canvas *c, cairo_surface_t *background, const overlay_mark *marks, int count, const char *title) {
    cairo_save(c->cairo);
    cairo_scale(c->cairo, c->scale, c->scale);
    cairo_set_source_surface(c->cairo, background, 0, 0);
    /* Enlarged pixels stay squares: what the sensor gave is what is seen. */
    cairo_pattern_set_filter(cairo_get_source(c->cairo), c->scale > 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
    cairo_paint(c->cairo);
    cairo_restore(c->cairo);
    font_select(c->cairo, c->font_size, CAIRO_FONT_WEIGHT_BOLD);
    for (int i = 0; i < count; i++)
        draw_box(c, box_of(c, &marks[i]), marks[i].dashed);
    if (title)
        draw_title(c, title);
    for (int i = 0; i < count && c->label_count < MOST_LABELS; i++)
        draw_label(c, box_of(c, &marks[i]), marks[i].label);
}

static status copy_surface(cairo_surface_t *surface, overlay_picture *out) {
    out->rgb = malloc((size_t)out->width * (size_t)out->height * 3);
    if (!out->rgb)
        return status_fail(STATUS_MEMORY, "out of memory for a picture of %dx%d", out->width, out->height);
    cairo_surface_flush(surface);
    const unsigned char *rows = cairo_image_surface_get_data(surface);
    for (int y = 0; y < out->height; y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)(rows + (ptrdiff_t)y * cairo_image_surface_get_stride(surface));
        uint8_t *to = out->rgb + (size_t)y * (size_t)out->width * 3;
        for (int x = 0; x < out->width; x++) {
            to[3 * x] = (uint8_t)(row[x] >> 16);
            to[3 * x + 1] = (uint8_t)(row[x] >> 8);
            to[3 * x + 2] = (uint8_t)row[x];
        }
    }
    return STATUS_OK;
}

status overlay_draw(const grey_image *image, const overlay_levels *levels, const overlay_mark *marks, int count,
                    const char *title, overlay_picture *out) {
    canvas c = {.scale = scale_of(image->width, image->height)};
    *out = (overlay_picture){0};
    overlay_size(image->width, image->height, false, &c.width, &c.height);
    overlay_size(image->width, image->height, title != NULL, &out->width, &out->height);
    c.font_size = font_size_of(c.width, c.height);
    cairo_surface_t *background = surface_of(image, levels);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, out->width, out->height);
    c.cairo = cairo_create(surface);
    draw(&c, background, marks, count, title);
    cairo_status_t drawn = cairo_status(c.cairo);
    status result = drawn == CAIRO_STATUS_SUCCESS
                        ? copy_surface(surface, out)
                        : status_fail(STATUS_MEMORY, "a picture cannot be drawn: %s", cairo_status_to_string(drawn));
    cairo_destroy(c.cairo);
    cairo_surface_destroy(surface);
    cairo_surface_destroy(background);
    return result;
}

void overlay_picture_free(overlay_picture *picture) {
    free(picture->rgb);
    *picture = (overlay_picture){0};
}

overlay_mark overlay_mark_of(const detection *d) {
    overlay_mark mark = {.x0 = d->x0, .y0 = d->y0, .x1 = d->x1, .y1 = d->y1};
    snprintf(mark.label, sizeof mark.label, "%.2f", d->peak);
    return mark;
}

status overlay_write(const char *path, const grey_image *image, const detection_list *found) {
    overlay_picture picture = {0};
    overlay_levels levels = overlay_levels_of(image);
    overlay_mark *marks = malloc(((size_t)found->count + 1) * sizeof *marks);
    if (!marks)
        return status_fail(STATUS_MEMORY, "%s: out of memory for the picture", path);
    for (int i = 0; i < found->count; i++)
        marks[i] = overlay_mark_of(&found->items[i]);
    status result = overlay_draw(image, &levels, marks, found->count, NULL, &picture);
    result = result == STATUS_OK ? png_write_8(path, picture.width, picture.height, 3, picture.rgb)
                                 : status_prefix(result, "%s", path);
    overlay_picture_free(&picture);
    free(marks);
    return result;
}
