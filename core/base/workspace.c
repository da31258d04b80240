#include "core/base/workspace.h"

#include <assert.h>
#include <stdint.h>

void workspace_begin(workspace *w) {
    w->used = 0;
    w->outcome = STATUS_OK;
}

void *workspace_take(workspace *w, size_t count, size_t size) {
    assert(w->used < WORKSPACE_PIECES);
    memory_block *piece = &w->pieces[w->used++];
    if (count > SIZE_MAX / size) {
        w->outcome = status_fail(STATUS_MEMORY, "%zu elements of %zu bytes cannot be addressed", count, size);
        return NULL;
    }
    if (count * size > piece->bytes) {
        memory_block_free(piece);
        status got = memory_block_new(count * size, piece);
        w->outcome = w->outcome == STATUS_OK ? got : w->outcome;
    }
    return piece->data;
}

status workspace_check(const workspace *w) {
    return w->outcome;
}

size_t workspace_size(const workspace *w) {
    size_t bytes = 0;
    for (int i = 0; i < WORKSPACE_PIECES; i++)
        bytes += w->pieces[i].bytes;
    return bytes;
}

void workspace_free(workspace *w) {
    for (int i = 0; i < WORKSPACE_PIECES; i++)
        memory_block_free(&w->pieces[i]);
    *w = (workspace){0};
}
