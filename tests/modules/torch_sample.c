#include "tests/modules/torch_sample.h"

#include "tests/expect.h"
#include "tests/support.h"

#include <stdlib.h>
#include <zip.h>

void bytes_add(bytes *b, const void *data, size_t size) {
    b->data = realloc(b->data, b->size + size + 1);
    assert_non_null(b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

void bytes_text(bytes *b, const char *text) {
    bytes_add(b, text, strlen(text));
}

void bytes_number(bytes *b, uint64_t number, int count) {
    for (int i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)(number >> (8 * i));
        bytes_add(b, &byte, 1);
    }
}

void pickle_begin(bytes *b) {
    bytes_text(b, "\x80\x02");
}

void pickle_end(bytes *b) {
    bytes_text(b, ".");
}

void pickle_name(bytes *b, const char *text) {
    bytes_text(b, "X");
    bytes_number(b, strlen(text), 4);
    bytes_text(b, text);
}

void pickle_global_name(bytes *b, const char *module, const char *name) {
    bytes_text(b, "c");
    bytes_text(b, module);
    bytes_text(b, "\n");
    bytes_text(b, name);
    bytes_text(b, "\n");
}

void pickle_float_tensor(bytes *b, const char *key, unsigned count, int legacy) {
    pickle_global_name(b, "torch._utils", "_rebuild_tensor_v2");
    bytes_text(b, "((");
    pickle_name(b, "storage");
    pickle_global_name(b, "torch", "FloatStorage");
    pickle_name(b, key);
    pickle_name(b, "cuda:0");
    bytes_text(b, "J");
    bytes_number(b, count, 4);
    bytes_text(b, legacy ? "NtQ" : "tQ");
    bytes_add(b, "K\0", 2); /* offset */
    bytes_text(b, "J");
    bytes_number(b, count, 4);
    bytes_text(b, "\x85K\x01\x85\x89"); /* size, strides, requires_grad */
    pickle_global_name(b, "collections", "OrderedDict");
    bytes_text(b, ")RtR");
}

bytes pickle_state_dict(const char *const *names, int count, unsigned floats, int legacy) {
    bytes b = {0};
    pickle_begin(&b);
    bytes_text(&b, "}(");
    for (int i = 0; i < count; i++) {
        pickle_name(&b, names[i]);
        pickle_float_tensor(&b, "0", floats, legacy);
    }
    bytes_text(&b, "u");
    pickle_end(&b);
    return b;
}

void pickle_numpy_scalar(bytes *b) {
    pickle_global_name(b, "numpy.core.multiarray", "scalar");
    pickle_global_name(b, "numpy", "dtype");
    pickle_name(b, "f8");
    bytes_text(b, "\x89\x88\x87R(K\x03");
    pickle_name(b, "<");
    bytes_text(b, "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff");
    bytes_add(b, "K\0tb", 4);
    pickle_global_name(b, "_codecs", "encode");
    static const uint8_t half[] = {0, 0, 0, 0, 0, 0, 0xc3, 0xa0, '?'}; /* UTF-8 of the bytes of 0.5 */
    bytes_text(b, "X");
    bytes_number(b, sizeof half, 4);
    bytes_add(b, half, sizeof half);
    pickle_name(b, "latin1");
    bytes_text(b, "\x86R\x86R");
}

static void add_floats(bytes *b, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        float value = (float)(i + 1);
        uint32_t word;
        memcpy(&word, &value, sizeof word);
        bytes_number(b, word, 4);
    }
}

static void add_entry(zip_t *archive, const char *name, const bytes *content) {
    zip_source_t *source = zip_source_buffer(archive, content->data, content->size, 0);
    zip_int64_t index = zip_file_add(archive, name, source, 0);
    assert_true(index >= 0);
    assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
}

const char *torch_zip_file(const char *name, const bytes *pickle, unsigned floats) {
    const char *path = scratch_path(name);
    int code = 0;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(archive);
    bytes storage = {0};
    add_floats(&storage, floats);
    add_entry(archive, "archive/data.pkl", pickle);
    add_entry(archive, "archive/data/0", &storage);
    assert_int_equal(zip_close(archive), 0);
    free(storage.data);
    return path;
}

bytes torch_legacy_bytes(const bytes *pickle, unsigned floats) {
    bytes b = {0};
    static const uint8_t magic[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
    bytes_add(&b, magic, sizeof magic);
    bytes_text(&b, "\x80\x02M\xe9\x03."); /* 1001 */
    bytes_text(&b, "\x80\x02}");
    pickle_name(&b, "little_endian");
    bytes_text(&b, "\x88s.");
    bytes_add(&b, pickle->data, pickle->size);
    bytes_text(&b, "\x80\x02](");
    pickle_name(&b, "0");
    bytes_text(&b, "e.");
    bytes_number(&b, floats, 8);
    add_floats(&b, floats);
    return b;
}

bytes safetensors_bytes(const char *header, unsigned floats) {
    bytes b = {0};
    bytes_number(&b, strlen(header), 8);
    bytes_text(&b, header);
    add_floats(&b, floats);
    return b;
}
