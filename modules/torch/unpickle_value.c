/* The values that a pickle makes, and their memory. */
#include "modules/torch/unpickle_private.h"

#include <stdlib.h>
#include <string.h>

/* One allocation; each has its own, so that a sanitizer sees where it ends. */
struct pickle_block {
    struct pickle_block *next;
    max_align_t memory[];
};

/* Memory, zeroed, that lives as long as the pickle; NULL with a message if it or the limit is exhausted. */
static void *allocate(pickle *p, size_t size) {
    size += sizeof(struct pickle_block); /* no caller comes near SIZE_MAX: sizes stem from bytes in memory */
    if (size > PICKLE_MEMORY_LIMIT - p->used) {
        status_fail(STATUS_INPUT, "refused: its values take more than %d MiB", PICKLE_MEMORY_LIMIT >> 20);
        return NULL;
    }
    struct pickle_block *block = calloc(1, size);
    if (!block) {
        status_fail(STATUS_MEMORY, "out of memory for its values");
        return NULL;
    }
    p->used += size;
    block->next = p->blocks;
    p->blocks = block;
    return block->memory;
}

pickle *pickle_make(void) {
    pickle *p = calloc(1, sizeof *p);
    if (!p)
        status_fail(STATUS_MEMORY, "out of memory to read a checkpoint");
    return p;
}

pickle_value *pickle_new(pickle *p, pickle_kind kind) {
    pickle_value *value = allocate(p, sizeof *value);
    if (value)
        value->kind = kind;
    return value;
}

const char *pickle_text(pickle *p, const void *data, size_t size) {
    if (memchr(data, 0, size)) {
        status_fail(STATUS_INPUT, "refused: a text with a zero byte in it");
        return NULL;
    }
    char *text = allocate(p, size + 1);
    if (text)
        memcpy(text, data, size);
    return text;
}

/* The outgrown array stays until the pickle is freed; doubling keeps the waste below the array's own size. */
status pickle_append(pickle *p, pickle_value *list, pickle_value *item) {
    if (list->list.count == list->list.capacity) {
        size_t capacity = list->list.capacity ? 2 * list->list.capacity : 4;
        pickle_value **items = allocate(p, capacity * sizeof(pickle_value *));
        if (!items)
            return STATUS_INPUT;
        if (list->list.count)
            memcpy(items, list->list.items, list->list.count * sizeof(pickle_value *));
        list->list.items = items;
        list->list.capacity = capacity;
    }
    list->list.items[list->list.count++] = item;
    return STATUS_OK;
}

void pickle_free(pickle *p) {
    if (!p)
        return;
    while (p->blocks) {
        struct pickle_block *next = p->blocks->next;
        free(p->blocks);
        p->blocks = next;
    }
    free(p);
}

const pickle_value *pickle_root(const pickle *p) {
    return p->root;
}

const char *pickle_foreign(const pickle *p) {
    return p->foreign;
}

const pickle_value *pickle_dict_find(const pickle_value *dict, const char *key) {
    for (size_t i = dict->list.count; i >= 2; i -= 2) {
        const pickle_value *candidate = dict->list.items[i - 2];
        if (candidate->kind == PICKLE_TEXT && !strcmp(candidate->text, key))
            return dict->list.items[i - 1];
    }
    return NULL;
}

const char *pickle_option(const pickle *p, const char *key) {
    const pickle_value *value = pickle_dict_find(&p->options, key);
    return value ? value->text : NULL;
}

static int by_key(const void *a, const void *b) {
    const pickle_value *const *x = a, *const *y = b;
    return strcmp((*x)->storage.key, (*y)->storage.key);
}

const pickle_value *pickle_find_storage(pickle *p, const char *key) {
    pickle_value **storages = p->storages.list.items;
    size_t count = p->storages.list.count;
    if (!p->sorted && count > 0)
        qsort(storages, count, sizeof(pickle_value *), by_key);
    p->sorted = true;
    const pickle_value wanted = {.storage.key = key}, *wanted_place = &wanted;
    pickle_value *const *found = count ? bsearch(&wanted_place, storages, count, sizeof(pickle_value *), by_key) : NULL;
    return found ? *found : NULL;
}
