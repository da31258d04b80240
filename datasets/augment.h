/* Augmentation of the reference: up-down flip, left-right flip and transpose, each with probability 1/2. */
#ifndef IRST_DATASETS_AUGMENT_H
#define IRST_DATASETS_AUGMENT_H

#include <stdint.h>

/* A sum of these, applied in this order. */
enum { AUGMENT_FLIP_ROWS = 1, AUGMENT_FLIP_COLUMNS = 2, AUGMENT_TRANSPOSE = 4, AUGMENT_CHOICES = 8 };

/* The choice for one sample in one epoch: a function of its arguments alone. */
int augment_choose(uint64_t seed, int64_t epoch, int sample);

/* Rearranges a size x size map from `in` to `out` (distinct). */
void augment_apply(int choice, int size, const float *in, float *out);

#endif
