#include "core/draw/map_view.h"

#include "core/draw/canvas.h"
#include "core/draw/font.h"
#include "core/draw/plot_scale.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define SCALE_TEXT 10.0
#define GAP 4.0

static double share_of(const map_view *view, double value) {
    return (value - view->low) / (view->high - view->low);
}

static cairo_surface_t *picture_of(const map_view *view) {
    cairo_surface_t *picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, view->width, view->height);
    unsigned char *rows = cairo_image_surface_get_data(picture);
    for (int y = 0; rows && y < view->height; y++) {
        uint32_t *row = (uint32_t *)(void *)(rows + (ptrdiff_t)y * cairo_image_surface_get_stride(picture));
        for (int x = 0; x < view->width; x++)
            row[x] = colour_map_at(view->colours, share_of(view, view->map[(ptrdiff_t)y * view->width + x]));
    }
    cairo_surface_mark_dirty(picture);
    return picture;
}

void map_view_draw(cairo_t *cairo, const map_view *view, const map_part *part, map_place place) {
    map_part whole = {0, 0, view->width, view->height};
    part = part ? part : &whole;
    cairo_surface_t *picture = picture_of(view);
    cairo_save(cairo);
    cairo_rectangle(cairo, place.x, place.y, place.width, place.height);
    cairo_clip(cairo);
    cairo_translate(cairo, place.x, place.y);
    cairo_scale(cairo, place.width / part->width, place.height / part->height);
    cairo_set_source_surface(cairo, picture, -part->x, -part->y);
    cairo_pattern_set_filter(cairo_get_source(cairo),
                             place.width > part->width ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
    cairo_paint(cairo);
    cairo_restore(cairo);
    cairo_surface_destroy(picture);
}

/* --- colour scale --- */

static double draw_ticks(cairo_t *cairo, const map_view *view, map_place place) {
    plot_scale scale = plot_scale_tight(view->low, view->high, place.height / (3 * SCALE_TEXT));
    double right = place.x + place.width, widest = 0;
    char label[32];
    for (int i = 0; i < plot_scale_tick_count(&scale); i++) {
        double value = plot_scale_tick(&scale, i), y = place.y + (1 - share_of(view, value)) * place.height;
        canvas_line(cairo, right, y, right + GAP, y, CANVAS_FRAME);
        plot_scale_label(&scale, value, label);
        canvas_colour(cairo, CANVAS_TEXT);
        canvas_text(cairo, right + 2 * GAP, y, 0, label);
        widest = fmax(widest, canvas_text_width(cairo, label));
    }
    plot_scale_exponent(&scale, label);
    canvas_text(cairo, place.x, place.y - SCALE_TEXT, 0, label);
    return widest;
}

double map_view_draw_scale(cairo_t *cairo, const map_view *view, map_place place, const char *label) {
    enum { STEPS = 256 };
    for (int i = 0; i < STEPS; i++) { /* each step reaches down to the foot, so that no seam shows between two */
        canvas_colour(cairo, colour_map_at(view->colours, 1 - (i + 0.5) / STEPS));
        cairo_rectangle(cairo, place.x, place.y + place.height * i / STEPS, place.width,
                        place.height * (STEPS - i) / STEPS);
        cairo_fill(cairo);
    }
    canvas_colour(cairo, CANVAS_FRAME);
    cairo_set_line_width(cairo, 0.75);
    cairo_rectangle(cairo, place.x, place.y, place.width, place.height);
    cairo_stroke(cairo);
    font_select(cairo, SCALE_TEXT, CAIRO_FONT_WEIGHT_NORMAL);
    double used = 2 * GAP + draw_ticks(cairo, view, place);
    if (!label)
        return used;
    used += 2 * GAP;
    canvas_text_upwards(cairo, place.x + place.width + used + SCALE_TEXT / 2, place.y + place.height / 2, label);
    return used + SCALE_TEXT;
}
