#include "eval/figures/method_figure.h"

#include "core/draw/font.h"
#include "eval/figures/target_zoom.h"
#include "eval/measure/target_outcome.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Points. */
#define SIDE 176.0 /* of a map's longer side */
#define SURFACE_HEIGHT 150.0
#define COLUMN_GAP 18.0
#define ROW_GAP 22.0
#define MARGIN 16.0
#define SCALE_WIDTH 10.0
#define SCALE_ROOM 78.0 /* with ticks and name */
#define TITLE_SIZE 16.0
#define NAME_SIZE 13.0
#define TEXT_SIZE 11.0
#define HEAD (NAME_SIZE + TEXT_SIZE + 16) /* above a map: name and remark */

enum { MOST_MARKS = 60 }; /* more of them would hide the map: then no false alarm is marked */

#define TARGET_COLOUR 0xffb000
#define FOUND_COLOUR 0x35d07f
#define MISSED_COLOUR 0xff5a4f
#define FALSE_COLOUR 0x4cc9ff

typedef struct sheet {
    const method_figure *figure;
    component_list targets;
    zoom_plan zooms;
    float *truth;             /* the label, to be shown */
    target_outcome *outcomes; /* per cell; empty but for scores */
    int columns;
    double cell_width, cell_height, surface_height, top;
} sheet;

static map_place place_at(const sheet *s, int cell) {
    double row_height = HEAD + s->cell_height + s->surface_height + ROW_GAP;
    return (map_place){MARGIN + cell % s->columns * (s->cell_width + COLUMN_GAP),
                       s->top + HEAD + cell / s->columns * row_height, s->cell_width, s->cell_height};
}

