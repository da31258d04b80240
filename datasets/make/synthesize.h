/* Synthetic infrared scenes: textured cloud, sea or ground clutter, 1 to 4 faint targets, sensor noise. For a first run
 * without a download; no substitute for the benchmarks.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_DATASETS_MAKE_SYNTHESIZE_H
#define IRST_DATASETS_MAKE_SYNTHESIZE_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdint.h>

/* Scene number `index` of a seed: a function of its arguments. 8-bit image and mask (0 or 255), size x size, owned by
 * the caller. Each target is a blurred spot of 2 to 80 mask pixels, 3 to 10 times the local clutter's deviation above
 * its surroundings. */
status synthesize_scene(uint64_t seed, int index, int size, grey_image *image, grey_image *mask);

/* Writes a new folder with images/, masks/, train.txt and test.txt. It appears whole or not at all; an existing path
 * is refused. `on_scene` (may be NULL) is called after each scene. */
status synthesize_folder(const char *path, uint64_t seed, int size, int train, int test,
                         void (*on_scene)(void *context, int done), void *context);

#endif
