#include "core/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, MAPPED_FROM = 1 << 20 };

/* Pages of a mapping are zero and cost nothing until they are touched; small blocks come from the heap, where
 * AddressSanitizer sees their bounds. */
static int is_mapped(size_t bytes) {
    return bytes >= MAPPED_FROM;
}

status memory_block_new(size_t bytes, memory_block *out) {
    *out = (memory_block){0};
    if (bytes == 0)
        return STATUS_OK;
    if (bytes > SIZE_MAX / 2)
        return status_fail(STATUS_MEMORY, "a block of %zu bytes cannot be addressed", bytes);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *data;
    if (is_mapped(bytes)) {
        data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (data == MAP_FAILED)
            data = NULL;
        else
            madvise(data, bytes, MADV_HUGEPAGE); /* only a wish: failure costs speed, nothing else */
    } else {
        data = aligned_alloc(ALIGNMENT, bytes);
        if (data)
            memset(data, 0, bytes);
    }
    if (!data)
        return status_fail(STATUS_MEMORY, "out of memory: %.1f MiB asked for", (double)bytes / (1 << 20));
    *out = (memory_block){data, bytes};
    return STATUS_OK;
}

void memory_block_free(memory_block *block) {
    if (block->data) {
        if (is_mapped(block->bytes))
            munmap(block->data, block->bytes);
        else
            free(block->data);
    }
    *block = (memory_block){0};
}
