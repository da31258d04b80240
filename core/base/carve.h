/* Cutting a block of memory into parts. One function lays the parts out; it runs first with a carver without memory,
 * which only measures, and then with one over a block of that size: sizes and places are written once.
 *
 * Thread rule: a carver belongs to one thread. */
#ifndef IRST_CORE_BASE_CARVE_H
#define IRST_CORE_BASE_CARVE_H

#include <stddef.h>

enum { CARVE_ALIGNMENT = 64 };

typedef struct carver {
    void *base;  /* NULL: measure; else a multiple of CARVE_ALIGNMENT */
    size_t used; /* bytes so far */
} carver;

/* The next part: `count` elements of `size` bytes, aligned for vectors; NULL while measuring. */
static inline void *carve(carver *c, size_t count, size_t size) {
    void *part = c->base ? (char *)c->base + c->used : NULL;
    c->used += (count * size + CARVE_ALIGNMENT - 1) / CARVE_ALIGNMENT * CARVE_ALIGNMENT;
    return part;
}

#endif
