/* The view of a map as a surface: an orthographic projection, painted from the back to the front. */
#include "core/draw/canvas.h"
#include "core/draw/font.h"
#include "core/draw/map_view.h"
#include "core/draw/plot_scale.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define MOST_CELLS 72 /* along each side of the map */
#define TURN 0.55     /* radians about the vertical */
#define TILT 0.50     /* radians from the horizontal that the eye looks down */
#define RELIEF 0.60   /* height of the box, in units of the map's longer side */
#define TEXT_SIZE 9.0
#define LABEL_ROOM 22.0 /* for the heights' labels, at the left */
#define COLOUR_STEPS 24 /* from the floor to the lid */
#define WALL 0xf4f4f4
#define WALL_LINE 0xd0d0d0
/* Antialiased, the edges that neighbours share would shine through: cells are painted without it, each pixel
 * divided into OVERSAMPLING^2. */
#define RESOLUTION 3.0 /* pixels of the result per point */
#define OVERSAMPLING 3

typedef struct point {
    double x, y;
} point;

/* The box in space: u to the right, v down the map, both in [0, 1]; h, the height, in [0, 1]. */
typedef struct projection {
    double unit;         /* points for the map's longer side */
    point middle;        /* of the box */
    double across, down; /* sides of the floor: the longer one is 1 */
} projection;

static point project(const projection *p, double u, double v, double h) {
    double x = (u - 0.5) * p->across, y = (v - 0.5) * p->down;
    double right = x * cos(TURN) - y * sin(TURN), near = x * sin(TURN) + y * cos(TURN);
    return (point){p->middle.x + p->unit * right,
                   p->middle.y + p->unit * (near * sin(TILT) - (h - 0.5) * RELIEF * cos(TILT))};
}

static projection fit(const map_view *view, map_place place) {
    projection p = {.unit = 1};
    p.down = fmin((double)view->height / view->width, 1);
    p.across = fmin((double)view->width / view->height, 1);
    double width = p.across * cos(TURN) + p.down * sin(TURN);
    double height = (p.across * sin(TURN) + p.down * cos(TURN)) * sin(TILT) + RELIEF * cos(TILT);
    double free_width = place.width - LABEL_ROOM, free_height = place.height - 2 * TEXT_SIZE;
    p.unit = fmin(free_width / width, free_height / height);
    p.middle = (point){place.x + LABEL_ROOM + free_width / 2, place.y + place.height / 2};
    return p;
}

/* --- heights --- */

typedef struct heights {
    int columns, rows;
    float *values; /* in [0, 1] */
} heights;

static float highest(const map_view *view, int x0, int x1, int y0, int y1) {
    float most = view->map[(ptrdiff_t)y0 * view->width + x0];
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            most = fmaxf(most, view->map[(ptrdiff_t)y * view->width + x]);
    return most;
}

/* False if memory is out. */
static bool reduce(const map_view *view, heights *out) {
    out->columns = view->width < MOST_CELLS ? view->width : MOST_CELLS;
    out->rows = view->height < MOST_CELLS ? view->height : MOST_CELLS;
    out->values = malloc((size_t)out->columns * (size_t)out->rows * sizeof *out->values);
    if (!out->values)
        return false;
    for (int j = 0; j < out->rows; j++)
        for (int i = 0; i < out->columns; i++) {
            int x0 = i * view->width / out->columns, x1 = (i + 1) * view->width / out->columns;
            int y0 = j * view->height / out->rows, y1 = (j + 1) * view->height / out->rows;
            double share = (highest(view, x0, x1, y0, y1) - view->low) / (view->high - view->low);
            out->values[(ptrdiff_t)j * out->columns + i] = (float)fmin(fmax(share, 0), 1);
        }
    return true;
}

/* --- painting --- */

static void fill(cairo_t *cairo, const point *corners, unsigned colour, double light) {
    cairo_move_to(cairo, corners[0].x, corners[0].y);
    for (int i = 1; i < 4; i++)
        cairo_line_to(cairo, corners[i].x, corners[i].y);
    cairo_close_path(cairo);
    cairo_set_source_rgb(cairo, light * (colour >> 16) / 255, light * (colour >> 8 & 0xff) / 255,
                         light * (colour & 0xff) / 255);
    cairo_fill(cairo);
}

