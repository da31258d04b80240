#include "core/draw/plot.h"

#include "core/draw/canvas.h"
#include "core/draw/font.h"
#include "core/draw/plot_area.h"
#include "core/draw/plot_labels.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* Lengths are in points of the SVG; a PNG has 1.5 pixels for each. */
#define WIDTH 800.0
#define HEIGHT 500.0
#define GRID_WIDTH 460.0 /* of one plot of several */
#define GRID_HEIGHT 300.0
#define MARGIN 16.0
#define GAP 8.0 /* between an axis, its tick labels and its name */
#define TEXT_SIZE 13.0
#define TITLE_SIZE 16.0
#define LEGEND_LINE 26.0 /* length of the line in front of a name */
#define LINE_WIDTH 2.0
#define MARKER_DISTANCE 14.0 /* points lying further apart on average are marked */
#define MARKER_RADIUS 3.0
#define ERROR_BAR_END 4.0 /* half length of the line across its end */

static const canvas_png png = {.scale = 1.5};

typedef struct picture {
    cairo_t *cairo;
    const plot *plot;
    double width, height; /* of the whole plot, whose corner is the origin */
    plot_area area;
} picture;

/* --- text --- */

static bool is_given(const char *text) {
    return text && *text;
}

/* An axis's name with the power of ten that its tick labels leave out. */
static void axis_title(const plot_scale *scale, const char *label, char *out, size_t size) {
    char power[32];
    plot_scale_exponent(scale, power);
    snprintf(out, size, "%s%s", label ? label : "", power);
}

static double widest_label(cairo_t *cairo, const plot_scale *scale) {
    double widest = 0;
    char label[32];
    for (int i = 0; i < plot_scale_tick_count(scale); i++) {
        plot_scale_label(scale, plot_scale_tick(scale, i), label);
        widest = fmax(widest, canvas_text_width(cairo, label));
    }
    return widest;
}

/* --- layout --- */

static double side_width(const picture *p, int axis, const char *label) {
    char title[256];
    axis_title(&p->area.axes.y[axis], label, title, sizeof title);
    return MARGIN + (is_given(title) ? TEXT_SIZE + GAP : 0) + widest_label(p->cairo, &p->area.axes.y[axis]) + GAP;
}

/* Name of a series in the legend; it says where to read it when there are two axes. */
static void legend_name(const picture *p, const plot_series *s, char *out, size_t size) {
    snprintf(out, size, "%s%s", s->name,
             p->area.axes.has_right ? (s->axis == PLOT_RIGHT ? " (right)" : " (left)") : "");
}

static void draw_stroke(const picture *p, int index) {
    static const double dashes[] = {7, 4};
    const plot_series *s = &p->plot->series[index];
    canvas_colour(p->cairo, canvas_palette(index));
    cairo_set_line_width(p->cairo, LINE_WIDTH);
    cairo_set_dash(p->cairo, dashes, s->axis == PLOT_RIGHT ? 2 : 0, 0);
    cairo_stroke(p->cairo);
    cairo_set_dash(p->cairo, dashes, 0, 0);
}

/* The line, or the dot, in front of a name of the legend. */
static void draw_key(const picture *p, int index, double x, double middle) {
    if (p->plot->series[index].is_scattered) {
        canvas_colour(p->cairo, canvas_palette(index));
        cairo_arc(p->cairo, x + LEGEND_LINE / 2, middle, MARKER_RADIUS, 0, 2 * M_PI);
        cairo_fill(p->cairo);
        return;
    }
    cairo_move_to(p->cairo, x, middle);
    cairo_rel_line_to(p->cairo, LEGEND_LINE, 0);
    draw_stroke(p, index);
}

/* Writes the legend in lines from `top` downwards, between the axes; returns where it ends. */
static double draw_legend(const picture *p, double top) {
    double x = p->area.left, middle = top + TEXT_SIZE / 2;
    bool any = false;
    char name[128];
    for (int k = 0; k < p->plot->series_count; k++) {
        if (!is_given(p->plot->series[k].name))
            continue;
        legend_name(p, &p->plot->series[k], name, sizeof name);
        double width = LEGEND_LINE + GAP + canvas_text_width(p->cairo, name);
        if (any && x + width > p->area.right) {
            x = p->area.left;
            middle += 1.6 * TEXT_SIZE;
        }
        draw_key(p, k, x, middle);
        canvas_colour(p->cairo, CANVAS_TEXT);
        canvas_text(p->cairo, x + LEGEND_LINE + GAP, middle, 0, name);
        x += width + 2.5 * GAP;
        any = true;
    }
    return any ? middle + TEXT_SIZE / 2 + 1.5 * GAP : top;
}

