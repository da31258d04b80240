/* What checkpoints of other programs hold: numbers of every type and size, and contents that no program writes. */
#include "modules/torch/torch_file.h"
#include "tests/expect.h"
#include "tests/modules/torch_sample.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOATS = 6 };

/* --- types --- */

/* Reads a tensor "a" of `count` elements that are `content`. */
static torch_file read_elements(const char *type, int count, const bytes *content) {
    char header[128];
    torch_file file;
    snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%zu]}}", type, count,
             content->size);
    bytes all = safetensors_bytes(header, 0);
    bytes_add(&all, content->data, content->size);
    assert_ok(torch_file_read(scratch_file("type.safetensors", all.data, all.size), &file));
    free(all.data);
    assert_int_equal(file.tensors[0].count, count);
    return file;
}

/* The bits of each element, and what they are. */
static void expect_reals(const char *type, int size, const uint64_t *bits, const float *values, int count) {
    bytes content = {0};
    for (int i = 0; i < count; i++)
        bytes_number(&content, bits[i], size);
    torch_file file = read_elements(type, count, &content);
    for (int i = 0; i < count; i++)
        if (!(file.tensors[0].real[i] == values[i] || (isnan(values[i]) && isnan(file.tensors[0].real[i]))))
            fail_msg("%s: %g, expected %g", type, (double)file.tensors[0].real[i], (double)values[i]);
    torch_file_free(&file);
    free(content.data);
}

static void test_floating_types(void **state) {
    (void)state;
    static const uint64_t half[] = {0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfc00, 0x7e00},
                          brain[] = {0x3f80, 0xc020, 0xff80}, wide[] = {0x3fe0000000000000, 0xc000000000000000};
    static const float halves[] = {1, -2, 0x1p-24f, -0x3ffp-24f, 65504, INFINITY, -INFINITY, NAN},
                       brains[] = {1, -2.5f, -INFINITY}, wides[] = {0.5f, -2};
    expect_reals("F16", 2, half, halves, sizeof halves / sizeof *halves);
    expect_reals("BF16", 2, brain, brains, sizeof brains / sizeof *brains);
    expect_reals("F64", 8, wide, wides, sizeof wides / sizeof *wides);
}