/* Brightness of a cell that rises by du and dv from one side to the other: light comes from the left and the front. */
static double light_on(double du, double dv) {
    return 0.86 + 0.14 * tanh(4 * (du - 0.6 * dv));
}

/* One cell by its corners' heights a (far) and b (near), in patches small enough to have one colour each. */
static void paint_cell(cairo_t *cairo, const map_view *view, const projection *p, map_part cell, const float *a,
                       const float *b) {
    double low = fminf(fminf(a[0], a[1]), fminf(b[0], b[1])), high = fmaxf(fmaxf(a[0], a[1]), fmaxf(b[0], b[1]));
    double light = light_on((a[1] + b[1] - a[0] - b[0]) / 2, (b[0] + b[1] - a[0] - a[1]) / 2);
    int patches = 1 + (int)(COLOUR_STEPS * (high - low));
    for (int j = 0; j < patches; j++)
        for (int i = 0; i < patches; i++) {
            point corners[4];
            double height = 0;
            for (int k = 0; k < 4; k++) {
                double s = (i + (k == 1 || k == 2)) / (double)patches, t = (j + (k >= 2)) / (double)patches;
                double h = (1 - t) * ((1 - s) * a[0] + s * a[1]) + t * ((1 - s) * b[0] + s * b[1]);
                corners[k] = project(p, cell.x + s * cell.width, cell.y + t * cell.height, h);
                height += h / 4;
            }
            fill(cairo, corners, colour_map_at(view->colours, height), light);
        }
}

/* Cells of equal distance never hide each other, and both u and v lead nearer: row by row is back to front. */
static void paint_cells(cairo_t *cairo, const map_view *view, const projection *p, const heights *h) {
    int columns = h->columns - 1, rows = h->rows - 1;
    for (int j = 0; j < rows; j++)
        for (int i = 0; i < columns; i++) {
            const float *a = h->values + (ptrdiff_t)j * h->columns + i;
            map_part cell = {(double)i / columns, (double)j / rows, 1.0 / columns, 1.0 / rows};
            paint_cell(cairo, view, p, cell, a, a + h->columns);
        }
}

/* The cut along one of the two near edges, from the surface down to the floor. */
static void paint_curtain(cairo_t *cairo, const map_view *view, const projection *p, const heights *h, bool at_right) {
    int cells = (at_right ? h->rows : h->columns) - 1;
    ptrdiff_t step = at_right ? h->columns : 1;
    const float *edge = at_right ? h->values + h->columns - 1 : h->values + (ptrdiff_t)(h->rows - 1) * h->columns;
    for (int i = 0; i < cells; i++) {
        double from = (double)i / cells, to = (i + 1.0) / cells, a = edge[i * step], b = edge[(i + 1) * step];
        double u0 = at_right ? 1 : from, u1 = at_right ? 1 : to, v0 = at_right ? from : 1, v1 = at_right ? to : 1;
        const point corners[] = {project(p, u0, v0, a), project(p, u1, v1, b), project(p, u1, v1, 0),
                                 project(p, u0, v0, 0)};
        fill(cairo, corners, colour_map_at(view->colours, (a + b) / 2), at_right ? 0.6 : 0.8);
    }
}

/* A surface without antialiasing, at OVERSAMPLING times the resolution of `to`, reduced into it. */
static void paint(cairo_t *to, const map_view *view, const projection *p, const heights *h, map_place place) {
    double scale = RESOLUTION * OVERSAMPLING;
    cairo_surface_t *large = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(place.width * scale),
                                                        (int)ceil(place.height * scale));
    cairo_t *cairo = cairo_create(large);
    cairo_scale(cairo, scale, scale);
    cairo_translate(cairo, -place.x, -place.y);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
    paint_cells(cairo, view, p, h);
    paint_curtain(cairo, view, p, h, false);
    paint_curtain(cairo, view, p, h, true);
    cairo_destroy(cairo);
    cairo_scale(to, 1.0 / OVERSAMPLING, 1.0 / OVERSAMPLING);
    cairo_set_source_surface(to, large, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(to), CAIRO_FILTER_GOOD);
    cairo_paint(to);
    cairo_surface_destroy(large);
}

