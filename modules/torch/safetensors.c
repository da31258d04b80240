/* safetensors: the length of a JSON header (64 bits, little-endian), the header, and the tensors' bytes. The header
 * holds {"name": {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, ..., "__metadata__": {...}} with
 * offsets from the end of the header. It is told as the pickle of a state dict is: each tensor fills a storage that
 * has its name. */
#include "core/io/json_read.h"
#include "modules/torch/torch_container.h"
#include "modules/torch/unpickle_private.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct safetensors {
    torch_container base;
    torch_bytes file;
    size_t start; /* of the tensors' bytes */
    json_t *header;
} safetensors;

static const struct {
    const char *name;
    torch_type type;
} types[] = {{"F64", TORCH_FLOAT64}, {"F32", TORCH_FLOAT32}, {"F16", TORCH_FLOAT16}, {"BF16", TORCH_BFLOAT16},
             {"I64", TORCH_INT64},   {"I32", TORCH_INT32},   {"I16", TORCH_INT16},   {"I8", TORCH_INT8},
             {"U8", TORCH_UINT8},    {"BOOL", TORCH_BOOL}};

/* The format has no magic number; its header begins with a brace and is padded by spaces at its end. */
static bool recognises(const uint8_t head[TORCH_HEAD_SIZE]) {
    return torch_little_endian_64(head) < (uint64_t)1 << 32 && head[8] == '{';
}

static status read_header(const char *path, safetensors *s) {
    TRY(torch_bytes_read(path, &s->file));
    uint64_t length = s->file.size >= 8 ? torch_little_endian_64(s->file.data) : 0;
    if (s->file.size < 8 || length > s->file.size - 8)
        return status_fail(STATUS_INPUT, "cut short: its header goes on past the end");
    if (length > TORCH_DESCRIPTION_LIMIT)
        return status_fail(STATUS_INPUT, "refused: a header of %llu bytes, expected at most %d",
                           (unsigned long long)length, TORCH_DESCRIPTION_LIMIT);
    s->start = 8 + (size_t)length;
    json_error_t error;
    s->header = json_read(s->file.data + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(s->header))
        return status_fail(STATUS_INPUT, "damaged: its header is no JSON object: %s",
                           s->header ? "another value" : error.text);
    return STATUS_OK;
}

static void close_file(torch_container *c) {
    safetensors *s = (safetensors *)c;
    json_decref(s->header);
    free(s->file.data);
    free(s);
}

static status open_file(const char *path, torch_container **out) {
    safetensors *s = calloc(1, sizeof *s);
    if (!s)
        return status_fail(STATUS_MEMORY, "out of memory to open it");
    s->base.format = &torch_format_safetensors;
    status result = read_header(path, s);
    if (result != STATUS_OK) {
        close_file(&s->base);
        return result;
    }
    *out = &s->base;
    return STATUS_OK;
}

/* --- description --- */

static status find_type(const char *name, const json_t *entry, torch_type *out) {
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    for (size_t i = 0; text && i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, text)) {
            *out = types[i].type;
            return STATUS_OK;
        }
    return status_fail(STATUS_INPUT, "refused: %.100s has the type '%.20s', which no network here has", name,
                       text ? text : "");
}

static status add_number(pickle *p, pickle_value *tuple, int64_t number) {
    pickle_value *value = pickle_new(p, PICKLE_INT);
    if (!value)
        return STATUS_INPUT;
    value->integer = number;
    return pickle_append(p, tuple, value);
}

