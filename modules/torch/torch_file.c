#include "modules/torch/torch_file.h"

#include "modules/torch/torch_tensor.h"
#include "modules/torch/torch_zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICKLE_SIZE_LIMIT = 16 << 20, NAME_LIMIT = 255, KEY_LIMIT = 127 };

void torch_file_free(torch_file *file) {
    for (int i = 0; i < file->count; i++) {
        free(file->tensors[i].real);
        free(file->tensors[i].integer);
    }
    free(file->tensors);
    pickle_free(file->names);
    *file = (torch_file){0};
}

/* --- which dict, which names --- */

static int tensor_count(const pickle_value *dict) {
    int count = 0;
    for (size_t i = 0; i + 1 < dict->list.count; i += 2)
        count += dict->list.items[i]->kind == PICKLE_TEXT && dict->list.items[i + 1]->kind == PICKLE_TENSOR;
    return count;
}

static status find_state_dict(const pickle_value *root, const pickle_value **out) {
    static const char *const wrappers[] = {"state_dict", "model_state_dict", "model", "net"};
    if (root->kind == PICKLE_DICT) {
        for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
            *out = pickle_dict_find(root, wrappers[i]);
            if (*out && (*out)->kind == PICKLE_DICT && tensor_count(*out) > 0)
                return STATUS_OK;
        }
        *out = root;
        if (tensor_count(root) > 0)
            return STATUS_OK;
    }
    return status_fail(STATUS_INPUT, "holds no state dict: expected names with tensors, at the top or under "
                                     "\"state_dict\", \"model_state_dict\", \"model\" or \"net\"");
}

static status check_name(const char *name) {
    size_t length = strlen(name);
    bool good = length > 0 && length <= NAME_LIMIT;
    for (size_t i = 0; good && i < length; i++)
        good = name[i] > ' ' && name[i] < 127;
    return good ? STATUS_OK
                : status_fail(STATUS_INPUT,
                              "refused: a tensor whose name is empty, longer than %d bytes or not "
                              "printable",
                              NAME_LIMIT);
}

/* Where each tensor came from, beside its description. */
typedef struct source {
    torch_tensor *tensor;
    const pickle_value *value;
} source;

static int by_name(const void *a, const void *b) {
    return strcmp(((const source *)a)->tensor->name, ((const source *)b)->tensor->name);
}

static int by_storage(const void *a, const void *b) {
    return strcmp(((const source *)a)->value->tensor.storage->storage.key,
                  ((const source *)b)->value->tensor.storage->storage.key);
}

static void strip_module(torch_file *file) {
    static const char prefix[] = "module.";
    size_t length = sizeof prefix - 1;
    for (int i = 0; i < file->count; i++)
        if (strncmp(file->tensors[i].name, prefix, length) != 0 || !file->tensors[i].name[length])
            return;
    for (int i = 0; i < file->count; i++)
        file->tensors[i].name += length;
}

/* Fills file->tensors, without data, and sources (as many). */
static status describe_all(const pickle_value *dict, torch_file *file, source *sources) {
    int64_t total = 0;
    for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
        const pickle_value *key = dict->list.items[i], *value = dict->list.items[i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_TENSOR)
            continue;
        TRY(check_name(key->text));
        torch_tensor *t = &file->tensors[file->count];
        TRY(torch_tensor_describe(key->text, value, t));
        sources[file->count++] = (source){t, value};
        total += (int64_t)t->count;
        if (total > TORCH_ELEMENT_LIMIT)
            return status_fail(STATUS_INPUT, "refused: its tensors have more than %lld elements together",
                               (long long)TORCH_ELEMENT_LIMIT);
    }
    strip_module(file);
    qsort(sources, (size_t)file->count, sizeof *sources, by_name);
    for (int i = 1; i < file->count; i++)
        if (!by_name(&sources[i - 1], &sources[i]))
            return status_fail(STATUS_INPUT, "damaged: two tensors are called %s", sources[i].tensor->name);
    return STATUS_OK;
}

