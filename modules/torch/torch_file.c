#include "modules/torch/torch_file.h"

#include "core/io/file_io.h"
#include "modules/torch/torch_container.h"
#include "modules/torch/torch_tensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LIMIT = 255 };

static const torch_format *const formats[] = {&torch_format_zip, &torch_format_legacy, &torch_format_safetensors};

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

static status find_state_dict(const pickle *p, const pickle_value **out) {
    static const char *const wrappers[] = {"state_dict", "model_state_dict", "model", "net"};
    const pickle_value *root = pickle_root(p);
    const char *foreign = pickle_foreign(p);
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
    return status_fail(STATUS_INPUT,
                       "holds no state dict: expected names with tensors, at the top or under \"state_dict\", "
                       "\"model_state_dict\", \"model\" or \"net\"%s%s%s",
                       foreign ? "; what " : "", foreign ? foreign : "", foreign ? " makes is not looked into" : "");
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

/* What wraps a network puts its own name in front of every tensor's: DataParallel, a trainer's class, torch.compile. */
static const char *const wrapper_prefixes[] = {"module.", "model.", "net.", "_orig_mod."};
enum { WRAPPER_PREFIXES = sizeof wrapper_prefixes / sizeof *wrapper_prefixes };

static bool all_begin_with(const torch_file *file, const char *prefix) {
    size_t length = strlen(prefix);
    for (int i = 0; i < file->count; i++)
        if (strncmp(file->tensors[i].name, prefix, length) != 0 || !file->tensors[i].name[length])
            return false;
    return file->count > 0;
}

static void strip_wrappers(torch_file *file) {
    for (int k = 0; k < WRAPPER_PREFIXES; k++)
        if (all_begin_with(file, wrapper_prefixes[k])) {
            for (int i = 0; i < file->count; i++)
                file->tensors[i].name += strlen(wrapper_prefixes[k]);
            k = -1; /* from the start: they come in any order, any number of times */
        }
}

/* The profiler "thop" leaves counters in every layer that it has looked at. */
static bool is_profile(const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    return !strcmp(last, "total_ops") || !strcmp(last, "total_params");
}

/* Fills file->tensors, without data, and sources (as many). */
static status describe_all(const pickle_value *dict, torch_file *file, source *sources) {
    int64_t total = 0;
    for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
        const pickle_value *key = dict->list.items[i], *value = dict->list.items[i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_TENSOR || is_profile(key->text))
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
    strip_wrappers(file);
    qsort(sources, (size_t)file->count, sizeof *sources, by_name);
    for (int i = 1; i < file->count; i++)
        if (!by_name(&sources[i - 1], &sources[i]))
            return status_fail(STATUS_INPUT, "damaged: two tensors are called %s", sources[i].tensor->name);
    return STATUS_OK;
}

/* --- data --- */

static status fill_from(const source *s, const void *data, size_t size, bool big_endian) {
    const pickle_value *storage = s->value->tensor.storage;
    uint64_t expected;
    if (__builtin_mul_overflow((uint64_t)storage->storage.count, torch_type_size(storage->storage.type), &expected) ||
        expected != size)
        return status_fail(STATUS_INPUT, "damaged: its storage %.60s has %zu bytes, expected %lld elements of %s",
                           storage->storage.key, size, (long long)storage->storage.count,
                           torch_type_name(storage->storage.type));
    return torch_tensor_fill(s->tensor, s->value, data, big_endian);
}

/* Sorted by storage, each storage is read once and kept no longer than needed. */
static status fill_all(torch_container *c, source *sources, int count) {
    qsort(sources, (size_t)count, sizeof *sources, by_storage);
    for (int i = 0; i < count;) {
        const void *data;
        size_t size;
        int first = i;
        TRY(c->format->storage(c, sources[i].value->tensor.storage->storage.key, &data, &size));
        for (; i < count && !by_storage(&sources[first], &sources[i]); i++)
            TRY(fill_from(&sources[i], data, size, c->big_endian));
    }
    return STATUS_OK;
}

static status read_tensors(torch_container *c, torch_file *out) {
    TRY(c->format->describe(c, &out->names));
    TRY(find_state_dict(out->names, &out->dict));
    size_t count = (size_t)tensor_count(out->dict);
    out->tensors = calloc(count, sizeof *out->tensors);
    source *sources = calloc(count, sizeof *sources);
    status result = out->tensors && sources ? describe_all(out->dict, out, sources)
                                            : status_fail(STATUS_MEMORY, "out of memory for %zu tensors", count);
    if (result == STATUS_OK)
        result = fill_all(c, sources, out->count);
    free(sources);
    return result;
}

const char *torch_file_maker(const torch_file *file, const char *name) {
    for (size_t i = 0; i + 1 < file->dict->list.count; i += 2) {
        const pickle_value *key = file->dict->list.items[i], *value = file->dict->list.items[i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_OPAQUE || !value->text)
            continue;
        size_t length = strlen(key->text), wanted = strlen(name);
        const char *end = length >= wanted ? key->text + length - wanted : "";
        if (!strcmp(end, name) && (end == key->text || end[-1] == '.'))
            return value->text;
    }
    return NULL;
}

/* --- formats --- */

static status read_head(const char *path, uint8_t head[TORCH_HEAD_SIZE]) {
    memset(head, 0, TORCH_HEAD_SIZE);
    if (path_is_folder(path))
        return status_fail(STATUS_INPUT, "is a folder; expected a PyTorch checkpoint");
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "cannot be opened: %s", strerror(errno));
    bool failed = fread(head, 1, TORCH_HEAD_SIZE, stream) < TORCH_HEAD_SIZE && ferror(stream);
    fclose(stream);
    return failed ? status_fail(STATUS_INPUT, "cannot be read") : STATUS_OK;
}

static const torch_format *format_of(const uint8_t head[TORCH_HEAD_SIZE]) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->recognises(head))
            return formats[i];
    return NULL;
}

bool torch_file_recognises(const char *path) {
    uint8_t head[TORCH_HEAD_SIZE];
    return read_head(path, head) == STATUS_OK && format_of(head);
}

static status read_file(const char *path, torch_file *out) {
    uint8_t head[TORCH_HEAD_SIZE];
    TRY(read_head(path, head));
    const torch_format *format = format_of(head);
    if (!format)
        return status_fail(STATUS_INPUT,
                           "not a PyTorch checkpoint: expected a file that torch.save wrote, or safetensors");
    torch_container *c = NULL;
    TRY(format->open(path, &c));
    status result = read_tensors(c, out);
    format->close(c);
    return result;
}

status torch_file_read(const char *path, torch_file *out) {
    *out = (torch_file){0};
    status result = read_file(path, out);
    if (result == STATUS_OK)
        return STATUS_OK;
    torch_file_free(out);
    return status_prefix(result, "%s", path);
}
