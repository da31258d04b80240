#include "core/base/rng.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>

/* Index of the draw -> word (index % 4) of the block with counter (index / 4, stream) under the key `seed`.
 * The 64-bit counter half leaves room for 2^62 blocks a stream, so no stream runs into another. */
static philox4x32_ctr_t block_of(const rng *r) {
    uint64_t block = r->index / 4;
    philox4x32_ctr_t counter = {
        {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)r->stream, (uint32_t)(r->stream >> 32)}};
    philox4x32_key_t key = {{(uint32_t)r->seed, (uint32_t)(r->seed >> 32)}};
    return philox4x32_R(10, counter, key);
}

rng rng_new(uint64_t seed, uint64_t stream) {
    return (rng){.seed = seed, .stream = stream, .index = 0};
}

uint32_t rng_u32(rng *r) {
    uint32_t draw = block_of(r).v[r->index % 4];
    r->index++;
    return draw;
}

void rng_fill_u32(rng *r, uint32_t *out, int count) {
    for (int i = 0; i < count;) {
        philox4x32_ctr_t block = block_of(r);
        for (uint64_t word = r->index % 4; word < 4 && i < count; word++, r->index++)
            out[i++] = block.v[word];
    }
}

static double uniform_of(const uint32_t draws[2]) {
    return (double)(((uint64_t)draws[0] << 32 | draws[1]) >> 11) * 0x1p-53;
}

double rng_uniform(rng *r) {
    uint32_t draws[2];
    rng_fill_u32(r, draws, 2);
    return uniform_of(draws);
}

/* Box and Muller's transform. Only its cosine half is used: a draw then needs no memory of the previous one. */
double rng_normal(rng *r) {
    uint32_t draws[4];
    rng_fill_u32(r, draws, 4);
    double radius = sqrt(-2.0 * log1p(-uniform_of(draws))); /* 1 - u lies in (0, 1]: never log(0) */
    double angle = 2.0 * M_PI * uniform_of(draws + 2);
    return radius * cos(angle);
}

/* Takes the high word of draw * n. Of the 2^32 draws, the 2^32 mod n with the smallest low words would favour
 * some results, so they are drawn again (Lemire, ACM TOMACS 29, 2019). */
uint32_t rng_below(rng *r, uint32_t n) {
    assert(n > 0);
    uint32_t surplus = (0u - n) % n;
    uint64_t product;
    do {
        product = (uint64_t)rng_u32(r) * n;
    } while ((uint32_t)product < surplus);
    return (uint32_t)(product >> 32);
}

uint64_t rng_stream_of(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++) {
        hash ^= (unsigned char)*name;
        hash *= 0x100000001b3u;
    }
    return hash;
}

void rng_shuffle(rng *r, int *items, int count) {
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rng_below(r, (uint32_t)i + 1);
        int kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}
