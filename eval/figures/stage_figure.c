#include "eval/figures/stage_figure.h"

#include "core/draw/font.h"
#include "eval/figures/target_zoom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points. */
#define SIDE 132.0 /* of a map's longer side */
#define COLUMN_GAP 50.0
#define ROW_GAP 26.0
#define LABEL_ROOM 20.0 /* for the rows' names */
#define MARGIN 16.0
#define SCALE_GAP 4.0
#define SCALE_WIDTH 6.0
#define TITLE_SIZE 16.0
#define TEXT_SIZE 12.0
#define CUT 0.005 /* share of the values beyond an end of a scale */
#define TARGET_COLOUR 0xffb000

static const struct {
    char letter;
    const char *name;
    colour_map colours;
} rows[] = {
    {'B', "background B", COLOUR_GREY},
    {'T', "target T", COLOUR_HEAT},
    {'N', "noise N", COLOUR_DIVERGING},
    {'D', "reconstruction D", COLOUR_GREY},
};
enum { ROWS = sizeof rows / sizeof *rows };

typedef struct sheet {
    const stage_figure *figure;
    component_list targets;
    zoom_plan zooms;
    float *values; /* room for one sorted map, or the label */
    int stages, shown[ROWS], row_count;
    double cell_width, cell_height, left, top;
} sheet;

static void count_maps(sheet *s) {
    const detector_maps *maps = s->figure->maps;
    while (detector_stage_map(maps, s->stages + 1, 'B'))
        s->stages++;
    for (int r = 0; r < ROWS; r++)
        if (detector_stage_map(maps, 1, rows[r].letter))
            s->shown[s->row_count++] = r;
}

/* --- scales --- */

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static map_view view_of(const sheet *s, const float *map, colour_map colours) {
    const stage_figure *f = s->figure;
    size_t pixels = (size_t)f->width * (size_t)f->height, cut = (size_t)(CUT * (double)pixels);
    memcpy(s->values, map, pixels * sizeof *map);
    qsort(s->values, pixels, sizeof *map, by_value);
    map_view v = {map, f->width, f->height, s->values[cut], s->values[pixels - 1 - cut], colours};
    if (colours == COLOUR_HEAT)
        v.high = s->values[pixels - 1];
    if (colours == COLOUR_DIVERGING) {
        double middle = s->values[pixels / 2], most = fmax(v.high - middle, middle - v.low);
        v.low = middle - most;
        v.high = middle + most;
    }
    if (!(v.high > v.low)) /* a constant map */
        v.high = v.low + fmax(fabs(v.low), 1);
    return v;
}

/* --- drawing --- */

static map_place place_at(const sheet *s, int column, int row) {
    return (map_place){s->left + column * (s->cell_width + COLUMN_GAP) + (column > 0 ? LABEL_ROOM : 0),
                       s->top + row * (s->cell_height + ROW_GAP), s->cell_width, s->cell_height};
}

static void draw_targets(const sheet *s, cairo_t *cairo, const map_view *view, map_place place) {
    for (int i = 0; i < s->targets.count; i++) {
        map_part square = target_square(&s->targets.items[i], view->width, view->height);
        map_place box = map_part_place(view, square, place);
        canvas_colour(cairo, TARGET_COLOUR);
        cairo_set_line_width(cairo, 0.75);
        cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
        cairo_stroke(cairo);
    }
    for (int i = 0; i < s->zooms.count; i++)
        target_zoom_draw(cairo, view, &s->zooms, i, place, TARGET_COLOUR);
}

static void draw_map(const sheet *s, cairo_t *cairo, const map_view *view, map_place place) {
    map_view_draw(cairo, view, NULL, place);
    draw_targets(s, cairo, view, place);
    map_place scale = {place.x + place.width + SCALE_GAP, place.y, SCALE_WIDTH, place.height};
    map_view_draw_scale(cairo, view, scale, NULL);
}

