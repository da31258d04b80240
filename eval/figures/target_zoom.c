#include "eval/figures/target_zoom.h"

#include "core/draw/canvas.h"
#include "core/draw/font.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define SMALLEST_SQUARE 16.0 /* pixels */
#define SQUARE_SHARE 2.0     /* side of the square: that many sides of the target */
#define INSET_SHARE 0.29     /* side of an inset: this share of the map's shorter side */
#define INSET_MARGIN 0.015   /* its distance from the edge, likewise */
#define FRAME_WIDTH 1.25
#define NUMBER_SIZE 9.0

map_part target_square(const component *c, int width, int height) {
    double longest = fmax(c->x1 - c->x0, c->y1 - c->y0) + 1;
    double side = fmin(fmax(SMALLEST_SQUARE, SQUARE_SHARE * longest), fmin(width, height));
    double x = (c->x0 + c->x1 + 1 - side) / 2, y = (c->y0 + c->y1 + 1 - side) / 2;
    return (map_part){fmin(fmax(x, 0), width - side), fmin(fmax(y, 0), height - side), side, side};
}

static bool overlap(map_part a, map_part b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/* Three places along each edge. */
enum { PLACES = 8 };

static map_part inset_at(int place, int width, int height) {
    static const double across[PLACES] = {0, 1, 0, 1, 0.5, 0.5, 0, 1}, down[PLACES] = {0, 0, 1, 1, 0, 1, 0.5, 0.5};
    double shorter = fmin(width, height), side = INSET_SHARE * shorter, margin = INSET_MARGIN * shorter;
    return (map_part){margin + across[place] * (width - side - 2 * margin),
                      margin + down[place] * (height - side - 2 * margin), side, side};
}

static bool is_free(map_part inset, const component_list *targets, int width, int height) {
    for (int i = 0; i < targets->count; i++)
        if (overlap(inset, target_square(&targets->items[i], width, height)))
            return false;
    return true;
}

static double distance(map_part a, map_part b) {
    return hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}

/* The nearest place that is free and not in `taken`; -1 if there is none. */
static int nearest_place(map_part square, const component_list *targets, int width, int height, const bool *taken) {
    int best = -1;
    double least = INFINITY;
    for (int place = 0; place < PLACES; place++) {
        map_part inset = inset_at(place, width, height);
        if (taken[place] || !is_free(inset, targets, width, height) || distance(inset, square) >= least)
            continue;
        best = place;
        least = distance(inset, square);
    }
    return best;
}

/* The largest target that is not larger than, and does not come before, target `after` (-1: the largest of all). */
static int next_largest(const component_list *targets, int after) {
    int best = -1;
    for (int i = 0; i < targets->count; i++) {
        int area = targets->items[i].area, limit = after >= 0 ? targets->items[after].area : 0;
        bool follows = after < 0 || area < limit || (area == limit && i > after);
        if (follows && (best < 0 || area > targets->items[best].area))
            best = i;
    }
    return best;
}

zoom_plan zoom_plan_make(const component_list *targets, int width, int height, int most) {
    zoom_plan plan = {0};
    bool taken[PLACES] = {false};
    int target = next_largest(targets, -1);
    for (; target >= 0 && plan.count < most; target = next_largest(targets, target)) {
        map_part square = target_square(&targets->items[target], width, height);
        int place = nearest_place(square, targets, width, height, taken);
        if (place < 0)
            break;
        taken[place] = true;
        plan.zooms[plan.count++] = (target_zoom){target, square, inset_at(place, width, height)};
    }
    return plan;
}

map_place map_part_place(const map_view *view, map_part part, map_place place) {
    double across = place.width / view->width, down = place.height / view->height;
    return (map_place){place.x + part.x * across, place.y + part.y * down, part.width * across, part.height * down};
}

static void frame(cairo_t *cairo, map_place p) {
    cairo_rectangle(cairo, p.x, p.y, p.width, p.height);
    cairo_stroke(cairo);
}

/* The two lines that join corners of both squares and touch them from outside. */
static void join(cairo_t *cairo, map_place a, map_place b) {
    double across = b.x + b.width / 2 - a.x - a.width / 2, down = b.y + b.height / 2 - a.y - a.height / 2;
    bool falling = across * down > 0; /* b lies right below or left above of a */
    for (int i = 0; i < 2; i++) {
        bool right = i, low = falling ? !i : i;
        cairo_move_to(cairo, a.x + right * a.width, a.y + low * a.height);
        cairo_line_to(cairo, b.x + right * b.width, b.y + low * b.height);
    }
    cairo_stroke(cairo);
}

/* Bright on a dark rim, for any background; right of (x, y) and below. */
static void write_number(cairo_t *cairo, int number, double x, double y, unsigned colour) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    font_select(cairo, NUMBER_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    cairo_move_to(cairo, x, y + NUMBER_SIZE);
    cairo_text_path(cairo, text);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_set_line_width(cairo, 2);
    cairo_stroke_preserve(cairo);
    canvas_colour(cairo, colour);
    cairo_fill(cairo);
}

/* Beside the square: on its right, or on its left where an inset or the map's edge is too near. */
static void number_square(cairo_t *cairo, const map_view *view, const zoom_plan *plan, int index, map_place place,
                          unsigned colour) {
    map_part square = plan->zooms[index].part;
    double room = NUMBER_SIZE * view->width / place.width;
    map_part right = {square.x + square.width, square.y, room, square.height};
    bool is_right_free = right.x + right.width < view->width;
    for (int i = 0; i < plan->count; i++)
        is_right_free = is_right_free && !overlap(right, plan->zooms[i].inset);
    map_place p = map_part_place(view, square, place);
    write_number(cairo, index + 1, is_right_free ? p.x + p.width + 2 : p.x - NUMBER_SIZE + 1, p.y - 1, colour);
}

void target_zoom_draw(cairo_t *cairo, const map_view *view, const zoom_plan *plan, int index, map_place place,
                      unsigned colour) {
    const target_zoom *zoom = &plan->zooms[index];
    map_place square = map_part_place(view, zoom->part, place), inset = map_part_place(view, zoom->inset, place);
    canvas_colour(cairo, colour);
    cairo_set_line_width(cairo, FRAME_WIDTH / 3);
    if (plan->count == 1)
        join(cairo, square, inset);
    map_view_draw(cairo, view, &zoom->part, inset);
    canvas_colour(cairo, colour);
    cairo_set_line_width(cairo, FRAME_WIDTH);
    frame(cairo, inset);
    if (plan->count == 1)
        return;
    write_number(cairo, index + 1, inset.x + 3, inset.y + 1, colour);
    number_square(cairo, view, plan, index, place, colour);
}
