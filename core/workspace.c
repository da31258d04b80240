#include "core/workspace.h"

#include <assert.h>

enum { LINE = 64 }; /* a cache line, and the alignment of a memory_block */

size_t workspace_bytes(size_t count, size_t size) {
    return (count * size + LINE - 1) / LINE * LINE;
}

status workspace_reserve(workspace *w, size_t bytes) {
    w->used = 0;
    if (bytes <= w->block.bytes)
        return STATUS_OK;
    memory_block_free(&w->block);
    return memory_block_new(bytes, &w->block);
}

void *workspace_take(workspace *w, size_t count, size_t size) {
    size_t bytes = workspace_bytes(count, size);
    assert(bytes <= w->block.bytes - w->used);
    void *piece = (char *)w->block.data + w->used;
    w->used += bytes;
    return piece;
}

void workspace_free(workspace *w) {
    memory_block_free(&w->block);
    *w = (workspace){0};
}
