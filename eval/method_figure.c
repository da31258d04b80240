#include "eval/method_figure.h"

#include "core/canvas.h"
#include "core/font.h"
#include "eval/target_outcome.h"
#include "eval/target_zoom.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Points. */
#define SIDE 176.0 /* of a map's longer side */
#define SURFACE_HEIGHT 138.0
#define COLUMN_GAP 18.0
#define ROW_GAP 22.0
#define MARGIN 16.0
#define SCALE_WIDTH 10.0
#define SCALE_ROOM 66.0 /* with ticks and name */
#define TITLE_SIZE 16.0
#define NAME_SIZE 13.0
#define TEXT_SIZE 11.0
#define HEAD (NAME_SIZE + TEXT_SIZE + 16) /* above a map: name and remark */

enum { MOST_MARKS = 60 }; /* more false alarms would hide the map */

#define TARGET_COLOUR 0xffb000
#define FOUND_COLOUR 0x35d07f
#define MISSED_COLOUR 0xff5a4f
#define FALSE_COLOUR 0x4cc9ff

typedef struct sheet {
    const method_figure *figure;
    component_list targets;
    zoom_plan zooms;
    float *truth;             /* the label, to be shown */
    target_outcome *outcomes; /* per method */
    int cells, columns;
    double cell_width, cell_height, top;
} sheet;

