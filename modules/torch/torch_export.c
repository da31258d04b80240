#include "modules/torch/torch_export.h"

#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "modules/torch/torch_container.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTE_ORDER_NAME "big"
#else
#define BYTE_ORDER_NAME "little"
#endif

/* --- the pickle: opcodes of protocol 2, without the memory that saves repetitions --- */

static void put_text(FILE *stream, const char *text) {
    size_t length = strlen(text);
    fputc('X', stream); /* BINUNICODE */
    for (int i = 0; i < 4; i++)
        fputc((int)(length >> (8 * i) & 255), stream);
    fputs(text, stream);
}

static void put_number(FILE *stream, int64_t number) {
    fputc('J', stream); /* BININT */
    for (int i = 0; i < 4; i++)
        fputc((int)((uint64_t)number >> (8 * i) & 255), stream);
}

static void put_global(FILE *stream, const char *module, const char *name) {
    fprintf(stream, "c%s\n%s\n", module, name);
}

static void put_empty_dict(FILE *stream) {
    put_global(stream, "collections", "OrderedDict");
    fputs(")R", stream); /* called with an empty tuple */
}

/* (numbers) */
static void put_numbers(FILE *stream, int count, const int64_t *numbers) {
    fputc('(', stream);
    for (int i = 0; i < count; i++)
        put_number(stream, numbers[i]);
    fputc('t', stream);
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks), the storage by its persistent id. */
static void put_tensor(FILE *stream, const parameter *p, int index) {
    char key[16];
    int64_t shape[4], strides[4], step = 1;
    snprintf(key, sizeof key, "%d", index);
    for (int i = p->rank - 1; i >= 0; i--) {
        shape[i] = p->shape[i];
        strides[i] = step;
        step *= p->shape[i];
    }
    put_global(stream, "torch._utils", "_rebuild_tensor_v2");
    fputs("((", stream);
    put_text(stream, "storage");
    put_global(stream, "torch", p->kind == PARAMETER_COUNTER ? "LongStorage" : "FloatStorage");
    put_text(stream, key);
    put_text(stream, "cpu");
    put_number(stream, (int64_t)p->count);
    fputs("tQ", stream);
    put_number(stream, 0);
    put_numbers(stream, p->rank, shape);
    put_numbers(stream, p->rank, strides);
    fputs("\x89", stream); /* False */
    put_empty_dict(stream);
    fputs("tR", stream);
}

static void put_state_dict(FILE *stream, const parameter_set *set) {
    fputs("\x80\x02", stream); /* protocol 2 */
    put_empty_dict(stream);
    fputc('(', stream);
    for (int i = 0; i < set->count; i++) {
        put_text(stream, set->items[i]->name);
        put_tensor(stream, set->items[i], i);
    }
    fputs("u.", stream); /* all pairs into the dict, and that is it */
}

/* --- the bytes of a tensor --- */

static size_t bytes_of(const parameter *p) {
    return p->count * (p->kind == PARAMETER_COUNTER ? sizeof(int64_t) : sizeof(float));
}

static void copy_values(const parameter *p, void *out) {
    if (p->kind != PARAMETER_COUNTER) {
        memcpy(out, p->value, bytes_of(p));
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        int64_t value = (int64_t)p->value[i];
        memcpy((char *)out + i * sizeof value, &value, sizeof value); /* at any address */
    }
}

/* --- the zip file --- */

/* Stored as it is; `data` is freed by the archive, now if it fails. */
static status add_entry(zip_t *archive, const char *name, void *data, size_t size) {
    zip_source_t *source = data ? zip_source_buffer(archive, data, size, 1) : NULL;
    if (!source) {
        free(data);
        return status_fail(STATUS_MEMORY, "out of memory for %zu bytes", size);
    }
    zip_int64_t index = zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return status_fail(STATUS_OUTPUT, "%s: %s", name, zip_strerror(archive));
    }
    zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0);
    zip_file_set_mtime(archive, (zip_uint64_t)index, (time_t)315532800, 0); /* 1980: the same file every time */
    return STATUS_OK;
}

static status add_text(zip_t *archive, const char *name, const char *text) {
    return add_entry(archive, name, strdup(text), strlen(text));
}

static status add_description(zip_t *archive, const parameter_set *set) {
    text_buffer b = {0};
    TRY(text_buffer_begin(&b));
    put_state_dict(b.stream, set);
    status result = text_buffer_end(&b);
    void *copy = result == STATUS_OK ? malloc(b.size) : NULL;
    if (copy)
        memcpy(copy, b.text, b.size);
    if (result == STATUS_OK)
        result = add_entry(archive, "archive/data.pkl", copy, b.size);
    text_buffer_free(&b);
    return result;
}