static void draw_cells(cairo_t *cairo, const map_view *view, const projection *p, const heights *h, map_place place) {
    cairo_surface_t *reduced = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(place.width * RESOLUTION),
                                                          (int)ceil(place.height * RESOLUTION));
    cairo_t *to = cairo_create(reduced);
    paint(to, view, p, h, place);
    cairo_destroy(to);
    cairo_save(cairo);
    cairo_translate(cairo, place.x, place.y);
    cairo_scale(cairo, 1 / RESOLUTION, 1 / RESOLUTION);
    cairo_set_source_surface(cairo, reduced, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_GOOD);
    cairo_paint(cairo);
    cairo_restore(cairo);
    cairo_surface_destroy(reduced);
}

/* --- the box --- */

static void draw_wall(cairo_t *cairo, const point *corners) {
    fill(cairo, corners, WALL, 1);
    for (int i = 0; i < 4; i++)
        canvas_line(cairo, corners[i].x, corners[i].y, corners[(i + 1) % 4].x, corners[(i + 1) % 4].y, WALL_LINE);
}

static void draw_box(cairo_t *cairo, const projection *p) {
    const point back[] = {project(p, 0, 0, 0), project(p, 1, 0, 0), project(p, 1, 0, 1), project(p, 0, 0, 1)};
    const point left[] = {project(p, 0, 1, 0), project(p, 0, 0, 0), project(p, 0, 0, 1), project(p, 0, 1, 1)};
    const point floor[] = {project(p, 0, 0, 0), project(p, 1, 0, 0), project(p, 1, 1, 0), project(p, 0, 1, 0)};
    draw_wall(cairo, back);
    draw_wall(cairo, left);
    draw_wall(cairo, floor);
}

/* Ticks with lines along both walls, labels at the left; the names of the map's axes along the near edges. */
static void draw_scale(cairo_t *cairo, const map_view *view, const projection *p) {
    plot_scale scale = plot_scale_tight(view->low, view->high, 3);
    if (plot_scale_tick_count(&scale) < 2)
        scale = plot_scale_tight(view->low, view->high, 6);
    char label[32];
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    for (int i = 0; i < plot_scale_tick_count(&scale); i++) {
        double value = plot_scale_tick(&scale, i), h = (value - view->low) / (view->high - view->low);
        point left = project(p, 0, 1, h), corner = project(p, 0, 0, h), right = project(p, 1, 0, h);
        canvas_line(cairo, left.x, left.y, corner.x, corner.y, WALL_LINE);
        canvas_line(cairo, corner.x, corner.y, right.x, right.y, WALL_LINE);
        plot_scale_label(&scale, value, label);
        canvas_colour(cairo, CANVAS_TEXT);
        canvas_text(cairo, left.x - 4, left.y, 1, label);
    }
    point x = project(p, 0.5, 1, 0), y = project(p, 1, 0.5, 0);
    canvas_text(cairo, x.x - TEXT_SIZE, x.y + TEXT_SIZE, 0.5, "x");
    canvas_text(cairo, y.x + TEXT_SIZE, y.y + TEXT_SIZE, 0.5, "y");
}

void map_view_draw_surface(cairo_t *cairo, const map_view *view, map_place place) {
    projection p = fit(view, place);
    heights h;
    draw_box(cairo, &p);
    draw_scale(cairo, view, &p);
    if (!reduce(view, &h)) {
        cairo_surface_t *none = cairo_image_surface_create(CAIRO_FORMAT_INVALID, 1, 1);
        cairo_set_source_surface(cairo, none, 0, 0); /* leaves the failure in `cairo` */
        cairo_surface_destroy(none);
        return;
    }
    draw_cells(cairo, view, &p, &h, place);
    free(h.values);
}