static void test_integer_types(void **state) {
    (void)state;
    static const struct {
        const char *type;
        int size;
        int64_t value; /* of all bits but the last */
    } types[] = {{"I64", 8, -2}, {"I32", 4, -2}, {"I16", 2, -2}, {"I8", 1, -2}, {"U8", 1, 254}, {"BOOL", 1, 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        bytes content = {0};
        bytes_number(&content, (uint64_t)-2, types[i].size);
        bytes_number(&content, 1, types[i].size);
        torch_file file = read_elements(types[i].type, 2, &content);
        if (file.tensors[0].integer[0] != types[i].value || file.tensors[0].integer[1] != 1)
            fail_msg("%s: %lld", types[i].type, (long long)file.tensors[0].integer[0]);
        torch_file_free(&file);
        free(content.data);
    }
}

/* --- sizes --- */

/* {"a": a tensor with these sizes and strides, from `offset` on in the storage "0"}; both are instructions. */
static bytes tensor_of(int offset, const char *sizes, size_t length, const char *strides) {
    bytes b = {0};
    pickle_begin(&b);
    bytes_text(&b, "}");
    pickle_name(&b, "a");
    pickle_global_name(&b, "torch._utils", "_rebuild_tensor_v2");
    bytes_text(&b, "((");
    pickle_name(&b, "storage");
    pickle_global_name(&b, "torch", "FloatStorage");
    pickle_name(&b, "0");
    pickle_name(&b, "cpu");
    bytes_text(&b, "K\x06tQ");
    bytes_text(&b, "K");
    bytes_number(&b, (uint64_t)offset, 1);
    bytes_text(&b, "(");
    bytes_add(&b, sizes, length);
    bytes_text(&b, "t(");
    bytes_text(&b, strides);
    bytes_text(&b, "t\x89");
    pickle_global_name(&b, "collections", "OrderedDict");
    bytes_text(&b, ")RtRs");
    pickle_end(&b);
    return b;
}

/* LONG1, of which other programs make sizes. */
static void test_long_integers(void **state) {
    (void)state;
    static const char six[] = "\x8a\x02\x06\0", minus[] = "\x8a\x01\xfa";
    bytes b = tensor_of(0, six, sizeof six - 1, "K\x01");
    torch_file file;
    assert_ok(torch_file_read(torch_zip_file("long.pth", &b, FLOATS), &file));
    assert_int_equal(file.tensors[0].count, FLOATS);
    assert_true(file.tensors[0].real[5] == 6);
    torch_file_free(&file);
    free(b.data);
    b = tensor_of(0, minus, sizeof minus - 1, "K\x01");
    assert_fails(torch_file_read(torch_zip_file("minus.pth", &b, FLOATS), &file), STATUS_INPUT, "minus.pth",
                 "a has an impossible size");
    free(b.data);
}

static void test_five_dimensions(void **state) {
    (void)state;
    static const char sizes[] = "K\x01K\x01K\x01K\x01K\x06", strides[] = "K\x06K\x06K\x06K\x06K\x01";
    torch_file file;
    bytes b = tensor_of(0, sizes, sizeof sizes - 1, strides);
    assert_fails(torch_file_read(torch_zip_file("five.pth", &b, FLOATS), &file), STATUS_INPUT, "five.pth",
                 "a has 5 dimensions, expected at most 4");
    free(b.data);
}

/* The last element that a view reaches is one of the storage, or the file is refused: six floats, 1 to 6. */
static void test_views(void **state) {
    (void)state;
    static const struct {
        int offset;
        const char *sizes, *strides;
        float last; /* 0: it reaches outside */
    } cases[] = {{1, "K\x05", "K\x01", 6},           {2, "K\x05", "K\x01", 0},
                 {0, "K\x02", "K\x05", 6},           {0, "K\x02", "K\x06", 0},
                 {1, "K\x02", "K\x05", 0},           {5, "K\x01", "K\x7f", 6},
                 {6, "K\x01", "K\x01", 0},           {0, "K\x02K\x03", "K\x03K\x01", 6},
                 {1, "K\x02K\x03", "K\x03K\x01", 0}, {0, "K\x03K\x02", "K\x01K\x03", 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        torch_file file;
        bytes b = tensor_of(cases[i].offset, cases[i].sizes, strlen(cases[i].sizes), cases[i].strides);
        const char *path = torch_zip_file("view.pth", &b, FLOATS);
        if (cases[i].last > 0) {
            assert_ok(torch_file_read(path, &file));
            assert_true(file.tensors[0].real[file.tensors[0].count - 1] == cases[i].last);
            torch_file_free(&file);
        } else {
            assert_fails(torch_file_read(path, &file), STATUS_INPUT, "view.pth",
                         "a reaches outside its storage of 6 elements");
        }
        free(b.data);
    }
}

/* --- what stands beside tensors --- */

/* What Python writes for other things that trainings save: whatever makes them, the tensors are found. */
static void test_other_values_are_passed_over(void **state) {
    (void)state;
#define INSTRUCTIONS(text)                                                                                             \
    { text, sizeof(text) - 1 }
    static const struct {
        const char *text;
        size_t size;
    } values[] = {
        INSTRUCTIONS("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R(K\x01]K\x02]u"),
        INSTRUCTIONS("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x01]s"),
        INSTRUCTIONS("ccollections\ndeque\n)R(K\x01K\x02K\x03"
                     "e"),
        INSTRUCTIONS("ccollections\ndeque\n)RK\x01"
                     "a"),
        INSTRUCTIONS("c__builtin__\nset\n](K\x01K\x02"
                     "e\x85R"),
        INSTRUCTIONS("cpathlib\nPosixPath\nX\x01\0\0\0/\x85R"),
        INSTRUCTIONS("ctorch\nfloat32\n"),
        INSTRUCTIONS("c__builtin__\ncomplex\nG?\xf0\0\0\0\0\0\0G?\xf0\0\0\0\0\0\0\x86R"),
        INSTRUCTIONS("\x8a\x0b\0\0\0\0\0\0\0\0\0\0\x01"),   /* 2**80 */
        INSTRUCTIONS("\x8b\x09\0\0\0\0\0\0\0\0\0\0\0\x01"), /* 2**64, by its long instruction */
        INSTRUCTIONS("cmodels\nNet\n)\x81}X\x01\0\0\0wK\x01sb"),
        INSTRUCTIONS("cmodels\nmake\n)R)RN\x86N\x86"), /* what is made may be called, and stand in others */
        INSTRUCTIONS("ccollections\nOrderedDict\n]\x85R"),
        INSTRUCTIONS("(X\x07\0\0\0storagectorch\nComplexFloatStorage\nX\x01\0\0\0007NK\x03tQ"),
    };
#undef INSTRUCTIONS
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        bytes b = {0};
        torch_file file;
        pickle_begin(&b);
        bytes_text(&b, "}(");
        pickle_name(&b, "other");
        bytes_add(&b, values[i].text, values[i].size);
        pickle_name(&b, "net");
        bytes_text(&b, "}");
        pickle_name(&b, "a");
        pickle_float_tensor(&b, "0", FLOATS, 0);
        bytes_text(&b, "su");
        pickle_end(&b);
        assert_ok(torch_file_read(torch_zip_file("other.pth", &b, FLOATS), &file));
        assert_int_equal(file.count, 1);
        assert_string_equal(file.tensors[0].name, "a");
        assert_true(file.tensors[0].real[5] == 6);
        torch_file_free(&file);
        free(b.data);
    }
}

/* {"a": tensor, "net.b": torch._utils._rebuild_sparse_tensor()} */
static void test_a_tensor_that_cannot_be_made(void **state) {
    (void)state;
    bytes b = {0};
    torch_file file;
    pickle_begin(&b);
    bytes_text(&b, "}(");
    pickle_name(&b, "a");
    pickle_float_tensor(&b, "0", FLOATS, 0);
    pickle_name(&b, "net.b");
    pickle_global_name(&b, "torch._utils", "_rebuild_sparse_tensor");
    bytes_text(&b, ")Ru");
    pickle_end(&b);
    assert_ok(torch_file_read(torch_zip_file("sparse.pth", &b, FLOATS), &file));
    assert_int_equal(file.count, 1);
    assert_string_equal(torch_file_maker(&file, "b"), "torch._utils._rebuild_sparse_tensor");
    assert_null(torch_file_maker(&file, "a"));
    assert_null(torch_file_maker(&file, "et.b"));
    torch_file_free(&file);
    free(b.data);
}

/* --- what no program writes --- */

static void test_a_name_twice(void **state) {
    (void)state;
    static const char *const names[] = {"b", "a", "b"};
    torch_file file;
    bytes b = pickle_state_dict(names, 3, FLOATS, 0);
    assert_fails(torch_file_read(torch_zip_file("twice.pth", &b, FLOATS), &file), STATUS_INPUT, "twice.pth",
                 "two tensors are called b");
    free(b.data);
}

static void test_endless_nesting(void **state) {
    (void)state;
    torch_file file;
    bytes b = {0};
    pickle_begin(&b);
    for (int i = 0; i < 10000; i++)
        bytes_text(&b, "(");
    pickle_end(&b);
    assert_fails(torch_file_read(torch_zip_file("nested.pth", &b, FLOATS), &file), STATUS_INPUT, "nested.pth",
                 "nested more than");
    free(b.data);
}

/* Of the old format: another object where the keys of the storages stand, and a list without the one of a tensor. */
static void test_storages_that_are_not_there(void **state) {
    (void)state;
    static const char *const name = "a", *const lists[] = {"\x80\x02N.", "\x80\x02]."},
                             *const messages[] = {"no list of storages", "the storage 0 is missing"};
    enum { LIST = 12 /* bytes of the right list */, STORAGE = 8 + 4 * FLOATS };
    for (int i = 0; i < 2; i++) {
        torch_file file;
        bytes b = pickle_state_dict(&name, 1, FLOATS, 1), all = torch_legacy_bytes(&b, FLOATS);
        all.size -= LIST + STORAGE;
        bytes_text(&all, lists[i]);
        assert_fails(torch_file_read(scratch_file("old.pth", all.data, all.size), &file), STATUS_INPUT, "old.pth",
                     messages[i]);
        free(b.data);
        free(all.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floating_types),
        cmocka_unit_test(test_integer_types),
        cmocka_unit_test(test_long_integers),
        cmocka_unit_test(test_five_dimensions),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_other_values_are_passed_over),
        cmocka_unit_test(test_a_tensor_that_cannot_be_made),
        cmocka_unit_test(test_a_name_twice),
        cmocka_unit_test(test_endless_nesting),
        cmocka_unit_test(test_storages_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