/* Writes a title from `top` downwards; returns where it ends. */
static double draw_title(cairo_t *cairo, const char *title, double left, double top) {
    if (!is_given(title))
        return top;
    canvas_colour(cairo, CANVAS_TEXT);
    font_select(cairo, TITLE_SIZE, CAIRO_FONT_WEIGHT_BOLD);
    canvas_text(cairo, left, top + TITLE_SIZE / 2, 0, title);
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    return top + TITLE_SIZE + 1.5 * GAP;
}

/* Draws title and legend, which stand above the axes, and lays out what is left. */
static void lay_out(picture *p, bool with_legend) {
    cairo_t *cairo = p->cairo;
    char title[256];
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    p->area.left = side_width(p, 0, p->plot->y_label);
    p->area.right = p->width - (p->area.axes.has_right ? side_width(p, 1, p->plot->y2_label) : 2 * MARGIN);
    axis_title(&p->area.axes.x, p->plot->x_label, title, sizeof title);
    p->area.bottom = p->height - MARGIN - (is_given(title) ? TEXT_SIZE + GAP : 0) - TEXT_SIZE - GAP;
    p->area.top = draw_title(cairo, p->plot->title, p->area.left, MARGIN);
    if (with_legend)
        p->area.top = draw_legend(p, p->area.top);
}

/* --- axes --- */

static void draw_x_tick(void *context, double x, const char *label) {
    const picture *p = context;
    canvas_line(p->cairo, x, p->area.top, x, p->area.bottom, CANVAS_GRID);
    canvas_colour(p->cairo, CANVAS_TEXT);
    canvas_text(p->cairo, x, p->area.bottom + GAP + TEXT_SIZE / 2, 0.5, label);
}

static void draw_x_axis(picture *p) {
    char label[256];
    plot_area_x_ticks(&p->area, p->plot, draw_x_tick, p);
    axis_title(&p->area.axes.x, p->plot->x_label, label, sizeof label);
    canvas_colour(p->cairo, CANVAS_TEXT);
    canvas_text(p->cairo, (p->area.left + p->area.right) / 2, p->height - MARGIN - TEXT_SIZE / 2, 0.5, label);
}

static void draw_y_axis(const picture *p, int axis) {
    const plot_area *a = &p->area;
    cairo_t *cairo = p->cairo;
    char label[256], number[32];
    for (int i = 0; i < plot_scale_tick_count(&a->axes.y[axis]); i++) {
        double value = plot_scale_tick(&a->axes.y[axis], i), y = plot_area_y(a, axis, value);
        if (axis == 0)
            canvas_line(cairo, a->left, y, a->right, y, CANVAS_GRID);
        else
            canvas_line(cairo, a->right, y, a->right + GAP / 2, y, CANVAS_FRAME); /* the grid is the left axis's */
        plot_scale_label(&a->axes.y[axis], value, number);
        canvas_colour(cairo, CANVAS_TEXT);
        canvas_text(cairo, axis ? a->right + GAP : a->left - GAP, y, axis ? 0 : 1, number);
    }
    axis_title(&a->axes.y[axis], axis ? p->plot->y2_label : p->plot->y_label, label, sizeof label);
    canvas_text_upwards(cairo, axis ? p->width - MARGIN - TEXT_SIZE / 2 : MARGIN + TEXT_SIZE / 2,
                        (a->top + a->bottom) / 2, label);
}

static void draw_axes(picture *p) {
    const plot_area *a = &p->area;
    draw_x_axis(p);
    draw_y_axis(p, 0);
    if (a->axes.has_right)
        draw_y_axis(p, 1);
    canvas_line(p->cairo, a->left, a->bottom, a->right, a->bottom, CANVAS_FRAME);
    canvas_line(p->cairo, a->left, a->top, a->left, a->bottom, CANVAS_FRAME);
    if (a->axes.has_right)
        canvas_line(p->cairo, a->right, a->top, a->right, a->bottom, CANVAS_FRAME);
}

/* --- series --- */

static void draw_error_bar(const picture *p, const plot_series *s, int i) {
    int axis = s->axis == PLOT_RIGHT;
    double x = plot_area_x(&p->area, s->x[i]);
    double low = plot_area_y(&p->area, axis, plot_bar_end(p->plot, s, i, -1)),
           high = plot_area_y(&p->area, axis, plot_bar_end(p->plot, s, i, 1));
    if (low - high < 1)
        return;
    cairo_move_to(p->cairo, x, low);
    cairo_line_to(p->cairo, x, high);
    for (int end = 0; end < 2; end++) {
        cairo_move_to(p->cairo, x - ERROR_BAR_END, end ? high : low);
        cairo_rel_line_to(p->cairo, 2 * ERROR_BAR_END, 0);
    }
}

