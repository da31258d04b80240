#include "core/plot.h"

#include "core/file_io.h"
#include "core/font.h"
#include "core/plot_scale.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lengths are in points of the SVG; a PNG has PNG_SCALE pixels for each. */
#define WIDTH 800.0
#define HEIGHT 500.0
#define PNG_SCALE 1.5
#define MARGIN 16.0
#define GAP 8.0 /* between an axis, its tick labels and its name */
#define TEXT_SIZE 13.0
#define TITLE_SIZE 16.0
#define LEGEND_LINE 26.0 /* length of the line in front of a name */
#define LINE_WIDTH 2.0
#define X_TICK_DISTANCE 90.0
#define Y_TICK_DISTANCE 70.0
#define MARKER_DISTANCE 14.0 /* points lying further apart on average are marked */
#define MARKER_RADIUS 3.0

/* Okabe and Ito's colours, which people with any common colour blindness tell apart; grey in place of their
 * yellow, which is too pale for a line. */
static const unsigned palette[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000, 0x8c8c8c};
#define COLOURS (int)(sizeof palette / sizeof *palette)
#define GRID_COLOUR 0xe4e4e4
#define AXIS_COLOUR 0x606060
#define TEXT_COLOUR 0x202020

typedef struct picture {
    cairo_t *cairo;
    const plot *plot;
    plot_scale x, y[2]; /* y: left, right */
    bool has_right;
    double left, top, right, bottom; /* the area between the axes */
} picture;

static void set_colour(cairo_t *cairo, unsigned rgb) {
    cairo_set_source_rgb(cairo, (rgb >> 16) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

static bool is_drawn(const plot_series *s, int i) {
    return fabs(s->x[i]) < PLOT_LARGEST && fabs(s->y[i]) < PLOT_LARGEST; /* false for NaN */
}

/* --- text --- */

static double text_width(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

/* Writes with the given share of the width left of x (0, 0.5, 1); y is the middle of the digits' height. */
static void write_text(cairo_t *cairo, double x, double y, double share, const char *text) {
    cairo_text_extents_t digit;
    cairo_text_extents(cairo, "0", &digit);
    cairo_move_to(cairo, x - share * text_width(cairo, text), y + digit.height / 2);
    cairo_show_text(cairo, text);
}

/* Writes upwards, centred on (x, y). */
static void write_upwards(cairo_t *cairo, double x, double y, const char *text) {
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_rotate(cairo, -M_PI / 2);
    write_text(cairo, 0, 0, 0.5, text);
    cairo_restore(cairo);
}

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
        widest = fmax(widest, text_width(cairo, label));
    }
    return widest;
}

/* --- layout --- */

static void set_scales(picture *p) {
    double x_low = INFINITY, x_high = -INFINITY;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int k = 0; k < p->plot->series_count; k++) {
        const plot_series *s = &p->plot->series[k];
        int axis = s->axis == PLOT_RIGHT;
        p->has_right |= axis;
        for (int i = 0; i < s->count; i++) {
            if (!is_drawn(s, i))
                continue;
            x_low = fmin(x_low, s->x[i]);
            x_high = fmax(x_high, s->x[i]);
            low[axis] = fmin(low[axis], s->y[i]);
            high[axis] = fmax(high[axis], s->y[i]);
        }
    }
    p->x = plot_scale_tight(x_low, x_high, WIDTH / X_TICK_DISTANCE);
    for (int axis = 0; axis < 2; axis++)
        p->y[axis] = plot_scale_round(low[axis], high[axis], HEIGHT / Y_TICK_DISTANCE);
}

static double side_width(const picture *p, int axis, const char *label) {
    char title[256];
    axis_title(&p->y[axis], label, title, sizeof title);
    return MARGIN + (is_given(title) ? TEXT_SIZE + GAP : 0) + widest_label(p->cairo, &p->y[axis]) + GAP;
}

/* Name of a series in the legend; it says where to read it when there are two axes. */
static void legend_name(const picture *p, const plot_series *s, char *out, size_t size) {
    snprintf(out, size, "%s%s", s->name, p->has_right ? (s->axis == PLOT_RIGHT ? " (right)" : " (left)") : "");
}

