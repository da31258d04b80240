/* Memory of a computation that is repeated: taken piece by piece, kept for the next time. */
#ifndef IRST_CORE_WORKSPACE_H
#define IRST_CORE_WORKSPACE_H

#include "core/memory.h"

typedef struct workspace {
    memory_block block;
    size_t used; /* bytes handed out */
} workspace;

/* Bytes that a piece of `count` elements of `size` bytes occupies: sums of these are what to reserve. */
size_t workspace_bytes(size_t count, size_t size);

/* Makes room for `bytes`; everything taken before is gone. */
status workspace_reserve(workspace *w, size_t bytes);

/* The next piece, aligned for vectors, with whatever it held before. It must fit: asking for more than was reserved is
 * a programming error (assert). */
void *workspace_take(workspace *w, size_t count, size_t size);

void workspace_free(workspace *w); /* accepts a zeroed struct */

#endif
