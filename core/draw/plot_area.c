#include "core/draw/plot_area.h"

double plot_area_x(const plot_area *a, double value) {
    return a->left + (value - a->axes.x.low) / (a->axes.x.high - a->axes.x.low) * (a->right - a->left);
}

double plot_area_y(const plot_area *a, int axis, double value) {
    const plot_scale *s = &a->axes.y[axis];
    return a->bottom - (value - s->low) / (s->high - s->low) * (a->bottom - a->top);
}

void plot_area_x_ticks(const plot_area *a, const plot *p, void (*draw)(void *context, double x, const char *label),
                       void *context) {
    const plot_scale *s = &a->axes.x;
    for (int i = 0; i < p->x_tick_count; i++) {
        const plot_tick *tick = &p->x_ticks[i];
        if (tick->value >= s->low && tick->value <= s->high)
            draw(context, plot_area_x(a, tick->value), tick->label);
    }
    char number[32];
    for (int i = 0; !p->x_ticks && i < plot_scale_tick_count(s); i++) {
        plot_scale_label(s, plot_scale_tick(s, i), number);
        draw(context, plot_area_x(a, plot_scale_tick(s, i)), number);
    }
}