static void draw_stroke(const picture *p, int index) {
    static const double dashes[] = {7, 4};
    const plot_series *s = &p->plot->series[index];
    set_colour(p->cairo, palette[index % COLOURS]);
    cairo_set_line_width(p->cairo, LINE_WIDTH);
    cairo_set_dash(p->cairo, dashes, s->axis == PLOT_RIGHT ? 2 : 0, 0);
    cairo_stroke(p->cairo);
    cairo_set_dash(p->cairo, dashes, 0, 0);
}

/* Writes the legend in lines from `top` downwards, between the axes; returns where it ends. */
static double draw_legend(const picture *p, double top) {
    double x = p->left, middle = top + TEXT_SIZE / 2;
    bool any = false;
    char name[128];
    for (int k = 0; k < p->plot->series_count; k++) {
        if (!is_given(p->plot->series[k].name))
            continue;
        legend_name(p, &p->plot->series[k], name, sizeof name);
        double width = LEGEND_LINE + GAP + text_width(p->cairo, name);
        if (any && x + width > p->right) {
            x = p->left;
            middle += 1.6 * TEXT_SIZE;
        }
        cairo_move_to(p->cairo, x, middle);
        cairo_rel_line_to(p->cairo, LEGEND_LINE, 0);
        draw_stroke(p, k);
        set_colour(p->cairo, TEXT_COLOUR);
        write_text(p->cairo, x + LEGEND_LINE + GAP, middle, 0, name);
        x += width + 2.5 * GAP;
        any = true;
    }
    return any ? middle + TEXT_SIZE / 2 + 1.5 * GAP : top;
}

/* Draws title and legend, which stand above the axes, and lays out what is left. */
static void lay_out(picture *p) {
    cairo_t *cairo = p->cairo;
    char title[256];
    font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
    p->left = side_width(p, 0, p->plot->y_label);
    p->right = WIDTH - (p->has_right ? side_width(p, 1, p->plot->y2_label) : 2 * MARGIN);
    axis_title(&p->x, p->plot->x_label, title, sizeof title);
    p->bottom = HEIGHT - MARGIN - (is_given(title) ? TEXT_SIZE + GAP : 0) - TEXT_SIZE - GAP;
    p->top = MARGIN;
    if (is_given(p->plot->title)) {
        set_colour(cairo, TEXT_COLOUR);
        font_select(cairo, TITLE_SIZE, CAIRO_FONT_WEIGHT_BOLD);
        write_text(cairo, p->left, p->top + TITLE_SIZE / 2, 0, p->plot->title);
        font_select(cairo, TEXT_SIZE, CAIRO_FONT_WEIGHT_NORMAL);
        p->top += TITLE_SIZE + 1.5 * GAP;
    }
    p->top = draw_legend(p, p->top);
}

/* --- axes --- */

static double x_at(const picture *p, double value) {
    return p->left + (value - p->x.low) / (p->x.high - p->x.low) * (p->right - p->left);
}

static double y_at(const picture *p, int axis, double value) {
    const plot_scale *s = &p->y[axis];
    return p->bottom - (value - s->low) / (s->high - s->low) * (p->bottom - p->top);
}

