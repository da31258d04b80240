#include "core/html/html_plot.h"

#include "core/draw/plot_area.h"
#include "core/draw/plot_labels.h"
#include "core/html/html_text.h"

#include <stdbool.h>
#include <string.h>

/* Lengths are units of the SVG, which is scaled to its place. */
#define WIDTH 640.0
#define HEIGHT 360.0
#define TOP 14.0
#define EDGE 20.0 /* right of the axes where there is no second one, and above the axis's name */
#define GAP 7.0   /* between an axis, its tick labels and its name */
#define TEXT_SIZE 13.0
#define DIGIT_WIDTH 7.4
#define MARKER_DISTANCE 14.0 /* points lying further apart on average are marked */
#define MOST_POINTS 400      /* of a series that say their values: more are told by no pointer */
#define COLOURS 8            /* in the style, before they repeat */

typedef struct picture {
    FILE *stream;
    const plot *plot;
    plot_area area;
} picture;

/* --- axes --- */

/* Digits are all as wide; what is not one is about as wide. */
static double widest_label(const plot_scale *scale) {
    size_t widest = 0;
    char label[32];
    for (int i = 0; i < plot_scale_tick_count(scale); i++) {
        plot_scale_label(scale, plot_scale_tick(scale, i), label);
        widest = strlen(label) > widest ? strlen(label) : widest;
    }
    return DIGIT_WIDTH * (double)widest;
}

static void lay_out(picture *p) {
    double name = TEXT_SIZE + GAP;
    p->area.axes = plot_axes_of(p->plot, WIDTH, HEIGHT);
    p->area.top = TOP;
    p->area.left = name + widest_label(&p->area.axes.y[0]) + GAP;
    p->area.right = WIDTH - (p->area.axes.has_right ? name + widest_label(&p->area.axes.y[1]) + GAP : EDGE);
    p->area.bottom = HEIGHT - TEXT_SIZE - GAP - EDGE;
}

static void print_line(const picture *p, const char *class, double x0, double y0, double x1, double y1) {
    fprintf(p->stream, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x0, y0, x1, y1);
}

