/* The scale of an axis: its range, round ticks and their labels. Used by plot.c.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_PLOT_SCALE_H
#define IRST_CORE_DRAW_PLOT_SCALE_H

typedef struct plot_scale {
    double low, high; /* low < high */
    double step;      /* ticks are its whole multiples: 1, 2 or 5 times a power of ten */
    int exponent;     /* labels show value / 10^exponent; 0 for numbers that read well as they are */
} plot_scale;

/* Larger numbers are not drawn: differences of two of them stay finite. */
#define PLOT_LARGEST 1e300

/* A scale for values in [minimum, maximum] with about `ticks` ticks. An empty range (also minimum > maximum,
 * for no values) is widened. */
plot_scale plot_scale_tight(double minimum, double maximum, double ticks);
/* The same, out to the next ticks. */
plot_scale plot_scale_round(double minimum, double maximum, double ticks);

/* Ticks are plot_scale_tick(s, 0) up to count - 1. */
int plot_scale_tick_count(const plot_scale *s);
double plot_scale_tick(const plot_scale *s, int index);

/* The label of a tick, with as many decimals as the step needs. */
void plot_scale_label(const plot_scale *s, double value, char out[32]);
/* " (x 10^exponent)" in typographic form, UTF-8; "" for exponent 0. */
void plot_scale_exponent(const plot_scale *s, char out[32]);

#endif
