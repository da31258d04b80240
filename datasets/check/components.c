#include "datasets/check/components.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Union-find over provisional labels; the root is always the smallest, so roots keep scan order. */
static int32_t find_root(int32_t *parent, int32_t label) {
    while (parent[label] != label) {
        parent[label] = parent[parent[label]];
        label = parent[label];
    }
    return label;
}

static void join(int32_t *parent, int32_t a, int32_t b) {
    a = find_root(parent, a);
    b = find_root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* First pass: every pixel takes the label of a neighbour already seen (left, and the three above), or a new one. Labels
 * begin at zero. */
static int32_t label_provisionally(const uint8_t *map, int width, int height, int32_t *labels, int32_t *parent) {
    int32_t next = 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            ptrdiff_t i = (ptrdiff_t)y * width + x;
            if (!map[i])
                continue;
            const int32_t seen[4] = {
                x > 0 ? labels[i - 1] : 0,
                y > 0 && x > 0 ? labels[i - width - 1] : 0,
                y > 0 ? labels[i - width] : 0,
                y > 0 && x + 1 < width ? labels[i - width + 1] : 0,
            };
            for (int k = 0; k < 4; k++) {
                if (!seen[k])
                    continue;
                if (labels[i])
                    join(parent, labels[i], seen[k]);
                else
                    labels[i] = seen[k];
            }
            if (!labels[i]) {
                parent[next] = next;
                labels[i] = next++;
            }
        }
    return next;
}

static void add_pixel(component *c, int x, int y) {
    if (c->area == 0)
        *c = (component){.x0 = x, .y0 = y, .x1 = x, .y1 = y};
    c->x0 = x < c->x0 ? x : c->x0;
    c->x1 = x > c->x1 ? x : c->x1;
    c->y1 = y;
    c->area++;
    c->centroid_x += x; /* sums until the end */
    c->centroid_y += y;
}

/* No two provisional labels stand side by side: at most one in two pixels of every other row, and 0. */
static size_t most_labels(int width, int height) {
    return ((size_t)width / 2 + 1) * ((size_t)height / 2 + 1) + 1;
}

/* Fills `labels`, zero before, with provisional ones, and turns `parent` into what each of them is in the end: a parent
 * is smaller than its child, so its number is there already. Returns the number of components. */
static int number_labels(const uint8_t *map, int width, int height, int32_t *labels, int32_t *parent) {
    int32_t next = label_provisionally(map, width, height, labels, parent);
    int count = 0;
    for (int32_t label = 1; label < next; label++)
        parent[label] = parent[label] == label ? ++count : parent[parent[label]];
    return count;
}

/* From provisional labels to final ones and the components, zero before. */
static void gather(const uint8_t *map, int width, int height, const int32_t *number, component_list *out) {
    size_t pixels = (size_t)width * (size_t)height;
    for (size_t i = 0; i < pixels; i++) {
        if (!map[i])
            continue;
        out->labels[i] = number[out->labels[i]];
        add_pixel(&out->items[out->labels[i] - 1], (int)(i % (size_t)width), (int)(i / (size_t)width));
    }
    for (int i = 0; i < out->count; i++) {
        out->items[i].centroid_x /= out->items[i].area;
        out->items[i].centroid_y /= out->items[i].area;
    }
}

status components_find(const uint8_t *map, int width, int height, component_list *out) {
    *out = (component_list){0};
    size_t pixels = (size_t)width * (size_t)height;
    int32_t *parent = malloc(most_labels(width, height) * sizeof *parent);
    /* Background stays as the system hands it out, so that a large map with small targets takes hardly any memory. */
    out->labels = calloc(pixels ? pixels : 1, sizeof *out->labels);
    if (!parent || !out->labels)
        goto no_memory;
    out->count = number_labels(map, width, height, out->labels, parent);
    out->items = calloc((size_t)out->count + 1, sizeof *out->items);
    if (!out->items)
        goto no_memory;
    gather(map, width, height, parent, out);
    free(parent);
    return STATUS_OK;
no_memory:
    free(parent);
    component_list_free(out);
    return status_fail(STATUS_MEMORY, "out of memory for the components of a %dx%d map", width, height);
}

status components_find_in(workspace *w, const uint8_t *map, int width, int height, component_list *out) {
    size_t pixels = (size_t)width * (size_t)height;
    *out = (component_list){.labels = workspace_take(w, pixels, sizeof *out->labels)};
    int32_t *parent = workspace_take(w, most_labels(width, height), sizeof *parent);
    TRY(workspace_check(w));
    memset(out->labels, 0, pixels * sizeof *out->labels);
    int count = number_labels(map, width, height, out->labels, parent);
    out->items = workspace_take(w, (size_t)count + 1, sizeof *out->items);
    TRY(workspace_check(w));
    memset(out->items, 0, (size_t)count * sizeof *out->items);
    out->count = count;
    gather(map, width, height, parent, out);
    return STATUS_OK;
}

status components_of_mask(const grey_image *mask, int maximum, mask_rule rule, component_list *out) {
    *out = (component_list){0};
    uint8_t *label = malloc(grey_image_pixels(mask));
    if (!label)
        return status_fail(STATUS_MEMORY, "out of memory for a mask");
    mask_to_label(mask, maximum, rule, label);
    status result = components_find(label, mask->width, mask->height, out);
    free(label);
    return result;
}

void component_list_free(component_list *list) {
    free(list->items);
    free(list->labels);
    *list = (component_list){0};
}
