/* A picture in few colours: a PNG with a palette takes a third of the space.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_PALETTE_H
#define IRST_CORE_DRAW_PALETTE_H

#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { PALETTE_MOST = 256 };

typedef struct palette {
    int count;
    uint32_t colours[PALETTE_MOST]; /* 0xRRGGBB */
} palette;

/* Chooses at most `most` colours for 0xRRGGBB pixels by median cut: the cells of a coarse colour cube are cut in two
 * where half of the pixels lie on either side, always those that spread widest; indices[i] is the colour of pixel i.
 * The higher byte of a pixel does not count. */
status palette_reduce(const uint32_t *pixels, size_t count, int most, palette *out, uint8_t *indices);

#endif
