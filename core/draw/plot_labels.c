#include "core/draw/plot_labels.h"

#include <math.h>

#define DISTANCE 6.0 /* of a name from the middle of its point */
#define NEAR 2.0     /* that a name beside a point stands lower or higher */
#define RADIUS 3.0   /* of a point */

enum { MOST = 256, PLACES = 6 };

typedef struct occupied {
    plot_box boxes[MOST];
    int count;
} occupied;

static void take(occupied *o, plot_box box) {
    if (o->count < MOST)
        o->boxes[o->count++] = box;
}

static bool is_free(const occupied *o, const plot_area *area, const plot_box *b) {
    if (b->left < area->left || b->right > area->right || b->top < area->top || b->bottom > area->bottom)
        return false;
    for (int i = 0; i < o->count; i++) {
        const plot_box *other = &o->boxes[i];
        if (b->left < other->right && b->right > other->left && b->top < other->bottom && b->bottom > other->top)
            return false;
    }
    return true;
}

static plot_box moved_into(const plot_area *area, plot_box b) {
    double x = fmax(fmin(0, area->right - b.right), area->left - b.left);
    double y = fmax(fmin(0, area->bottom - b.bottom), area->top - b.top);
    return (plot_box){b.left + x, b.top + y, b.right + x, b.bottom + y};
}

/* The first of the places that is free; if none is, the first at all, as far as it lies in the area. */
static plot_box choose(const occupied *o, const plot_area *area, double x, double y, double width, double height) {
    double right = x + DISTANCE, left = x - DISTANCE - width, above = y - DISTANCE - height, below = y + DISTANCE;
    double middle = y - height / 2, centre = x - width / 2;
    /* A line of points that rises, as most do, leaves the first two places free. */
    const double corners[PLACES][2] = {{right, y + NEAR}, {left, y - NEAR - height}, {right, middle},
                                       {left, middle},    {centre, above},           {centre, below}};
    plot_box first = {0};
    for (int i = 0; i < PLACES; i++) {
        plot_box place = {corners[i][0], corners[i][1], corners[i][0] + width, corners[i][1] + height};
        if (is_free(o, area, &place))
            return place;
        if (i == 0)
            first = place;
    }
    return moved_into(area, first);
}

static void locate(const plot_area *a, const plot_series *s, int i, double *x, double *y) {
    *x = plot_area_x(a, s->x[i]);
    *y = plot_area_y(a, s->axis == PLOT_RIGHT, s->y[i]);
}

static void print_names(const plot_labels *l, const plot_series *s, occupied *o) {
    double x, y;
    for (int i = 0; s->labels && i < s->count; i++) {
        if (!plot_point_is_drawn(s, i))
            continue;
        locate(l->area, s, i, &x, &y);
        plot_box at = choose(o, l->area, x, y, l->width(l->context, s->labels[i]), l->height);
        take(o, at);
        l->print(l->context, &at, s->labels[i]);
    }
}

void plot_labels_print(const plot_labels *l, const plot *p) {
    occupied o = {.count = 0};
    double x, y;
    for (int k = 0; k < p->series_count; k++)
        for (int i = 0; i < p->series[k].count; i++) {
            if (!plot_point_is_drawn(&p->series[k], i))
                continue;
            locate(l->area, &p->series[k], i, &x, &y);
            take(&o, (plot_box){x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS});
        }
    for (int k = 0; k < p->series_count; k++)
        print_names(l, &p->series[k], &o);
}
