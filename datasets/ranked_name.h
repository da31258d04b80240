/* Names in an order that looks random and depends on nothing but them: to choose some of a data set by, the same ones
 * on every machine and whatever else the set holds.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_RANKED_NAME_H
#define IRST_DATASETS_RANKED_NAME_H

#include <stdint.h>

typedef struct ranked_name {
    uint64_t rank; /* see name_rank */
    const char *name;
} ranked_name;

/* The rank of a name; another purpose, or another seed, makes another order. */
uint64_t name_rank(const char *name, const char *purpose, uint64_t seed);

/* For qsort of structs that begin with a ranked_name: by rank, and by name where it is the same. */
int ranked_name_compare(const void *a, const void *b);

#endif
