/* Memory of a computation that is repeated: the pieces taken the first time serve again the next time.
 *
 * Thread rule: one thread at a time for each workspace; different ones at once. */
#ifndef IRST_CORE_BASE_WORKSPACE_H
#define IRST_CORE_BASE_WORKSPACE_H

#include "core/base/memory.h"

enum { WORKSPACE_PIECES = 48 };

/* Zeroed at the start; free with workspace_free. */
typedef struct workspace {
    memory_block pieces[WORKSPACE_PIECES];
    int used;
    status outcome;
} workspace;

/* All pieces are free again: for the next time. */
void workspace_begin(workspace *w);

/* The next piece: room for `count` elements of `size` bytes, aligned for vectors, holding anything. Not larger than the
 * last time, it is the same memory. NULL if memory is out: check once, after the last piece was taken. More than
 * WORKSPACE_PIECES is a programming error (assert). */
void *workspace_take(workspace *w, size_t count, size_t size);

/* STATUS_MEMORY if one of the pieces could not be had. */
status workspace_check(const workspace *w);

size_t workspace_size(const workspace *w); /* bytes held */

void workspace_free(workspace *w);

#endif
