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

/* --- which dict --- */

/* No further than that is a name looked at: a text may have megabytes, and a million keys may be that one text. */
static bool is_long(const char *name) {
    return strnlen(name, NAME_LIMIT + 1) > NAME_LIMIT;
}

static bool is_printable(const char *name) {
    size_t length = strnlen(name, NAME_LIMIT + 1);
    bool good = length > 0 && length <= NAME_LIMIT;
    for (size_t i = 0; good && i < length; i++)
        good = name[i] > ' ' && name[i] < 127;
    return good;
}

/* Of a value that is no dict 0. */
static int tensor_count(const pickle_value *dict) {
    int count = 0;
    for (size_t i = 0; dict->kind == PICKLE_DICT && i + 1 < dict->list.count; i += 2)
        count += dict->list.items[i]->kind == PICKLE_TEXT && dict->list.items[i + 1]->kind == PICKLE_TENSOR;
    return count;
}

/* Tensors under the key i of the root. Many keys may name the same large dict, so only the first of them are asked. */
static int tensors_at(const pickle_value *root, size_t i) {
    enum { ASKED = 64 };
    const pickle_value *key = root->list.items[2 * i];
    return i < ASKED && key->kind == PICKLE_TEXT && is_printable(key->text) ? tensor_count(root->list.items[2 * i + 1])
                                                                            : 0;
}

/* The dict in the root with the most tensors, more than stand in the root itself. Others may have some, figures say,
 * but not half as many: which one is meant then? */
static status find_fullest(const pickle_value *root, torch_file *out) {
    int most = tensor_count(root), rivals = 0;
    size_t keys = root->list.count / 2, used = 0;
    char names[256] = "";
    for (size_t i = 0; i < keys; i++)
        if (tensors_at(root, i) > most) {
            most = tensors_at(root, i);
            out->key = root->list.items[2 * i]->text;
            out->dict = root->list.items[2 * i + 1];
        }
    for (size_t i = 0; out->key && i < keys; i++)
        if (2 * tensors_at(root, i) >= most) {
            if (used < sizeof names)
                used += (size_t)snprintf(names + used, sizeof names - used, "%s\"%.40s\"", rivals ? ", " : "",
                                         root->list.items[2 * i]->text);
            rivals++;
        }
    return rivals < 2 ? STATUS_OK
                      : status_fail(STATUS_INPUT,
                                    "holds %d state dicts, under %s; expected one, or that of the network "
                                    "under \"state_dict\", \"model_state_dict\", \"model\" or \"net\"",
                                    rivals, names);
}

/* Sets out->dict, and key where it is none of the usual ones. */
static status find_state_dict(const pickle *p, torch_file *out) {
    static const char *const wrappers[] = {"state_dict", "model_state_dict", "model", "net"};
    const pickle_value *root = pickle_root(p);
    const char *foreign = pickle_foreign(p);
    out->dict = root;
    for (size_t i = 0; root->kind == PICKLE_DICT && i < sizeof wrappers / sizeof *wrappers; i++) {
        const pickle_value *dict = pickle_dict_find(root, wrappers[i]);
        if (!dict || tensor_count(dict) == 0)
            continue;
        out->dict = dict;
        return STATUS_OK;
    }
    if (root->kind == PICKLE_DICT)
        TRY(find_fullest(root, out));
    if (tensor_count(out->dict) > 0)
        return STATUS_OK;
    return status_fail(STATUS_INPUT,
                       "holds no state dict: expected names with tensors, at the top or under one key%s%s%s",
                       foreign ? "; what " : "", foreign ? foreign : "", foreign ? " makes is not looked into" : "");
}

/* --- which names --- */

/* One tensor of the state dict. */
typedef struct source {
    const char *name;
    const pickle_value *value;
    torch_tensor *tensor;
} source;

static int by_name(const void *a, const void *b) {
    return strcmp(((const source *)a)->name, ((const source *)b)->name);
}

static int by_storage(const void *a, const void *b) {
    return strcmp(((const source *)a)->value->tensor.storage->storage.key,
                  ((const source *)b)->value->tensor.storage->storage.key);
}

/* The profiler "thop" leaves counters in every layer that it has looked at, and PyTorch's averaged models count, too.
 */
static bool is_counter(const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    return !strcmp(last, "total_ops") || !strcmp(last, "total_params") || !strcmp(last, "n_averaged");
}

