/* Frames, and detectors for them, for the tests of the public interface. */
#ifndef IRST_TESTS_LIBRARY_FRAMES_H
#define IRST_TESTS_LIBRARY_FRAMES_H

#include "include/irst.h"

#include <stdint.h>

enum { WIDTH = 61, HEIGHT = 43, PIXELS = WIDTH * HEIGHT };

/* The file of a tiny network, which says that `range` (NULL: none) of grey values and this threshold. The path is owned
 * by scratch_path. */
const char *frames_checkpoint(const char *range, double threshold);

/* Clutter with three bright spots, of values up to `most`. */
void frames_draw(uint16_t *pixels, int most);

/* irst_open on one thread with `count` settings; the test fails if it cannot. */
irst_detector *frames_open(const char *name, const char *const *list, int count);

#define assert_found(expression)                                                                                       \
    do {                                                                                                               \
        if ((expression) != 0)                                                                                         \
            fail_msg("%s: %s", #expression, irst_error());                                                             \
    } while (0)

#endif