/* --- data --- */

static status read_byte_order(const torch_zip *z, bool *big_endian) {
    *big_endian = false; /* older files do not say; they come from little-endian machines */
    if (!torch_zip_has(z, "byteorder"))
        return STATUS_OK;
    void *text;
    size_t size;
    TRY(torch_zip_read(z, "byteorder", 16, &text, &size));
    *big_endian = !strcmp(text, "big");
    bool known = *big_endian || !strcmp(text, "little");
    free(text);
    return known ? STATUS_OK
                 : status_fail(STATUS_INPUT, "damaged: its entry byteorder is neither \"little\" nor \"big\"");
}

static status read_storage(const torch_zip *z, const char *key, void **data, size_t *size) {
    char entry[8 + KEY_LIMIT];
    bool plain = strlen(key) > 0 && strlen(key) <= KEY_LIMIT;
    for (const char *c = key; plain && *c; c++)
        plain = *c > ' ' && *c < 127;
    if (!plain)
        return status_fail(STATUS_INPUT, "damaged: a storage without a proper name");
    snprintf(entry, sizeof entry, "data/%s", key);
    return torch_zip_read(z, entry, UINT64_MAX, data, size);
}

static status fill_from(const source *s, const void *data, size_t size, bool big_endian) {
    const pickle_value *storage = s->value->tensor.storage;
    uint64_t expected;
    if (__builtin_mul_overflow((uint64_t)storage->storage.count, torch_type_size(storage->storage.type), &expected) ||
        expected != size)
        return status_fail(STATUS_INPUT, "damaged: its entry data/%s has %zu bytes, expected %lld elements of %s",
                           storage->storage.key, size, (long long)storage->storage.count,
                           torch_type_name(storage->storage.type));
    return torch_tensor_fill(s->tensor, s->value, data, big_endian);
}

/* Sorted by storage, each storage is read once and kept no longer than needed. */
static status fill_all(const torch_zip *z, source *sources, int count) {
    bool big_endian;
    TRY(read_byte_order(z, &big_endian));
    qsort(sources, (size_t)count, sizeof *sources, by_storage);
    status result = STATUS_OK;
    for (int i = 0; i < count && result == STATUS_OK;) {
        void *data;
        size_t size;
        TRY(read_storage(z, sources[i].value->tensor.storage->storage.key, &data, &size));
        int first = i;
        for (; i < count && result == STATUS_OK && !by_storage(&sources[first], &sources[i]); i++)
            result = fill_from(&sources[i], data, size, big_endian);
        free(data);
    }
    return result;
}

static status read_pickle(const torch_zip *z, pickle **out) {
    void *data;
    size_t size;
    TRY(torch_zip_read(z, "data.pkl", PICKLE_SIZE_LIMIT, &data, &size));
    status result = pickle_read(data, size, out);
    free(data);
    return result;
}

static status read_tensors(const torch_zip *z, torch_file *out) {
    const pickle_value *dict = NULL;
    TRY(read_pickle(z, &out->names));
    TRY(find_state_dict(pickle_root(out->names), &dict));
    size_t count = (size_t)tensor_count(dict);
    out->tensors = calloc(count, sizeof *out->tensors);
    source *sources = calloc(count, sizeof *sources);
    status result = out->tensors && sources ? describe_all(dict, out, sources)
                                            : status_fail(STATUS_MEMORY, "out of memory for %zu tensors", count);
    if (result == STATUS_OK)
        result = fill_all(z, sources, out->count);
    free(sources);
    return result;
}

status torch_file_read(const char *path, torch_file *out) {
    *out = (torch_file){0};
    torch_zip *z;
    TRY(torch_zip_open(path, &z));
    status result = read_tensors(z, out);
    torch_zip_close(z);
    if (result != STATUS_OK) {
        torch_file_free(out);
        status_prefix(result, "%s", path);
    }
    return result;
}
