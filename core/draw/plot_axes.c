#include "core/draw/plot_axes.h"

#include <math.h>

#define X_TICK_DISTANCE 90.0
#define Y_TICK_DISTANCE 70.0

bool plot_point_is_drawn(const plot_series *s, int i) {
    return fabs(s->x[i]) < PLOT_LARGEST && fabs(s->y[i]) < PLOT_LARGEST; /* false for NaN */
}

double plot_bar_end(const plot *p, const plot_series *s, int i, int side) {
    if (!s->spread || !(fabs(s->spread[i]) < PLOT_LARGEST))
        return s->y[i];
    double end = s->y[i] + side * s->spread[i];
    return p->y_range ? fmin(fmax(end, p->y_range->low), p->y_range->high) : end;
}

plot_axes plot_axes_of(const plot *p, double width, double height) {
    plot_axes axes = {.has_right = false};
    double x_low = INFINITY, x_high = -INFINITY;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int k = 0; k < p->series_count; k++) {
        const plot_series *s = &p->series[k];
        int axis = s->axis == PLOT_RIGHT;
        axes.has_right |= axis;
        for (int i = 0; i < s->count; i++) {
            if (!plot_point_is_drawn(s, i))
                continue;
            x_low = fmin(x_low, s->x[i]);
            x_high = fmax(x_high, s->x[i]);
            low[axis] = fmin(low[axis], plot_bar_end(p, s, i, -1));
            high[axis] = fmax(high[axis], plot_bar_end(p, s, i, 1));
        }
    }
    axes.x = plot_scale_tight(x_low, x_high, width / X_TICK_DISTANCE);
    for (int axis = 0; axis < 2; axis++)
        axes.y[axis] = plot_scale_round(low[axis], high[axis], height / Y_TICK_DISTANCE);
    return axes;
}
