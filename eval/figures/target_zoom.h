/* Where the targets of a map are shown enlarged: along its edges, where no target is hidden.
 *
 * Thread rule: any thread at any time, on different pictures. */
#ifndef IRST_EVAL_FIGURES_TARGET_ZOOM_H
#define IRST_EVAL_FIGURES_TARGET_ZOOM_H

#include "core/draw/map_view.h"
#include "datasets/check/components.h"

enum { MOST_ZOOMS = 3 };

typedef struct target_zoom {
    int target;     /* index in the list of targets */
    map_part part;  /* the square around the target, in pixels, inside of the map */
    map_part inset; /* where it is shown, in pixels of the map too */
} target_zoom;

typedef struct zoom_plan {
    int count;
    target_zoom zooms[MOST_ZOOMS];
} zoom_plan;

/* The square around a component, with room about it, moved inside of the map. */
map_part target_square(const component *c, int width, int height);

/* The largest targets, at most `most` <= MOST_ZOOMS, each to a free place near it: a corner, or the middle of an edge.
 * A place where the square of any target lies is not free; a target for which none is left is not shown enlarged. */
zoom_plan zoom_plan_make(const component_list *targets, int width, int height, int most);

/* A part of the map as a place on the picture where the whole map fills `place`. */
map_place map_part_place(const map_view *view, map_part part, map_place place);

/* Draws enlarged target number `index` of the plan into its place, with a frame. Lines join it to its square if it is
 * the only one; several carry numbers, for their lines would cross. */
void target_zoom_draw(cairo_t *cairo, const map_view *view, const zoom_plan *plan, int index, map_place place,
                      unsigned colour);

#endif