static status refuse_name(void) {
    return status_fail(STATUS_INPUT, "refused: a tensor whose name is empty, longer than %d bytes or not printable",
                       NAME_LIMIT);
}

static status gather(const pickle_value *dict, source *sources, int *count) {
    for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
        const pickle_value *key = dict->list.items[i], *value = dict->list.items[i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_TENSOR)
            continue;
        if (is_long(key->text))
            return refuse_name();
        if (!is_counter(key->text))
            sources[(*count)++] = (source){.name = key->text, .value = value};
    }
    return STATUS_OK;
}

/* What wraps a network puts its own name in front of every tensor's: DataParallel, a trainer's class, torch.compile. */
static const char *const wrapper_prefixes[] = {"module.", "model.", "net.", "network.", "_orig_mod."};
enum { WRAPPER_PREFIXES = sizeof wrapper_prefixes / sizeof *wrapper_prefixes };

static bool begins_with(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    return !strncmp(name, prefix, length) && name[length];
}

/* A trainer may have tensors of its own beside the network's: they lack the prefix that most have. */
static bool most_begin_with(const source *sources, int count, const char *prefix) {
    int found = 0;
    for (int i = 0; i < count; i++)
        found += begins_with(sources[i].name, prefix);
    return found > count / 2;
}

/* Takes the prefix off, and leaves out the tensors without it. */
static void strip(source *sources, torch_file *file, const char *prefix) {
    int kept = 0;
    for (int i = 0; i < file->count; i++)
        if (begins_with(sources[i].name, prefix)) {
            sources[kept] = sources[i];
            sources[kept++].name += strlen(prefix);
        } else if (file->outside++ == 0) {
            file->first_outside = is_printable(sources[i].name) ? sources[i].name : "?";
        }
    file->count = kept;
}

static void strip_wrappers(source *sources, torch_file *file) {
    for (int k = 0; k < WRAPPER_PREFIXES; k++)
        if (most_begin_with(sources, file->count, wrapper_prefixes[k])) {
            strip(sources, file, wrapper_prefixes[k]);
            k = -1; /* from the start: they come in any order, any number of times */
        }
}

/* Fills file->tensors, without data, and sources (as many). */
static status describe_all(torch_file *file, source *sources) {
    int64_t total = 0;
    TRY(gather(file->dict, sources, &file->count));
    strip_wrappers(sources, file);
    for (int i = 0; i < file->count; i++) {
        if (!is_printable(sources[i].name))
            return refuse_name();
        sources[i].tensor = &file->tensors[i];
        TRY(torch_tensor_describe(sources[i].name, sources[i].value, sources[i].tensor));
        total += (int64_t)sources[i].tensor->count;
        if (total > TORCH_ELEMENT_LIMIT)
            return status_fail(STATUS_INPUT, "refused: its tensors have more than %lld elements together",
                               (long long)TORCH_ELEMENT_LIMIT);
    }
    qsort(sources, (size_t)file->count, sizeof *sources, by_name);
    for (int i = 1; i < file->count; i++)
        if (!by_name(&sources[i - 1], &sources[i]))
            return status_fail(STATUS_INPUT, "damaged: two tensors are called %s", sources[i].name);
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
    TRY(find_state_dict(out->names, out));
    size_t count = (size_t)tensor_count(out->dict);
    out->tensors = calloc(count, sizeof *out->tensors);
    source *sources = calloc(count, sizeof *sources);
    status result = out->tensors && sources ? describe_all(out, sources)
                                            : status_fail(STATUS_MEMORY, "out of memory for %zu tensors", count);
    if (result == STATUS_OK)
        result = fill_all(c, sources, out->count);
    free(sources);
    return result;
}

const char *torch_file_maker(const torch_file *file, const char *name) {
    for (size_t i = 0; i + 1 < file->dict->list.count; i += 2) {
        const pickle_value *key = file->dict->list.items[i], *value = file->dict->list.items[i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_OPAQUE || !value->text || is_long(key->text))
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

static status describe_safetensors(const char *path, pickle **out) {
    torch_container *c = NULL;
    TRY(torch_format_safetensors.open(path, &c));
    status result = torch_format_safetensors.describe(c, out);
    torch_format_safetensors.close(c);
    return result;
}

status torch_file_read_metadata(const char *path, pickle **out) {
    uint8_t head[TORCH_HEAD_SIZE];
    *out = NULL;
    status result = read_head(path, head);
    if (result == STATUS_OK && format_of(head) == &torch_format_safetensors)
        result = describe_safetensors(path, out);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
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
