/* Maps cut into parts x parts patches, all of floor(size / parts) rows or columns but the last, which takes the
 * remainder.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_AUTOGRAD_SHARED_PATCHES_H
#define IRST_AUTOGRAD_SHARED_PATCHES_H

#include "core/base/status.h"
#include "core/tensor/tensor.h"

typedef struct patch {
    int y, x, h, w; /* first pixel and size */
} patch;

/* Patch number `index`, counted row by row. */
static inline patch patch_at(const tensor *map, int parts, int index) {
    int row = index / parts, column = index % parts;
    int h = map->h / parts, w = map->w / parts;
    return (patch){.y = row * h,
                   .x = column * w,
                   .h = row == parts - 1 ? map->h - row * h : h,
                   .w = column == parts - 1 ? map->w - column * w : w};
}

static inline status patches_check(const tensor *map, int parts) {
    if (parts >= 1 && map->h >= parts && map->w >= parts)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "maps of %dx%d pixels cannot be cut into %dx%d patches", map->h, map->w, parts,
                       parts);
}

#endif
