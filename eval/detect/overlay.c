#include "eval/detect/overlay.h"

#include "core/draw/font.h"
#include "core/io/png_io.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORTEST_SIDE 512 /* of the picture, unless that makes the other side too long */
#define LONGEST_SIDE 8192
#define MOST_LABELS 400 /* beyond, labels hide more than they tell */

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

static double scale_of(const grey_image *image) {
    int shorter = image->width < image->height ? image->width : image->height;
    int longer = image->width < image->height ? image->height : image->width;
    double scale = shorter < SHORTEST_SIDE ? ceil((double)SHORTEST_SIDE / shorter) : 1;
    while (scale > 1 && scale * longer > LONGEST_SIDE)
        scale--;
    return longer > LONGEST_SIDE ? (double)LONGEST_SIDE / longer : scale;
}

/* Grey levels shown as black and white. */
static void display_range(const grey_image *image, int *black, int *white) {
    *black = 0;
    *white = image->maximum;
    if (image->maximum <= 255)
        return;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    int low = image->maximum, high = 0;
    for (size_t i = 0; i < pixels; i++) {
        low = image->pixels[i] < low ? image->pixels[i] : low;
        high = image->pixels[i] > high ? image->pixels[i] : high;
    }
    if (low < high) {
        *black = low;
        *white = high;
    }
}

static cairo_surface_t *surface_of(const grey_image *image) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, image->width, image->height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        return surface;
    int black, white;
    display_range(image, &black, &white);
    unsigned char *rows = cairo_image_surface_get_data(surface);
    for (int y = 0; y < image->height; y++) {
        uint32_t *row = (uint32_t *)(void *)(rows + (ptrdiff_t)y * cairo_image_surface_get_stride(surface));
        const uint16_t *from = image->pixels + (ptrdiff_t)y * image->width;
        for (int x = 0; x < image->width; x++) {
            uint32_t grey = (uint32_t)(((from[x] - black) * 255 + (white - black) / 2) / (white - black));
            row[x] = grey << 16 | grey << 8 | grey;
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

/* --- boxes and labels, in canvas pixels --- */

static rectangle box_of(const canvas *c, const detection *d) {
    double margin = fmax(4, 1.5 * c->scale); /* so that the target itself stays visible */
    double x0 = fmax(d->x0 * c->scale - margin, 1), y0 = fmax(d->y0 * c->scale - margin, 1);
    double x1 = fmin((d->x1 + 1) * c->scale + margin, c->width - 1);
    double y1 = fmin((d->y1 + 1) * c->scale + margin, c->height - 1);
    return (rectangle){x0, y0, x1 - x0, y1 - y0};
}

static void draw_box(const canvas *c, rectangle box) {
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

/* Above the box, below, right of it, left of it: the first place that is free. */
static void draw_label(canvas *c, rectangle box, double peak) {
    char text[32];
    snprintf(text, sizeof text, "%.2f", peak);
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
        c->labels[c->label_count++] = places[i];
        cairo_rectangle(c->cairo, places[i].x, places[i].y, width, height);
        cairo_set_source_rgba(c->cairo, 0, 0, 0, 0.6);
        cairo_fill(c->cairo);
        cairo_set_source_rgb(c->cairo, text_colour.r, text_colour.g, text_colour.b);
        cairo_move_to(c->cairo, places[i].x + 3, places[i].y + height / 2 - size.height / 2 - size.y_bearing);
        cairo_show_text(c->cairo, text);
        return;
    }
}

static void draw(canvas *c, cairo_surface_t *background, const detection_list *found) {
    cairo_save(c->cairo);
    cairo_scale(c->cairo, c->scale, c->scale);
    cairo_set_source_surface(c->cairo, background, 0, 0);
    /* Enlarged pixels stay squares: what the sensor gave is what is seen. */
    cairo_pattern_set_filter(cairo_get_source(c->cairo), c->scale > 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
    cairo_paint(c->cairo);
    cairo_restore(c->cairo);
    font_select(c->cairo, c->font_size, CAIRO_FONT_WEIGHT_BOLD);
    for (int i = 0; i < found->count; i++)
        draw_box(c, box_of(c, &found->items[i]));
    for (int i = 0; i < found->count && c->label_count < MOST_LABELS; i++)
        draw_label(c, box_of(c, &found->items[i]), found->items[i].peak);
}

static status write_surface(const char *path, cairo_surface_t *surface, int width, int height) {
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    if (!rgb)
        return status_fail(STATUS_MEMORY, "%s: out of memory for the picture", path);
    cairo_surface_flush(surface);
    const unsigned char *rows = cairo_image_surface_get_data(surface);
    for (int y = 0; y < height; y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)(rows + (ptrdiff_t)y * cairo_image_surface_get_stride(surface));
        uint8_t *to = rgb + (size_t)y * (size_t)width * 3;
        for (int x = 0; x < width; x++) {
            to[3 * x] = (uint8_t)(row[x] >> 16);
            to[3 * x + 1] = (uint8_t)(row[x] >> 8);
            to[3 * x + 2] = (uint8_t)row[x];
        }
    }
    status result = png_write_8(path, width, height, 3, rgb);
    free(rgb);
    return result;
}

status overlay_write(const char *path, const grey_image *image, const detection_list *found) {
    canvas c = {.scale = scale_of(image)};
    c.width = (int)fmax(1, image->width * c.scale);
    c.height = (int)fmax(1, image->height * c.scale);
    c.font_size = fmin(fmax((c.width < c.height ? c.width : c.height) / 40.0, 13), 32);
    cairo_surface_t *background = surface_of(image);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c.width, c.height);
    c.cairo = cairo_create(surface);
    draw(&c, background, found);
    cairo_status_t drawn = cairo_status(c.cairo);
    status result = drawn == CAIRO_STATUS_SUCCESS
                        ? write_surface(path, surface, c.width, c.height)
                        : status_fail(STATUS_MEMORY, "%s: cannot be drawn: %s", path, cairo_status_to_string(drawn));
    cairo_destroy(c.cairo);
    cairo_surface_destroy(surface);
    cairo_surface_destroy(background);
    return result;
}