static map_place place_at(const sheet *s, int cell) {
    double row_height = HEAD + s->cell_height + SURFACE_HEIGHT + ROW_GAP;
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

static void draw_surface(cairo_t *cairo, const map_view *view, map_place place) {
    map_view_draw_surface(cairo, view, (map_place){place.x, place.y + place.height, place.width, SURFACE_HEIGHT});
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

/* Boxes around the targets, then the enlarged ones. `found`: a flag for each target; NULL: they are only shown. */
static void draw_targets(const sheet *s, cairo_t *cairo, const map_view *view, map_place place, const bool *found) {
    for (int i = 0; i < s->targets.count; i++) {
        map_part square = target_square(&s->targets.items[i], view->width, view->height);
        mark kind = !found ? MARK_TARGET : found[i] ? MARK_FOUND : MARK_MISSED;
        draw_mark(cairo, kind, map_part_place(view, square, place));
    }
    for (int i = 0; i < s->zooms.count; i++) {
        int target = s->zooms.zooms[i].target;
        unsigned colour = !found ? TARGET_COLOUR : found[target] ? FOUND_COLOUR : MISSED_COLOUR;
        target_zoom_draw(cairo, view, &s->zooms, i, place, colour);
    }
}

static void draw_false_alarms(cairo_t *cairo, const map_view *view, const target_outcome *o, map_place place) {
    int drawn = 0;
    for (int i = 0; i < o->detections.count && drawn < MOST_MARKS; i++) {
        if (o->is_hit[i])
            continue;
        draw_mark(cairo, MARK_FALSE,
                  map_part_place(view, target_square(&o->detections.items[i], view->width, view->height), place));
        drawn++;
    }
}

/* --- cells --- */

static void draw_image(const sheet *s, cairo_t *cairo) {
    const method_figure *f = s->figure;
    map_view view = {f->image, f->width, f->height, f->image[0], f->image[0], COLOUR_GREY};
    for (size_t i = 0; i < (size_t)f->width * (size_t)f->height; i++) {
        view.low = fmin(view.low, f->image[i]);
        view.high = fmax(view.high, f->image[i]);
    }
    if (!(view.high > view.low))
        view.high = view.low + 1;
    char remark[64];
    snprintf(remark, sizeof remark, "grey values %.2f to %.2f", view.low, view.high);
    map_place place = place_at(s, 0);
    write_head(cairo, place, "Image", remark);
    map_view_draw(cairo, &view, NULL, place);
    draw_targets(s, cairo, &view, place, NULL);
    draw_surface(cairo, &view, place);
}

static void draw_truth(const sheet *s, cairo_t *cairo) {
    map_view view = {s->truth, s->figure->width, s->figure->height, 0, 1, COLOUR_GREY};
    int pixels = 0;
    for (int i = 0; i < s->targets.count; i++)
        pixels += s->targets.items[i].area;
    char remark[64];
    snprintf(remark, sizeof remark, "%d target%s, %d pixels", s->targets.count, s->targets.count == 1 ? "" : "s",
             pixels);
    map_place place = place_at(s, 1);
    write_head(cairo, place, "Ground truth", remark);
    map_view_draw(cairo, &view, NULL, place);
    draw_targets(s, cairo, &view, place, NULL);
    draw_surface(cairo, &view, place);
}

static void draw_method(const sheet *s, cairo_t *cairo, int index) {
    const method_map *m = &s->figure->methods[index];
    const target_outcome *o = &s->outcomes[index];
    map_view view = {m->score, s->figure->width, s->figure->height, 0, 1, COLOUR_HEAT};
    map_place place = place_at(s, 2 + index);
    char remark[96];
    snprintf(remark, sizeof remark, "IoU %.2f, %d of %d found, %d false", o->iou, o->found_count, s->targets.count,
             o->false_count);
    write_head(cairo, place, m->name, remark);
    map_view_draw(cairo, &view, NULL, place);
    draw_false_alarms(cairo, &view, o, place);
    draw_targets(s, cairo, &view, place, o->found);
    draw_surface(cairo, &view, place);
}

/* --- the sheet --- */

static void draw_legend(const sheet *s, cairo_t *cairo, double x, double middle) {
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    for (int kind = 0; kind <= MARK_FALSE; kind++) {
        if (kind != MARK_TARGET && s->figure->method_count == 0)
            break;
        canvas_colour(cairo, 0x303030);
        cairo_rectangle(cairo, x, middle - 10, 20, 20);
        cairo_fill(cairo);
        draw_mark(cairo, (mark)kind, (map_place){x + 4, middle - 6, 12, 12});
        canvas_colour(cairo, CANVAS_TEXT);
        canvas_text(cairo, x + 26, middle, 0, marks[kind].name);
        x += 26 + canvas_text_width(cairo, marks[kind].name) + 20;
    }
}

/* The scale stands beside the first method at the right edge; the legend under everything. */
static void draw(void *context, cairo_t *cairo) {
    const sheet *s = context;
    const method_figure *f = s->figure;
    map_place last = place_at(s, s->cells - 1), corner = place_at(s, s->columns - 1);
    font_select(cairo, TITLE_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    canvas_colour(cairo, CANVAS_TEXT);
    canvas_text(cairo, MARGIN, MARGIN + TITLE_SIZE / 2, 0, f->title);
    draw_image(s, cairo);
    draw_truth(s, cairo);
    for (int i = 0; i < f->method_count; i++)
        draw_method(s, cairo, i);
    map_view scale = {.low = 0, .high = 1, .colours = COLOUR_HEAT};
    map_place place = {corner.x + corner.width + COLUMN_GAP, corner.y, SCALE_WIDTH, corner.height};
    map_view_draw_scale(cairo, &scale, place, f->score_name);
    draw_legend(s, cairo, MARGIN, last.y + last.height + SURFACE_HEIGHT + ROW_GAP);
}

static status fill_sheet(sheet *s) {
    const method_figure *f = s->figure;
    size_t pixels = (size_t)f->width * (size_t)f->height;
    TRY(components_find(f->label, f->width, f->height, &s->targets));
    s->zooms = zoom_plan_make(&s->targets, f->width, f->height, MOST_ZOOMS);
    s->truth = malloc(pixels * sizeof *s->truth);
    s->outcomes = calloc((size_t)f->method_count + 1, sizeof *s->outcomes);
    if (!s->truth || !s->outcomes)
        return status_fail(STATUS_MEMORY, "out of memory for a figure");
    for (size_t i = 0; i < pixels; i++)
        s->truth[i] = f->label[i];
    for (int i = 0; i < f->method_count; i++)
        TRY(target_outcome_find(&s->targets, f->methods[i].detected, f->width, f->height, &s->outcomes[i]));
    return STATUS_OK;
}

static void lay_out(sheet *s) {
    const method_figure *f = s->figure;
    double unit = SIDE / fmax(f->width, f->height);
    s->cells = 2 + f->method_count;
    s->columns = s->cells < f->columns ? s->cells : f->columns;
    s->cell_width = unit * f->width;
    s->cell_height = unit * f->height;
    s->top = MARGIN + TITLE_SIZE + 10;
}

status method_figure_write(const method_figure *f, double png_scale, const char *path) {
    sheet s = {.figure = f};
    lay_out(&s);
    status result = fill_sheet(&s);
    map_place last = place_at(&s, s.cells - 1), corner = place_at(&s, s.columns - 1);
    double height = last.y + last.height + SURFACE_HEIGHT + ROW_GAP + 10 + MARGIN;
    if (result == STATUS_OK)
        result = canvas_write(path, corner.x + corner.width + SCALE_ROOM, height, png_scale, draw, &s);
    for (int i = 0; s.outcomes && i < f->method_count; i++)
        target_outcome_free(&s.outcomes[i]);
    free(s.outcomes);
    free(s.truth);
    component_list_free(&s.targets);
    return result;
}