static void draw_line(cairo_t *cairo, double x0, double y0, double x1, double y1, unsigned colour) {
    set_colour(cairo, colour);
    cairo_set_line_width(cairo, 1);
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

static void draw_x_axis(const picture *p) {
    cairo_t *cairo = p->cairo;
    char label[256], number[32];
    for (int i = 0; i < plot_scale_tick_count(&p->x); i++) {
        double value = plot_scale_tick(&p->x, i), x = x_at(p, value);
        draw_line(cairo, x, p->top, x, p->bottom, GRID_COLOUR);
        plot_scale_label(&p->x, value, number);
        set_colour(cairo, TEXT_COLOUR);
        write_text(cairo, x, p->bottom + GAP + TEXT_SIZE / 2, 0.5, number);
    }
    axis_title(&p->x, p->plot->x_label, label, sizeof label);
    write_text(cairo, (p->left + p->right) / 2, HEIGHT - MARGIN - TEXT_SIZE / 2, 0.5, label);
}

static void draw_y_axis(const picture *p, int axis) {
    cairo_t *cairo = p->cairo;
    char label[256], number[32];
    for (int i = 0; i < plot_scale_tick_count(&p->y[axis]); i++) {
        double value = plot_scale_tick(&p->y[axis], i), y = y_at(p, axis, value);
        if (axis == 0)
            draw_line(cairo, p->left, y, p->right, y, GRID_COLOUR);
        else
            draw_line(cairo, p->right, y, p->right + GAP / 2, y, AXIS_COLOUR); /* the grid is the left axis's */
        plot_scale_label(&p->y[axis], value, number);
        set_colour(cairo, TEXT_COLOUR);
        write_text(cairo, axis ? p->right + GAP : p->left - GAP, y, axis ? 0 : 1, number);
    }
    axis_title(&p->y[axis], axis ? p->plot->y2_label : p->plot->y_label, label, sizeof label);
    write_upwards(cairo, axis ? WIDTH - MARGIN - TEXT_SIZE / 2 : MARGIN + TEXT_SIZE / 2, (p->top + p->bottom) / 2,
                  label);
}

static void draw_axes(const picture *p) {
    draw_x_axis(p);
    draw_y_axis(p, 0);
    if (p->has_right)
        draw_y_axis(p, 1);
    draw_line(p->cairo, p->left, p->bottom, p->right, p->bottom, AXIS_COLOUR);
    draw_line(p->cairo, p->left, p->top, p->left, p->bottom, AXIS_COLOUR);
    if (p->has_right)
        draw_line(p->cairo, p->right, p->top, p->right, p->bottom, AXIS_COLOUR);
}

/* --- series --- */

static void draw_series(const picture *p, int index) {
    const plot_series *s = &p->plot->series[index];
    int axis = s->axis == PLOT_RIGHT, drawn = 0;
    for (int i = 0; i < s->count; i++) {
        if (is_drawn(s, i)) {
            cairo_line_to(p->cairo, x_at(p, s->x[i]), y_at(p, axis, s->y[i]));
            drawn++;
        }
    }
    draw_stroke(p, index);
    if (drawn == 0 || (p->right - p->left) / drawn < MARKER_DISTANCE)
        return;
    for (int i = 0; i < s->count; i++) {
        if (!is_drawn(s, i))
            continue;
        cairo_arc(p->cairo, x_at(p, s->x[i]), y_at(p, axis, s->y[i]), MARKER_RADIUS, 0, 2 * M_PI);
        cairo_fill(p->cairo);
    }
}

static void draw(const plot *description, cairo_t *cairo) {
    picture p = {.cairo = cairo, .plot = description};
    set_colour(cairo, 0xffffff);
    cairo_paint(cairo);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    set_scales(&p);
    lay_out(&p);
    draw_axes(&p);
    for (int k = 0; k < description->series_count; k++)
        draw_series(&p, k);
}

/* --- files --- */

static cairo_status_t write_bytes(void *stream, const unsigned char *data, unsigned size) {
    return fwrite(data, 1, size, stream) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t render(const plot *p, bool svg, FILE *stream) {
    cairo_surface_t *surface =
        svg ? cairo_svg_surface_create_for_stream(write_bytes, stream, WIDTH, HEIGHT)
            : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(WIDTH * PNG_SCALE), (int)(HEIGHT * PNG_SCALE));
    cairo_t *cairo = cairo_create(surface);
    if (!svg)
        cairo_scale(cairo, PNG_SCALE, PNG_SCALE);
    draw(p, cairo);
    cairo_status_t result = cairo_status(cairo);
    cairo_destroy(cairo);
    if (result == CAIRO_STATUS_SUCCESS && !svg)
        result = cairo_surface_write_to_png_stream(surface, write_bytes, stream);
    cairo_surface_finish(surface);
    if (result == CAIRO_STATUS_SUCCESS)
        result = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return result;
}

status plot_write(const plot *p, const char *path) {
    const char *suffix = strrchr(path, '.');
    bool svg = suffix && strcmp(suffix, ".svg") == 0;
    if (!svg && (suffix == NULL || strcmp(suffix, ".png") != 0))
        return status_fail(STATUS_USAGE, "%s: a plot's name must end in .png or .svg", path);
    char *data = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&data, &size);
    if (stream == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    cairo_status_t drawn = render(p, svg, stream);
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
