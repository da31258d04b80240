/* Large blocks of memory: zeroed, aligned for vectors, with huge pages where the system gives them.
 *
 * Thread rule: one thread at a time for each block; different ones at once. */
#ifndef IRST_CORE_BASE_MEMORY_H
#define IRST_CORE_BASE_MEMORY_H

#include "core/base/status.h"

#include <stddef.h>

typedef struct memory_block {
    void *data; /* NULL when empty */
    size_t bytes;
} memory_block;

/* Zeroed; data is a multiple of 64. Zero bytes give an empty block. STATUS_MEMORY says how much was asked for. */
status memory_block_new(size_t bytes, memory_block *out);
void memory_block_free(memory_block *block); /* accepts and leaves an empty block */

#endif