static void write_head(cairo_t *cairo, map_place place, const char *name, const char *remark) {
    canvas_colour(cairo, CANVAS_TEXT);
    font_select(cairo, NAME_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    canvas_text(cairo, place.x, place.y - TEXT_SIZE - NAME_SIZE / 2 - 10, 0, name);
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    canvas_text(cairo, place.x, place.y - TEXT_SIZE / 2 - 4, 0, remark);
}

/* --- marks --- */

typedef enum mark { MARK_TARGET, MARK_FOUND, MARK_MISSED, MARK_FALSE } mark;

static const struct {
    unsigned colour;
    const char *name;
} marks[] = {
    [MARK_TARGET] = {TARGET_COLOUR, "target"},
    [MARK_FOUND] = {FOUND_COLOUR, "target found"},
    [MARK_MISSED] = {MISSED_COLOUR, "target missed"},
    [MARK_FALSE] = {FALSE_COLOUR, "false alarm"},
};

/* A missed target's box is dashed and a false alarm's mark is round: colours are not all that tells them apart. */
static void draw_mark(cairo_t *cairo, mark kind, map_place box) {
    static const double dashes[] = {3, 2};
    if (kind == MARK_FALSE)
        cairo_arc(cairo, box.x + box.width / 2, box.y + box.height / 2, box.width / 2, 0, 2 * M_PI);
    else
        cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
    cairo_set_dash(cairo, dashes, kind == MARK_MISSED ? 2 : 0, 0);
    canvas_colour(cairo, marks[kind].colour);
    cairo_set_line_width(cairo, 1.25);
    cairo_stroke(cairo);
    cairo_set_dash(cairo, dashes, 0, 0);
}

/* Of a target; an outcome that is empty has not looked for any. */
static mark mark_of(const sheet *s, const target_outcome *o, int target) {
    if (!o->found)
        return MARK_TARGET;
    return target_outcome_is_found(o, s->figure->protocol, target) ? MARK_FOUND : MARK_MISSED;
}

/* Boxes around the targets, then the enlarged ones. */
static void draw_targets(const sheet *s, cairo_t *cairo, const map_view *view, map_place place,
                         const target_outcome *o) {
    for (int i = 0; i < s->targets.count; i++) {
        map_part square = target_square(&s->targets.items[i], view->width, view->height);
        draw_mark(cairo, mark_of(s, o, i), map_part_place(view, square, place));
    }
    for (int i = 0; i < s->zooms.count; i++) {
        int target = s->zooms.zooms[i].target;
        target_zoom_draw(cairo, view, &s->zooms, i, place, marks[mark_of(s, o, target)].colour);
    }
}

static bool is_false(const sheet *s, const target_outcome *o, int detection) {
    return target_outcome_is_false(o, s->figure->protocol, s->targets.count, detection);
}

static int count_false(const sheet *s, const target_outcome *o) {
    int count = 0;
    for (int i = 0; i < o->detections.count; i++)
        count += is_false(s, o, i);
    return count;
}

static void draw_false_alarms(const sheet *s, cairo_t *cairo, const map_view *view, const target_outcome *o,
                              map_place place) {
    if (count_false(s, o) > MOST_MARKS)
        return;
    for (int i = 0; i < o->detections.count; i++) {
        map_part square = target_square(&o->detections.items[i], view->width, view->height);
        if (is_false(s, o, i))
            draw_mark(cairo, MARK_FALSE, map_part_place(view, square, place));
    }
}

/* --- cells --- */

static map_view image_view(const sheet *s, const float *image) {
    const method_figure *f = s->figure;
    float low = image[0], high = image[0];
    for (size_t i = 0; i < (size_t)f->width * (size_t)f->height; i++) {
        low = fminf(low, image[i]);
        high = fmaxf(high, image[i]);
    }
    return (map_view){image, f->width, f->height, low, high > low ? high : low + 1, COLOUR_GREY};
}

static map_view view_of(const sheet *s, const figure_cell *cell) {
    const method_figure *f = s->figure;
    switch (cell->kind) {
    case FIGURE_IMAGE:
        return image_view(s, cell->map);
    case FIGURE_TRUTH:
        return (map_view){s->truth, f->width, f->height, 0, 1, COLOUR_GREY};
    case FIGURE_SCORE:
        break;
    }
    return (map_view){cell->map, f->width, f->height, 0, 1, COLOUR_HEAT};
}

/* The line under a cell's name. */
static void remark_on(const sheet *s, int index, const map_view *view, char *out, size_t size) {
    const target_outcome *o = &s->outcomes[index];
    int pixels = 0;
    for (int i = 0; i < s->targets.count; i++)
        pixels += s->targets.items[i].area;
    switch (s->figure->cells[index].kind) {
    case FIGURE_IMAGE:
        snprintf(out, size, "grey values %.2f to %.2f", view->low, view->high);
        break;
    case FIGURE_TRUTH:
        snprintf(out, size, "%d target%s, %d pixels", s->targets.count, s->targets.count == 1 ? "" : "s", pixels);
        break;
    case FIGURE_SCORE:
        snprintf(out, size, "IoU %.2f, %d/%d found, %d false", o->iou,
                 s->figure->protocol == PROTOCOL_OVERLAP ? o->found_count : o->near_count, s->targets.count,
                 count_false(s, o));
        break;
    }
}

static void draw_cell(const sheet *s, cairo_t *cairo, int index) {
    const figure_cell *cell = &s->figure->cells[index];
    const target_outcome *o = &s->outcomes[index];
    map_place place = place_at(s, index), below = place;
    map_view view = view_of(s, cell);
    char remark[96];
    remark_on(s, index, &view, remark, sizeof remark);
    write_head(cairo, place, cell->name, remark);
    map_view_draw(cairo, &view, NULL, place);
    draw_false_alarms(s, cairo, &view, o, place);
    draw_targets(s, cairo, &view, place, o);
    below.y += place.height;
    below.height = s->surface_height;
    if (s->figure->surfaces == WITH_SURFACES)
        map_view_draw_surface(cairo, &view, below);
}

/* --- the sheet --- */

static bool has_scores(const sheet *s) {
    for (int i = 0; i < s->figure->cell_count; i++)
        if (s->figure->cells[i].kind == FIGURE_SCORE)
            return true;
    return false;
}

static void draw_legend(cairo_t *cairo, double x, double middle) {
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    for (int kind = 0; kind <= MARK_FALSE; kind++) {
        canvas_colour(cairo, 0x303030);
        cairo_rectangle(cairo, x, middle - 10, 20, 20);
        cairo_fill(cairo);
        draw_mark(cairo, (mark)kind, (map_place){x + 4, middle - 6, 12, 12});
        canvas_colour(cairo, CANVAS_TEXT);
        canvas_text(cairo, x + 26, middle, 0, marks[kind].name);
        x += 26 + canvas_text_width(cairo, marks[kind].name) + 20;
    }
}

static double bottom_of(const sheet *s) {
    map_place last = place_at(s, s->figure->cell_count - 1);
    return last.y + last.height + s->surface_height + ROW_GAP;
}

/* The scale stands at the right edge of the first row; the legend under everything. */
static void draw(void *context, cairo_t *cairo) {
    const sheet *s = context;
    const method_figure *f = s->figure;
    font_select(cairo, TITLE_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    canvas_colour(cairo, CANVAS_TEXT);
    canvas_text(cairo, MARGIN, MARGIN + TITLE_SIZE / 2, 0, f->title);
    for (int i = 0; i < f->cell_count; i++)
        draw_cell(s, cairo, i);
    if (!has_scores(s))
        return;
    map_view scale = {.low = 0, .high = 1, .colours = COLOUR_HEAT};
    map_place corner = place_at(s, s->columns - 1);
    map_place place = {corner.x + corner.width + COLUMN_GAP, corner.y, SCALE_WIDTH, corner.height};
    map_view_draw_scale(cairo, &scale, place, f->score_name);
    draw_legend(cairo, MARGIN, bottom_of(s));
}

static status fill_sheet(sheet *s) {
    const method_figure *f = s->figure;
    size_t pixels = (size_t)f->width * (size_t)f->height;
    TRY(components_find(f->label, f->width, f->height, &s->targets));
    s->zooms = zoom_plan_make(&s->targets, f->width, f->height, MOST_ZOOMS);
    s->truth = malloc(pixels * sizeof *s->truth);
    s->outcomes = calloc((size_t)f->cell_count, sizeof *s->outcomes);
    if (!s->truth || !s->outcomes)
        return status_fail(STATUS_MEMORY, "out of memory for a figure");
    for (size_t i = 0; i < pixels; i++)
        s->truth[i] = f->label[i];
    for (int i = 0; i < f->cell_count; i++)
        if (f->cells[i].kind == FIGURE_SCORE)
            TRY(target_outcome_find(&s->targets, f->cells[i].detected, f->width, f->height, &s->outcomes[i]));
    return STATUS_OK;
}

static void lay_out(sheet *s) {
    const method_figure *f = s->figure;
    double unit = SIDE / fmax(f->width, f->height);
    s->columns = f->cell_count < f->columns ? f->cell_count : f->columns;
    s->cell_width = unit * f->width;
    s->cell_height = unit * f->height;
    s->surface_height = f->surfaces == WITH_SURFACES ? SURFACE_HEIGHT : 0;
    s->top = MARGIN + TITLE_SIZE + 10;
}

status method_figure_write(const method_figure *f, canvas_png png, const char *path) {
    sheet s = {.figure = f};
    lay_out(&s);
    status result = fill_sheet(&s);
    map_place corner = place_at(&s, s.columns - 1);
    double width = corner.x + corner.width + SCALE_ROOM, height = bottom_of(&s) + 10 + MARGIN;
    if (result == STATUS_OK)
        result = canvas_write(path, width, height, png, draw, &s);
    for (int i = 0; s.outcomes && i < f->cell_count; i++)
        target_outcome_free(&s.outcomes[i]);
    free(s.outcomes);
    free(s.truth);
    component_list_free(&s.targets);
    return result;
}