/* Sizes and the strides of a dense, row-major tensor; *count is the number of its elements. */
static status add_shape(pickle *p, const char *name, const json_t *shape, pickle_value *tensor, int64_t *count) {
    pickle_value *size = pickle_new(p, PICKLE_TUPLE), *strides = pickle_new(p, PICKLE_TUPLE);
    if (!size || !strides)
        return STATUS_INPUT;
    *count = 1;
    size_t rank = json_array_size(shape);
    for (size_t i = 0; i < rank; i++) {
        const json_t *side = json_array_get(shape, i);
        if (!json_is_integer(side) || json_integer_value(side) < 0)
            return status_fail(STATUS_INPUT, "damaged: %.100s has an impossible size", name);
        TRY(add_number(p, size, json_integer_value(side)));
    }
    int64_t stride = 1;
    for (size_t i = 0; i < rank; i++) /* the strides of the last axes depend on none before them */
        TRY(add_number(p, strides, 0));
    for (size_t i = rank; i-- > 0;) {
        strides->list.items[i]->integer = stride;
        if (__builtin_mul_overflow(stride, size->list.items[i]->integer, &stride))
            return status_fail(STATUS_INPUT, "damaged: %.100s has an impossible size", name);
    }
    *count = stride;
    tensor->tensor.size = size;
    tensor->tensor.strides = strides;
    return STATUS_OK;
}

static pickle_value *new_text(pickle *p, const char *text) {
    const char *copy = pickle_text(p, text, strlen(text));
    pickle_value *value = copy ? pickle_new(p, PICKLE_TEXT) : NULL;
    if (value)
        value->text = copy;
    return value;
}

static status add_options(pickle *p, json_t *metadata) {
    enum { PREFIX = sizeof TORCH_OPTION_PREFIX - 1 };
    const char *name;
    json_t *text;
    json_object_foreach(metadata, name, text) {
        if (strncmp(name, TORCH_OPTION_PREFIX, PREFIX) != 0 || !json_is_string(text))
            continue;
        pickle_value *key = new_text(p, name + PREFIX), *value = key ? new_text(p, json_string_value(text)) : NULL;
        if (!value)
            return STATUS_INPUT;
        TRY(pickle_append(p, &p->options, key));
        TRY(pickle_append(p, &p->options, value));
    }
    return STATUS_OK;
}

static status add_tensor(pickle *p, const char *name, const json_t *entry, pickle_value *root) {
    torch_type type = TORCH_FLOAT32;
    TRY(find_type(name, entry, &type));
    pickle_value *key = new_text(p, name), *storage = key ? pickle_new(p, PICKLE_STORAGE) : NULL;
    pickle_value *tensor = storage ? pickle_new(p, PICKLE_TENSOR) : NULL;
    if (!tensor)
        return STATUS_INPUT;
    int64_t count;
    TRY(add_shape(p, name, json_object_get(entry, "shape"), tensor, &count));
    storage->storage.type = type;
    storage->storage.key = key->text;
    storage->storage.count = count;
    tensor->tensor.storage = storage;
    TRY(pickle_append(p, root, key));
    return pickle_append(p, root, tensor);
}

static status fill(safetensors *s, pickle *p) {
    p->root = pickle_new(p, PICKLE_DICT);
    if (!p->root)
        return STATUS_INPUT;
    const char *name;
    json_t *entry;
    json_object_foreach(s->header, name, entry) {
        if (strcmp(name, "__metadata__") != 0)
            TRY(add_tensor(p, name, entry, p->root));
    }
    return add_options(p, json_object_get(s->header, "__metadata__"));
}

static status describe(torch_container *c, pickle **out) {
    pickle *p = pickle_make();
    if (!p)
        return STATUS_MEMORY;
    status result = fill((safetensors *)c, p);
    if (result == STATUS_OK)
        *out = p;
    else
        pickle_free(p);
    return result;
}

static status storage(torch_container *c, const char *key, const void **data, size_t *size) {
    const safetensors *s = (const safetensors *)c;
    const json_t *offsets = json_object_get(json_object_get(s->header, key), "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (!json_is_integer(begin) || !json_is_integer(end) || from < 0 || to < from ||
        (uint64_t)to > s->file.size - s->start)
        return status_fail(STATUS_INPUT, "damaged or cut short: %.100s lies outside the file", key);
    *data = s->file.data + s->start + from;
    *size = (size_t)(to - from);
    return STATUS_OK;
}

const torch_format torch_format_safetensors = {recognises, open_file, close_file, describe, storage};
