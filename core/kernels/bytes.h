/* Numbers of 8 bits without sign, made of vectors.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_KERNELS_BYTES_H
#define IRST_CORE_KERNELS_BYTES_H

#include "core/kernels/vector.h"

enum { QUAD = 4 }; /* bytes of a lane */

/* The nearest of 0 .. 255, of two the even one; 0 for what is no number. */
static inline ivec to_byte(vec v) {
    const vec most = vec_set(255);
    const float shift = 0x1p23f; /* beyond it float32 has no fractions */
    v = (vec)((v > (vec){0}) & (ivec)v);
    ivec over = v > most;
    v = (vec)((over & (ivec)most) | (~over & (ivec)v));
    return (ivec)(v + shift) & 255;
}

#endif