static void draw_series(const picture *p, int index) {
    const plot_series *s = &p->plot->series[index];
    int axis = s->axis == PLOT_RIGHT, drawn = 0;
    for (int i = 0; i < s->count; i++) {
        if (plot_point_is_drawn(s, i)) {
            if (!s->is_scattered)
                cairo_line_to(p->cairo, plot_area_x(&p->area, s->x[i]), plot_area_y(&p->area, axis, s->y[i]));
            drawn++;
        }
    }
    draw_stroke(p, index);
    for (int i = 0; i < s->count; i++)
        if (plot_point_is_drawn(s, i))
            draw_error_bar(p, s, i);
    cairo_set_line_width(p->cairo, LINE_WIDTH / 2);
    cairo_stroke(p->cairo);
    if (drawn == 0 || (!s->is_scattered && (p->area.right - p->area.left) / drawn < MARKER_DISTANCE))
        return;
    for (int i = 0; i < s->count; i++) {
        if (!plot_point_is_drawn(s, i))
            continue;
        cairo_arc(p->cairo, plot_area_x(&p->area, s->x[i]), plot_area_y(&p->area, axis, s->y[i]), MARKER_RADIUS, 0,
                  2 * M_PI);
        cairo_fill(p->cairo);
    }
}

/* --- names of points --- */

static double label_width(void *context, const char *text) {
    const picture *p = context;
    return canvas_text_width(p->cairo, text);
}

static void draw_label(void *context, const plot_box *at, const char *text) {
    const picture *p = context;
    canvas_colour(p->cairo, CANVAS_TEXT);
    canvas_text(p->cairo, at->left, (at->top + at->bottom) / 2, 0, text);
}

static void draw_labels(picture *p) {
    const plot_labels labels = {
        .area = &p->area, .height = TEXT_SIZE, .context = p, .width = label_width, .print = draw_label};
    plot_labels_print(&labels, p->plot);
}

static void draw_plot(cairo_t *cairo, const plot *description, double width, double height, bool with_legend) {
    picture p = {.cairo = cairo, .plot = description, .width = width, .height = height};
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    p.area.axes = plot_axes_of(description, width, height);
    lay_out(&p, with_legend);
    draw_axes(&p);
    for (int k = 0; k < description->series_count; k++)
        draw_series(&p, k);
    draw_labels(&p);
}

static void draw_one(void *context, cairo_t *cairo) {
    draw_plot(cairo, context, WIDTH, HEIGHT, true);
}

status plot_write(const plot *p, const char *path) {
    plot copy = *p;
    return canvas_write(path, WIDTH, HEIGHT, png, draw_one, &copy);
}

/* --- several plots --- */

typedef struct grid {
    const char *title;
    const plot *plots;
    int count, columns;
    double width, head; /* head: height of title and legend */
    bool legends;       /* each plot has its own, and there is no head */
} grid;

static double draw_head(const grid *g, cairo_t *cairo) {
    picture p = {.cairo = cairo, .plot = &g->plots[0], .area = {.left = 2 * MARGIN, .right = g->width - MARGIN}};
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    return draw_legend(&p, draw_title(cairo, g->title, p.area.left, MARGIN));
}

static void draw_grid(void *context, cairo_t *cairo) {
    const grid *g = context;
    if (!g->legends)
        draw_head(g, cairo);
    for (int i = 0; i < g->count; i++) {
        cairo_save(cairo);
        cairo_translate(cairo, i % g->columns * GRID_WIDTH, g->head + i / g->columns * GRID_HEIGHT);
        draw_plot(cairo, &g->plots[i], GRID_WIDTH, GRID_HEIGHT, g->legends);
        cairo_restore(cairo);
    }
}

/* Title and legend, drawn for nothing but their height: how many lines the legend takes depends on its names. */
static double head_height(const grid *g) {
    cairo_surface_t *nowhere = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    cairo_t *cairo = cairo_create(nowhere);
    double height = draw_head(g, cairo);
    cairo_destroy(cairo);
    cairo_surface_destroy(nowhere);
    return height;
}

static status write_grid(grid *g, const char *path) {
    int rows = (g->count + g->columns - 1) / g->columns;
    g->width = g->columns * GRID_WIDTH;
    g->head = g->legends ? 0 : head_height(g);
    return canvas_write(path, g->width, g->head + rows * GRID_HEIGHT, png, draw_grid, g);
}

status plot_panels_write(const plot *plots, int count, int columns, const char *path) {
    return write_grid(&(grid){.plots = plots, .count = count, .columns = columns, .legends = true}, path);
}

status plot_grid_write(const char *title, const plot *plots, int count, int columns, const char *path) {
    return write_grid(&(grid){.title = title, .plots = plots, .count = count, .columns = columns}, path);
}
