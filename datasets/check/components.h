/* 8-connected components of a binary map, in scan order of their first pixel.
 *
 * Thread rule: any thread at any time, on different lists and workspaces. */
#ifndef IRST_DATASETS_CHECK_COMPONENTS_H
#define IRST_DATASETS_CHECK_COMPONENTS_H

#include "core/base/status.h"
#include "core/base/workspace.h"
#include "datasets/preprocess.h"

#include <stdint.h>

typedef struct component {
    int area;                      /* pixels */
    double centroid_x, centroid_y; /* mean pixel coordinates, 0-based */
    int x0, y0, x1, y1;            /* bounding box, inclusive */
} component;

typedef struct component_list {
    int count;
    component *items;
    int32_t *labels; /* width * height: 0 background, k + 1 for items[k] */
} component_list;

/* Anything non-zero in `map` is foreground. Free with component_list_free. */
status components_find(const uint8_t *map, int width, int height, component_list *out);
/* The same in memory of the workspace, which the list keeps until workspace_begin: it is not freed. */
status components_find_in(workspace *w, const uint8_t *map, int width, int height, component_list *out);
/* The targets of a mask as stored; `maximum` is its mask_maximum. */
status components_of_mask(const grey_image *mask, int maximum, mask_rule rule, component_list *out);
void component_list_free(component_list *list); /* accepts a zeroed struct */

#endif