static status fill_archive(zip_t *archive, const parameter_set *set) {
    TRY(add_description(archive, set));
    TRY(add_text(archive, "archive/byteorder", BYTE_ORDER_NAME));
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        char name[64];
        void *values = malloc(bytes_of(p));
        if (values)
            copy_values(p, values);
        snprintf(name, sizeof name, "archive/data/%d", i);
        TRY(add_entry(archive, name, values, bytes_of(p)));
    }
    return add_text(archive, "archive/version", "3\n");
}

static status write_archive(const parameter_set *set, const char *path) {
    int code = 0;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!archive)
        return status_fail(STATUS_OUTPUT, "cannot be written (libzip's error %d)", code);
    status result = fill_archive(archive, set);
    if (result == STATUS_OK && zip_close(archive) == 0)
        return STATUS_OK;
    if (result == STATUS_OK)
        result = status_fail(STATUS_OUTPUT, "cannot be written: %s", zip_strerror(archive));
    zip_discard(archive);
    return result;
}

status torch_export(const parameter_set *set, const char *path) {
    atomic_file file;
    TRY(atomic_file_begin(path, &file));
    status result = write_archive(set, file.temporary);
    if (result == STATUS_OK)
        return atomic_file_commit(&file);
    atomic_file_abandon(&file);
    return status_prefix(result, "%s", path);
}

/* --- safetensors --- */

static void put_json_text(FILE *stream, const char *text) {
    for (; *text; text++)
        fprintf(stream, *text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? "\\u%04x" : "%c", *text);
}

/* {"__metadata__": {"format": "pt", "irst.model.KEY": "VALUE", ..}. No value of an option has quotes. */
static void put_metadata(FILE *stream, const detector *d, const torch_note *notes, int note_count) {
    const config_key *keys;
    int count;
    fputs("{\"__metadata__\":{\"format\":\"pt\"", stream);
    bool has_options = d && detector_method_options(detector_name(d), &keys, &count) == STATUS_OK;
    for (int i = 0; has_options && i < count; i++)
        fprintf(stream, ",\"" TORCH_OPTION_PREFIX "%s\":\"%s\"", keys[i].name, detector_option(d, keys[i].name));
    for (int i = 0; i < note_count; i++) {
        fprintf(stream, ",\"" TORCH_OPTION_PREFIX "%s\":\"", notes[i].key);
        put_json_text(stream, notes[i].value);
        fputc('"', stream);
    }
    fputc('}', stream);
}

/* , "NAME": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..}; names are printable ASCII without
 * quotes. */
static void put_tensors(FILE *stream, const parameter_set *set) {
    size_t begin = 0;
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        fprintf(stream, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", p->name, p->kind == PARAMETER_COUNTER ? "I64" : "F32");
        for (int k = 0; k < p->rank; k++)
            fprintf(stream, "%s%d", k ? "," : "", p->shape[k]);
        fprintf(stream, "],\"data_offsets\":[%zu,%zu]}", begin, begin + bytes_of(p));
        begin += bytes_of(p);
    }
    fputc('}', stream);
}

static status write_tensors(const parameter_set *set, const text_buffer *header, const char *path) {
    size_t length = (header->size + 7) / 8 * 8, size = 8 + length; /* tensors begin at a multiple of 8 */
    for (int i = 0; i < set->count; i++)
        size += bytes_of(set->items[i]);
    unsigned char *whole = malloc(size), *next = whole;
    if (!whole)
        return status_fail(STATUS_MEMORY, "%s: out of memory for %zu bytes", path, size);
    for (int i = 0; i < 8; i++)
        *next++ = (unsigned char)(length >> (8 * i) & 255);
    memset(next, ' ', length);
    memcpy(next, header->text, header->size);
    next += length;
    for (int i = 0; i < set->count; i++) {
        copy_values(set->items[i], next);
        next += bytes_of(set->items[i]);
    }
    status result = file_write(path, whole, size);
    free(whole);
    return result;
}

status safetensors_export(const parameter_set *set, const detector *d, const torch_note *notes, int count,
                          const char *path) {
    text_buffer header = {0};
    TRY(text_buffer_begin(&header));
    put_metadata(header.stream, d, notes, count);
    put_tensors(header.stream, set);
    status result = text_buffer_end(&header);
    if (result == STATUS_OK)
        result = write_tensors(set, &header, path);
    text_buffer_free(&header);
    return result;
}
