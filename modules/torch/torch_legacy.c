/* What torch.save wrote before PyTorch 1.6: five pickles one after the other - a magic number, the version 1001, a dict
 * about the machine, the saved object, the list of the storages' keys - and then for each key the number of its
 * elements (64 bits) and the elements, little-endian on every machine. */
#include "modules/torch/torch_container.h"

#include <stdlib.h>
#include <string.h>

/* The pickled magic number: PROTO 2, LONG1 of ten bytes, STOP. */
static const uint8_t magic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
_Static_assert(sizeof magic <= TORCH_HEAD_SIZE, "the head shows all of the magic number");

typedef struct stored {
    const char *key; /* owned by the list of keys */
    const uint8_t *data;
    size_t size;
} stored;

typedef struct legacy {
    torch_container base;
    torch_bytes file;
    size_t position;
    pickle *keys;
    stored *storages; /* by key, once described */
    size_t count;
} legacy;

static bool recognises(const uint8_t head[TORCH_HEAD_SIZE]) {
    return !memcmp(head, magic, sizeof magic);
}

static status open_file(const char *path, torch_container **out) {
    legacy *l = calloc(1, sizeof *l);
    if (!l)
        return status_fail(STATUS_MEMORY, "out of memory to open it");
    l->base.format = &torch_format_legacy;
    l->position = sizeof magic;
    status result = torch_bytes_read(path, &l->file);
    if (result != STATUS_OK) {
        free(l);
        return result;
    }
    *out = &l->base;
    return STATUS_OK;
}

static void close_file(torch_container *c) {
    legacy *l = (legacy *)c;
    pickle_free(l->keys);
    free(l->storages);
    free(l->file.data);
    free(l);
}

static status next_pickle(legacy *l, pickle **out) {
    size_t left = l->file.size - l->position, used;
    if (left > TORCH_DESCRIPTION_LIMIT)
        left = TORCH_DESCRIPTION_LIMIT;
    TRY(pickle_read_first(l->file.data + l->position, left, out, &used));
    l->position += used;
    return STATUS_OK;
}

static status check_version(legacy *l) {
    pickle *p;
    TRY(next_pickle(l, &p));
    const pickle_value *version = pickle_root(p);
    bool known = version->kind == PICKLE_INT && version->integer == 1001;
    pickle_free(p);
    return known ? STATUS_OK : status_fail(STATUS_INPUT, "its version of PyTorch's old format is not 1001");
}

static status skip_pickle(legacy *l) {
    pickle *p;
    TRY(next_pickle(l, &p));
    pickle_free(p);
    return STATUS_OK;
}

static status take_storage(legacy *l, const char *key, torch_type type, stored *out) {
    size_t left = l->file.size - l->position;
    uint64_t count = left >= 8 ? torch_little_endian_64(l->file.data + l->position) : 0, size;
    if (left < 8 || __builtin_mul_overflow(count, torch_type_size(type), &size) || size > left - 8)
        return status_fail(STATUS_INPUT, "cut short: a storage goes on past the end");
    *out = (stored){key, l->file.data + l->position + 8, (size_t)size};
    l->position += 8 + (size_t)size;
    return STATUS_OK;
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const stored *)a)->key, ((const stored *)b)->key);
}

/* The types, which say how many bytes an element has, stand in the description. */
static status find_storages(legacy *l, pickle *description) {
    const pickle_value *keys = pickle_root(l->keys);
    if (keys->kind != PICKLE_LIST)
        return status_fail(STATUS_INPUT, "damaged: no list of storages follows the state dict");
    l->storages = calloc(keys->list.count + 1, sizeof *l->storages);
    if (!l->storages)
        return status_fail(STATUS_MEMORY, "out of memory for %zu storages", keys->list.count);
    for (size_t i = 0; i < keys->list.count; i++) {
        const pickle_value *key = keys->list.items[i];
        const pickle_value *storage = key->kind == PICKLE_TEXT ? pickle_find_storage(description, key->text) : NULL;
        if (!storage)
            return status_fail(STATUS_INPUT,
                               "refused: it lists a storage of no known type, which hides where the others begin");
        TRY(take_storage(l, key->text, storage->storage.type, &l->storages[l->count]));
        l->count++;
    }
    qsort(l->storages, l->count, sizeof *l->storages, by_key);
    return STATUS_OK;
}

static status describe(torch_container *c, pickle **out) {
    legacy *l = (legacy *)c;
    TRY(check_version(l));
    TRY(skip_pickle(l));
    TRY(next_pickle(l, out));
    status result = next_pickle(l, &l->keys);
    if (result == STATUS_OK)
        result = find_storages(l, *out);
    if (result != STATUS_OK) {
        pickle_free(*out);
        *out = NULL;
    }
    return result;
}

static status storage(torch_container *c, const char *key, const void **data, size_t *size) {
    const legacy *l = (const legacy *)c;
    const stored wanted = {.key = key};
    const stored *found = bsearch(&wanted, l->storages, l->count, sizeof *l->storages, by_key);
    if (!found)
        return status_fail(STATUS_INPUT, "damaged: the storage %.60s is missing", key);
    *data = found->data;
    *size = found->size;
    return STATUS_OK;
}

const torch_format torch_format_legacy = {recognises, open_file, close_file, describe, storage};
