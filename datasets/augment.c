#include "datasets/augment.h"

#include "core/rng.h"

#include <stddef.h>

int augment_choose(uint64_t seed, int64_t epoch, int sample) {
    rng r = rng_new(seed, rng_stream_of("augment") + (uint64_t)epoch);
    r.index = (uint64_t)sample;
    return (int)(rng_u32(&r) % AUGMENT_CHOICES);
}

void augment_apply(int choice, int size, const float *in, float *out) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            /* Walks the output and asks where its pixel came from: the steps undone in reverse order. */
            int from_y = choice & AUGMENT_TRANSPOSE ? x : y, from_x = choice & AUGMENT_TRANSPOSE ? y : x;
            if (choice & AUGMENT_FLIP_COLUMNS)
                from_x = size - 1 - from_x;
            if (choice & AUGMENT_FLIP_ROWS)
                from_y = size - 1 - from_y;
            out[(ptrdiff_t)y * size + x] = in[(ptrdiff_t)from_y * size + from_x];
        }
}
