/* Small arithmetic of whole numbers.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_WHOLE_NUMBERS_H
#define IRST_CORE_BASE_WHOLE_NUMBERS_H

static inline int int_min(int a, int b) {
    return a < b ? a : b;
}

static inline int int_max(int a, int b) {
    return a > b ? a : b;
}

/* The number in low .. high that is nearest. */
static inline int int_clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

/* How many pieces of `size` it takes for `count` >= 0, the last one perhaps smaller. */
static inline int int_pieces(int count, int size) {
    return (count + size - 1) / size;
}

#endif
