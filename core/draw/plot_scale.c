#include "core/draw/plot_scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A tick lies on the edge of the range if it misses it by no more than rounding. */
#define EDGE 1e-6

/* The nearest of 1, 2, 5 and 10 times a power of ten, as ratios go. */
static double round_step(double step) {
    double power = pow(10, floor(log10(step)));
    double digits = step / power;
    return power * (digits < sqrt(2) ? 1 : digits < sqrt(10) ? 2 : digits < sqrt(50) ? 5 : 10);
}

/* Numbers of a million or more and of less than a hundredth are shown without their power of a thousand. */
static int shown_exponent(double low, double high) {
    double largest = fmax(fabs(low), fabs(high));
    return largest >= 1e6 || largest < 1e-2 ? 3 * (int)floor(log10(largest) / 3 + EDGE) : 0;
}

plot_scale plot_scale_tight(double minimum, double maximum, double ticks) {
    if (minimum > maximum) {
        minimum = 0;
        maximum = 1;
    }
    /* A range narrower than the numbers' own digits can label is as good as empty. */
    double largest = fmax(fabs(minimum), fabs(maximum));
    if (maximum - minimum <= largest * 1e-9 || largest < 1e-300) {
        double margin = largest > 1e-290 ? largest * 0.1 : 0.5;
        minimum -= margin;
        maximum += margin;
    }
    plot_scale s = {.low = minimum, .high = maximum};
    s.step = round_step((maximum - minimum) / ticks);
    s.exponent = shown_exponent(s.low, s.high);
    return s;
}

plot_scale plot_scale_round(double minimum, double maximum, double ticks) {
    plot_scale s = plot_scale_tight(minimum, maximum, ticks);
    s.low = s.step * floor(s.low / s.step + EDGE);
    s.high = s.step * ceil(s.high / s.step - EDGE);
    s.exponent = shown_exponent(s.low, s.high);
    return s;
}

static double first_multiple(const plot_scale *s) {
    return ceil(s->low / s->step - EDGE);
}

int plot_scale_tick_count(const plot_scale *s) {
    return (int)(floor(s->high / s->step + EDGE) - first_multiple(s)) + 1;
}

double plot_scale_tick(const plot_scale *s, int index) {
    return (first_multiple(s) + index) * s->step;
}

void plot_scale_label(const plot_scale *s, double value, char out[32]) {
    double unit = pow(10, s->exponent);
    int decimals = (int)ceil(-log10(s->step / unit) - EDGE);
    value = fabs(value) < s->step / 2 ? 0 : value / unit; /* no "-0" */
    snprintf(out, 32, "%.*f", decimals > 0 ? decimals : 0, value);
}

void plot_scale_exponent(const plot_scale *s, char out[32]) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char number[16];
    out[0] = '\0';
    if (s->exponent == 0)
        return;
    snprintf(number, sizeof number, "%d", s->exponent);
    strcpy(out, " (×10");
    for (const char *c = number; *c; c++)
        strcat(out, *c == '-' ? "⁻" : digits[*c - '0']);
    strcat(out, ")");
}
