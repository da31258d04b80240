/* A map of numbers as a picture in a picture, its colour scale, and a view of it as a surface in space.
 *
 * Thread rule: one thread at a time for each canvas; different ones at once. */
#ifndef IRST_CORE_DRAW_MAP_VIEW_H
#define IRST_CORE_DRAW_MAP_VIEW_H

#include "core/draw/colour_map.h"

#include <cairo.h>

typedef struct map_view {
    const float *map; /* row-major, width * height */
    int width, height;
    double low, high; /* values of the colours' ends; low < high */
    colour_map colours;
} map_view;

typedef struct map_place {
    double x, y, width, height;
} map_place;

/* A part of the map, in pixels; it may reach over the edge. */
typedef struct map_part {
    double x, y, width, height;
} map_part;

/* Draws the map, or a part of it (NULL: all), into `place`. Enlarged pixels stay squares: what was computed is what is
 * seen. What lies beyond the map's edge stays as it was. A failure is left in `cairo`. */
void map_view_draw(cairo_t *cairo, const map_view *view, const map_part *part, map_place place);

/* Draws an upright colour scale with ticks on its right and a label (NULL: none) beyond them. Returns the width that
 * ticks and label take to the right of `place`. */
double map_view_draw_scale(cairo_t *cairo, const map_view *view, map_place place, const char *label);

/* Draws the map as a surface, seen from above and in front of its lower edge, in a box with a scale of heights.
 * Large maps are reduced to blocks of pixels, each as high as its highest pixel, so that no small target is lost. */
void map_view_draw_surface(cairo_t *cairo, const map_view *view, map_place place);

#endif
