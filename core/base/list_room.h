/* Lists that grow item by item and need no field for their room: it is the next power of two, so that a list is full at
 * each of them.
 *
 * Thread rule: any thread at any time, on different lists. */
#ifndef IRST_CORE_BASE_LIST_ROOM_H
#define IRST_CORE_BASE_LIST_ROOM_H

#include <stdlib.h>

/* The items of a list of `count` >= 0, each of `size` bytes, with room for one more; they may have moved. NULL if
 * memory is out: then they are where they were. A list that only grows so is freed with free. */
static inline void *list_room(void *items, int count, size_t size) {
    if (count & (count - 1))
        return items;
    return realloc(items, (count ? 2 * (size_t)count : 1) * size);
}

#endif
