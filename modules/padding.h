/* Images of any size for networks whose maps must halve without rest: padded on the right and below, and the results
 * cropped back. The padding is zero in the network's own input, as beyond any border of its first convolution; what
 * lies further in sees the same as if the image ended there, but for the means over whole maps.
 *
 * Thread rule: any thread at any time, on different tensors. */
#ifndef IRST_MODULES_PADDING_H
#define IRST_MODULES_PADDING_H

#include "core/tensor/tensor.h"

/* The sides that a network takes: multiples of `multiple`, at least `least`. A zeroed struct takes all. */
typedef struct side_rule {
    int multiple, least;
} side_rule;

/* The smallest side that the rule takes and `side` pixels fit in. */
int padded_side(side_rule rule, int side);

/* The upper left corner of each plane, `width` x `height` pixels of the same memory: where the image lies. */
tensor padding_corner(const tensor *t, int width, int height);

/* Sets all that lies outside the corner to zero. */
void padding_clear(const tensor *t, int width, int height);

#endif