static void print_label(const picture *p, const char *anchor, double x, double y, const char *text) {
    fprintf(p->stream, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    html_print_text(p->stream, text);
    fputs("</text>", p->stream);
}

/* An axis's name with the power of ten that its tick labels leave out; across: read upwards. */
static void print_name(const picture *p, const plot_scale *scale, const char *name, double x, double y, bool across) {
    char power[32];
    plot_scale_exponent(scale, power);
    fprintf(p->stream, "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(%.1f %.1f)%s\">", x, y,
            across ? " rotate(-90)" : "");
    html_print_text(p->stream, name ? name : "");
    fprintf(p->stream, "%s</text>", power);
}

static void print_x_tick(void *context, double x, const char *label) {
    const picture *p = context;
    print_line(p, "grid", x, TOP, x, p->area.bottom);
    print_label(p, "middle", x, p->area.bottom + GAP + TEXT_SIZE - 2, label);
}

static void print_x_axis(picture *p) {
    plot_area_x_ticks(&p->area, p->plot, print_x_tick, p);
    print_name(p, &p->area.axes.x, p->plot->x_label, (p->area.left + p->area.right) / 2, HEIGHT - 4, false);
}

static void print_y_axis(const picture *p, int axis) {
    const plot_scale *s = &p->area.axes.y[axis];
    char number[32];
    for (int i = 0; i < plot_scale_tick_count(s); i++) {
        double value = plot_scale_tick(s, i), y = plot_area_y(&p->area, axis, value);
        if (axis == 0)
            print_line(p, "grid", p->area.left, y, p->area.right, y);
        plot_scale_label(s, value, number);
        print_label(p, axis ? "start" : "end", axis ? p->area.right + GAP : p->area.left - GAP, y + 4.5, number);
    }
    print_name(p, s, axis ? p->plot->y2_label : p->plot->y_label, axis ? WIDTH - 4 : TEXT_SIZE,
               (TOP + p->area.bottom) / 2, true);
}

/* --- series --- */

static void print_error_bars(const picture *p, const plot_series *s, int axis) {
    for (int i = 0; i < s->count; i++) {
        if (!s->spread || !plot_point_is_drawn(s, i))
            continue;
        double x = plot_area_x(&p->area, s->x[i]);
        double low = plot_area_y(&p->area, axis, plot_bar_end(p->plot, s, i, -1)),
               high = plot_area_y(&p->area, axis, plot_bar_end(p->plot, s, i, 1));
        if (low - high < 1)
            continue;
        fprintf(p->stream, "<path class=\"bar\" d=\"M%.1f %.1fV%.1fm-4 0h8M%.1f %.1fh8\"/>", x, low, high, x - 4, low);
    }
}

/* A point that cannot be told from the line is there for the pointer alone. */
static void print_points(const picture *p, const plot_series *s, int axis, int drawn) {
    bool is_marked = s->is_scattered || (p->area.right - p->area.left) / drawn >= MARKER_DISTANCE;
    for (int i = 0; i < s->count; i++) {
        if (!plot_point_is_drawn(s, i))
            continue;
        fprintf(p->stream, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>", is_marked ? "dot" : "near",
                plot_area_x(&p->area, s->x[i]), plot_area_y(&p->area, axis, s->y[i]), is_marked ? "3" : "5");
        const char *name = s->labels ? s->labels[i] : s->name;
        html_print_text(p->stream, name ? name : "");
        fprintf(p->stream, "%s%.5g", name ? ": " : "", s->y[i]);
        if (!s->labels) /* what has a name is told by it */
            fprintf(p->stream, " at %.5g", s->x[i]);
        fputs("</title></circle>", p->stream);
    }
}

static void print_series(const picture *p, int index) {
    const plot_series *s = &p->plot->series[index];
    int axis = s->axis == PLOT_RIGHT, drawn = 0;
    fprintf(p->stream, "<g class=\"c%d%s\"><path class=\"line\" d=\"", index % COLOURS, axis ? " right" : "");
    for (int i = 0; i < s->count; i++)
        if (plot_point_is_drawn(s, i))
            fprintf(p->stream, "%c%.1f %.1f", drawn++ && !s->is_scattered ? 'L' : 'M', plot_area_x(&p->area, s->x[i]),
                    plot_area_y(&p->area, axis, s->y[i]));
    fputs("\"/>", p->stream);
    print_error_bars(p, s, axis);
    if (drawn > 0 && drawn <= MOST_POINTS)
        print_points(p, s, axis, drawn);
    fputs("</g>", p->stream);
}

/* --- names of points, legend --- */

static double name_width(void *context, const char *text) {
    (void)context;
    return DIGIT_WIDTH * (double)strlen(text);
}

static void print_point_name(void *context, const plot_box *at, const char *text) {
    print_label(context, "start", at->left, at->bottom - 2, text);
}

static void print_point_names(picture *p) {
    const plot_labels names = {
        .area = &p->area, .height = TEXT_SIZE, .context = p, .width = name_width, .print = print_point_name};
    plot_labels_print(&names, p->plot);
}

static void print_legend(const picture *p) {
    fputs("<ul class=\"legend\">", p->stream);
    for (int k = 0; k < p->plot->series_count; k++) {
        const plot_series *s = &p->plot->series[k];
        const char *side = !p->area.axes.has_right ? "" : s->axis == PLOT_RIGHT ? " (right)" : " (left)";
        if (!s->name || !*s->name)
            continue;
        fprintf(p->stream, "<li class=\"c%d%s%s\">", k % COLOURS, s->axis == PLOT_RIGHT ? " right" : "",
                s->is_scattered ? " scattered" : "");
        html_print_text(p->stream, s->name);
        fprintf(p->stream, "%s</li>", side);
    }
    fputs("</ul>", p->stream);
}

void html_print_plot(FILE *stream, const plot *p) {
    picture it = {.stream = stream, .plot = p};
    const char *title = p->title && *p->title ? p->title : p->y_label ? p->y_label : "";
    lay_out(&it);
    fputs("<figure class=\"plot\"><figcaption>", stream);
    html_print_text(stream, title);
    print_legend(&it);
    fprintf(stream, "</figcaption><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    html_print_text(stream, title);
    fputs(" over ", stream);
    html_print_text(stream, p->x_label ? p->x_label : "x");
    fputs("\">", stream);
    print_x_axis(&it);
    print_y_axis(&it, 0);
    if (it.area.axes.has_right)
        print_y_axis(&it, 1);
    fprintf(stream, "<path class=\"frame\" d=\"M%.1f %.1fV%.1fH%.1f%s\"/>", it.area.left, TOP, it.area.bottom,
            it.area.right, it.area.axes.has_right ? "V14" : "");
    for (int k = 0; k < p->series_count; k++)
        print_series(&it, k);
    print_point_names(&it);
    fputs("</svg></figure>\n", stream);
}