static void write_above(cairo_t *cairo, map_place place, const char *text) {
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    canvas_colour(cairo, CANVAS_TEXT);
    canvas_text(cairo, place.x + place.width / 2, place.y - TEXT_SIZE, 0.5, text);
}

/* What went in, what should come out and what came out, in the first column. */
static void draw_ends(const sheet *s, cairo_t *cairo) {
    const stage_figure *f = s->figure;
    map_view image = view_of(s, f->image, COLOUR_GREY),
             score = {f->maps->score, f->width, f->height, 0, 1, COLOUR_HEAT};
    map_view label = {s->values, f->width, f->height, 0, 1, COLOUR_GREY};
    draw_map(s, cairo, &image, place_at(s, 0, 0));
    write_above(cairo, place_at(s, 0, 0), "input D⁰");
    for (size_t i = 0; i < (size_t)f->width * (size_t)f->height; i++)
        s->values[i] = f->label[i];
    map_view_draw(cairo, &label, NULL, place_at(s, 0, 1));
    draw_targets(s, cairo, &label, place_at(s, 0, 1));
    write_above(cairo, place_at(s, 0, 1), "ground truth");
    draw_map(s, cairo, &score, place_at(s, 0, 2));
    write_above(cairo, place_at(s, 0, 2), "score");
}

static void draw_stages(const sheet *s, cairo_t *cairo) {
    char text[32];
    for (int stage = 1; stage <= s->stages; stage++) {
        snprintf(text, sizeof text, "stage %d", stage);
        write_above(cairo, place_at(s, stage, 0), text);
        for (int r = 0; r < s->row_count; r++) {
            const float *map = detector_stage_map(s->figure->maps, stage, rows[s->shown[r]].letter);
            if (!map)
                continue;
            map_view view = view_of(s, map, rows[s->shown[r]].colours);
            draw_map(s, cairo, &view, place_at(s, stage, r));
        }
    }
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    canvas_colour(cairo, CANVAS_TEXT);
    for (int r = 0; r < s->row_count; r++) {
        map_place first = place_at(s, 1, r);
        canvas_text_upwards(cairo, first.x - 0.8 * TEXT_SIZE, first.y + first.height / 2, rows[s->shown[r]].name);
    }
}

static void draw(void *context, cairo_t *cairo) {
    const sheet *s = context;
    font_select(cairo, TITLE_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    canvas_colour(cairo, CANVAS_TEXT);
    canvas_text(cairo, MARGIN, MARGIN + TITLE_SIZE / 2, 0, s->figure->title);
    draw_ends(s, cairo);
    draw_stages(s, cairo);
}

static status lay_out_and_write(sheet *s, canvas_png png, const char *path) {
    const stage_figure *f = s->figure;
    double unit = SIDE / fmax(f->width, f->height);
    s->cell_width = unit * f->width;
    s->cell_height = unit * f->height;
    s->left = MARGIN;
    s->top = MARGIN + TITLE_SIZE + 3 * TEXT_SIZE;
    map_place last = place_at(s, s->stages, s->row_count - 1);
    return canvas_write(path, last.x + last.width + COLUMN_GAP, last.y + last.height + MARGIN, png, draw, s);
}

status stage_figure_write(const stage_figure *f, canvas_png png, const char *path) {
    sheet s = {.figure = f};
    count_maps(&s);
    if (s.stages == 0)
        return status_fail(STATUS_USAGE, "%s: the method has no stages to show", path);
    TRY(components_find(f->label, f->width, f->height, &s.targets));
    s.zooms = zoom_plan_make(&s.targets, f->width, f->height, 2);
    s.values = malloc((size_t)f->width * (size_t)f->height * sizeof *s.values);
    status result = s.values ? lay_out_and_write(&s, png, path) : status_fail(STATUS_MEMORY, "%s: out of memory", path);
    free(s.values);
    component_list_free(&s.targets);
    return result;
}
