#include "core/draw/font.h"

void font_select(cairo_t *cairo, double size, cairo_font_weight_t weight) {
    cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, weight);
    cairo_set_font_size(cairo, size);
}
