#include "datasets/ranked_name.h"

#include "core/base/rng.h"

#include <string.h>

/* Names that differ in a digit have similar FNV hashes; the generator takes the likeness away. */
uint64_t name_rank(const char *name, const char *purpose, uint64_t seed) {
    rng r = rng_new(seed ^ rng_stream_of(name), rng_stream_of(purpose));
    uint64_t high = rng_u32(&r);
    return high << 32 | rng_u32(&r);
}

int ranked_name_compare(const void *a, const void *b) {
    const ranked_name *x = a, *y = b;
    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : strcmp(x->name, y->name);
}
