/* Checkpoints of other programs: their formats, what stands around a state dict, and files that are damaged. */
#include "modules/torch/torch_file.h"
#include "tests/expect.h"
#include "tests/modules/torch_sample.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLOATS = 6 };

static void expect_floats(const torch_file *file, int index, const char *name) {
    const torch_tensor *t = &file->tensors[index];
    assert_string_equal(t->name, name);
    assert_int_equal(t->rank, 1);
    assert_int_equal(t->count, FLOATS);
    for (int i = 0; i < FLOATS; i++)
        assert_true(t->real[i] == (float)(i + 1));
}

/* --- names --- */

static void expect_names(const char *const *stored, const char *const *expected, int count, int expected_count) {
    bytes saved = pickle_state_dict(stored, count, FLOATS, 0);
    torch_file file;
    assert_ok(torch_file_read(torch_zip_file("names.pth", &saved, FLOATS), &file));
    assert_int_equal(file.count, expected_count);
    for (int i = 0; i < expected_count; i++)
        expect_floats(&file, i, expected[i]);
    torch_file_free(&file);
    free(saved.data);
}

static void test_prefixes_of_wrappers(void **state) {
    (void)state;
    static const char *const plain[] = {"a.weight", "b.bias"};
    static const char *const wrapped[][2] = {
        {"a.weight", "b.bias"},
        {"module.a.weight", "module.b.bias"},
        {"model.a.weight", "model.b.bias"},
        {"net.a.weight", "net.b.bias"},
        {"_orig_mod.a.weight", "_orig_mod.b.bias"},
        {"module._orig_mod.model.net.module.a.weight", "module._orig_mod.model.net.module.b.bias"},
    };
    for (size_t i = 0; i < sizeof wrapped / sizeof *wrapped; i++)
        expect_names(wrapped[i], plain, 2, 2);
}

static void test_a_name_of_some_tensors_is_no_prefix(void **state) {
    (void)state;
    static const char *const stored[] = {"model.net.a", "model.b"}, *const expected[] = {"net.a", "b"};
    expect_names(stored, expected, 2, 2);
}

static void test_counters_are_left_out(void **state) {
    (void)state;
    static const char *const stored[] = {"module.a", "total_ops", "module.a.total_params", "module.c.total_ops"};
    static const char *const averaged[] = {"n_averaged", "module.a"}, *const expected[] = {"a"};
    expect_names(stored, expected, 4, 1);
    expect_names(averaged, expected, 2, 1);
}

/* As a trainer's class has, whose loss has a weight, too. */
static void test_tensors_without_the_prefix_are_left_out(void **state) {
    (void)state;
    static const char *const stored[] = {"model.a", "criterion.weight", "model.b"}, *const expected[] = {"a", "b"};
    expect_names(stored, expected, 3, 2);
    bytes saved = pickle_state_dict(stored, 3, FLOATS, 0);
    torch_file file;
    assert_ok(torch_file_read(torch_zip_file("names.pth", &saved, FLOATS), &file));
    assert_int_equal(file.outside, 1);
    assert_string_equal(file.first_outside, "criterion.weight");
    assert_null(file.key);
    torch_file_free(&file);
    free(saved.data);
}

/* What is behind forty prefixes would be a name; taking off a million of each of a million tensors has no end. */
static void test_names_are_measured_with_their_prefixes(void **state) {
    (void)state;
    char name[40 * 7 + 2] = "";
    for (int i = 0; i < 40; i++)
        strcat(name, "module.");
    strcat(name, "a");
    bytes saved = pickle_state_dict((const char *const[]){name}, 1, FLOATS, 0);
    torch_file file;
    assert_fails(torch_file_read(torch_zip_file("long.pth", &saved, FLOATS), &file), STATUS_INPUT, "long.pth",
                 "longer than 255 bytes");
    free(saved.data);
}

/* --- where the state dict stands --- */

/* {KEY: a dict of that many tensors a, b, .., ...} */
static const char *with_dicts(const char *const *keys, const int *tensors, int count) {
    static const char *const names[] = {"a", "b", "c", "d"};
    bytes b = {0};
    pickle_begin(&b);
    bytes_text(&b, "}(");
    for (int i = 0; i < count; i++) {
        pickle_name(&b, keys[i]);
        bytes_text(&b, "}(");
        for (int k = 0; k < tensors[i]; k++) {
            pickle_name(&b, names[k]);
            pickle_float_tensor(&b, "0", FLOATS, 0);
        }
        bytes_text(&b, "u");
    }
    bytes_text(&b, "u");
    pickle_end(&b);
    const char *path = torch_zip_file("dicts.pth", &b, FLOATS);
    free(b.data);
    return path;
}

static void test_any_key_of_the_only_dict(void **state) {
    (void)state;
    static const struct {
        const char *keys[3];
        int tensors[3], count;
        const char *found; /* "": one of the usual; NULL: refused */
    } cases[] = {
        {{"params"}, {2}, 1, "params"},
        {{"ema", "optimizer"}, {2, 0}, 2, "ema"},
        {{"best", "net_g"}, {1, 4}, 2, "net_g"}, /* a figure is a tensor, too */
        {{"params", "state_dict"}, {4, 1}, 2, ""},
        {{"params", "figures", "params_ema"}, {4, 1, 3}, 3, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        torch_file file;
        const char *path = with_dicts(cases[i].keys, cases[i].tensors, cases[i].count);
        if (!cases[i].found) {
            assert_fails(torch_file_read(path, &file), STATUS_INPUT, "dicts.pth: holds 2 state dicts",
                         "\"params\", \"params_ema\"");
            continue;
        }
        assert_ok(torch_file_read(path, &file));
        assert_string_equal(file.key ? file.key : "", cases[i].found);
        expect_floats(&file, 0, "a");
        torch_file_free(&file);
    }
}

/* --- what a whole run holds besides the network --- */

/* {"iou": numpy.float64, "args": Namespace, "history": ndarray, "net": {"a": tensor}} */
static bytes whole_run(int legacy) {
    bytes b = {0};
    pickle_begin(&b);
    bytes_text(&b, "}(");
    pickle_name(&b, "iou");
    pickle_numpy_scalar(&b);
    pickle_name(&b, "args");
    pickle_global_name(&b, "argparse", "Namespace");
    bytes_text(&b, ")\x81}");
    pickle_name(&b, "lr");
    bytes_text(&b, "K\x01sb");
    pickle_name(&b, "history");
    pickle_global_name(&b, "numpy.core.multiarray", "_reconstruct");
    pickle_global_name(&b, "numpy", "ndarray");
    static const char array[] = "K\0\x85N\x87R(K\x01K\0\x85NNtb";
    bytes_add(&b, array, sizeof array - 1);
    pickle_name(&b, "net");
    bytes_text(&b, "}");
    pickle_name(&b, "a");
    pickle_float_tensor(&b, "0", FLOATS, legacy);
    bytes_text(&b, "su");
    pickle_end(&b);
    return b;
}

static void test_numpy_is_read_without_calls(void **state) {
    (void)state;
    bytes saved = whole_run(0);
    torch_file file;
    assert_ok(torch_file_read(torch_zip_file("run.pkl", &saved, FLOATS), &file));
    assert_int_equal(file.count, 1);
    expect_floats(&file, 0, "a");
    torch_file_free(&file);
    free(saved.data);
}

static void test_calls_make_no_state_dict(void **state) {
    (void)state;
    bytes b = {0};
    pickle_begin(&b);
    pickle_global_name(&b, "posix", "system");
    pickle_name(&b, "true");
    bytes_text(&b, "\x85R");
    pickle_end(&b);
    torch_file file;
    assert_fails(torch_file_read(torch_zip_file("bad.pkl", &b, FLOATS), &file), STATUS_INPUT, "bad.pkl",
                 "posix.system");
    free(b.data);
}

/* --- formats --- */

static void test_format_before_1_6(void **state) {
    (void)state;
    bytes saved = whole_run(1), all = torch_legacy_bytes(&saved, FLOATS);
    const char *path = scratch_file("old.pth", all.data, all.size);
    torch_file file;
    assert_true(torch_file_recognises(path));
    assert_ok(torch_file_read(path, &file));
    assert_int_equal(file.count, 1);
    expect_floats(&file, 0, "a");
    torch_file_free(&file);
    free(saved.data);
    free(all.data);
}

/* Its strings are those of Python 2: SHORT_BINSTRING, and without a mark of a view. */
static void test_names_of_python_2(void **state) {
    (void)state;
    bytes b = {0};
    pickle_begin(&b);
    bytes_text(&b, "}U\x01"
                   "a");
    pickle_float_tensor(&b, "0", FLOATS, 1);
    bytes_text(&b, "s");
    pickle_end(&b);
    bytes all = torch_legacy_bytes(&b, FLOATS);
    torch_file file;
    assert_ok(torch_file_read(scratch_file("two.pth", all.data, all.size), &file));
    expect_floats(&file, 0, "a");
    torch_file_free(&file);
    free(b.data);
    free(all.data);
}

static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                             "\"model.a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]},"
                             "\"model.b\":{\"dtype\":\"F32\",\"shape\":[2,1,2],\"data_offsets\":[8,24]}}  ";

static void test_safetensors(void **state) {
    (void)state;
    bytes all = safetensors_bytes(header, FLOATS);
    const char *path = scratch_file("a.safetensors", all.data, all.size);
    torch_file file;
    assert_true(torch_file_recognises(path));
    assert_ok(torch_file_read(path, &file));
    assert_int_equal(file.count, 2);
    int a = file.tensors[0].rank == 1 ? 0 : 1;
    expect_floats(&file, a, "a");
    const torch_tensor *b = &file.tensors[1 - a];
    assert_string_equal(b->name, "b");
    assert_int_equal(b->rank, 3);
    assert_true(b->shape[0] == 2 && b->shape[1] == 1 && b->shape[2] == 2);
    for (int i = 0; i < 4; i++)
        assert_true(b->real[i] == (float)(i + 3));
    torch_file_free(&file);
    free(all.data);
}

static void test_safetensors_refused(void **state) {
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[6],\"data_offsets\":[0,6]}}", "F8_E4M3"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,28]}}", "outside the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,24]}}", "24 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[24,0]}}", "outside the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9000000000,9000000000],\"data_offsets\":[0,24]}}", "impossible size"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-6],\"data_offsets\":[0,24]}}", "impossible size"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}}", "24 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,24]}}",
         "duplicate"},
        {"{\"a\":7}", "type"},
        {"{}", "state dict"},
        {"{\"a\":", "header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes all = safetensors_bytes(cases[i].header, FLOATS);
        torch_file file;
        assert_fails(torch_file_read(scratch_file("bad.safetensors", all.data, all.size), &file), STATUS_INPUT,
                     "bad.safetensors", cases[i].message);
        free(all.data);
    }
}

static void test_other_files_are_not_recognised(void **state) {
    (void)state;
    assert_false(torch_file_recognises(scratch_file("text", "some text that is long enough", 29)));
    assert_false(torch_file_recognises(scratch_file("empty", "", 0)));
    assert_false(torch_file_recognises("/nowhere"));
    torch_file file;
    assert_fails(torch_file_read(scratch_file("text", "some text", 9), &file), STATUS_INPUT, "text", "safetensors");
}

/* --- damage --- */

/* Whatever a file says, reading ends: with tensors, or with one line that names the file. */
static void read_damaged(const uint8_t *data, size_t size) {
    torch_file file;
    remove(scratch_path("damaged")); /* writing over a file would wait for the disk */
    if (torch_file_read(scratch_file("damaged", data, size), &file) == STATUS_OK)
        torch_file_free(&file);
    else
        expect_message("damaged", ": ");
}

static void damage(const bytes *whole) {
    uint8_t *copy = malloc(whole->size);
    assert_non_null(copy);
    for (size_t i = 0; i < whole->size; i++) {
        read_damaged(whole->data, i);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, whole->data, whole->size);
            copy[i] ^= (uint8_t)(1 << bit);
            read_damaged(copy, whole->size);
        }
    }
    free(copy);
}

static void test_damaged_zip(void **state) {
    (void)state;
    bytes saved = whole_run(0), all = {0};
    FILE *stream = fopen(torch_zip_file("whole.pkl", &saved, FLOATS), "rb");
    assert_non_null(stream);
    uint8_t buffer[8192];
    bytes_add(&all, buffer, fread(buffer, 1, sizeof buffer, stream));
    assert_int_equal(fclose(stream), 0);
    assert_true(all.size > 100 && all.size < sizeof buffer);
    damage(&all);
    free(saved.data);
    free(all.data);
}

static void test_damaged_old_format(void **state) {
    (void)state;
    bytes saved = whole_run(1), all = torch_legacy_bytes(&saved, FLOATS);
    damage(&all);
    free(saved.data);
    free(all.data);
}

static void test_damaged_safetensors(void **state) {
    (void)state;
    bytes all = safetensors_bytes(header, FLOATS);
    damage(&all);
    free(all.data);
}

/* The checksum of a zip file hides its pickle from flipped bits: each alone in a file that is right otherwise. */
static void test_damaged_pickle(void **state) {
    (void)state;
    bytes saved = whole_run(0);
    for (size_t i = 0; i < saved.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            saved.data[i] ^= (uint8_t)(1 << bit);
            torch_file file;
            remove(scratch_path("damaged"));
            if (torch_file_read(torch_zip_file("damaged", &saved, FLOATS), &file) == STATUS_OK)
                torch_file_free(&file);
            else
                expect_message("damaged", ": ");
            saved.data[i] ^= (uint8_t)(1 << bit);
        }
    free(saved.data);
}

/* A stride of 0 would make 2^28 elements of one. */
static void test_bomb_of_strides(void **state) {
    (void)state;
    bytes b = {0};
    torch_file file;
    pickle_begin(&b);
    bytes_text(&b, "}");
    pickle_name(&b, "weight");
    pickle_global_name(&b, "torch._utils", "_rebuild_tensor_v2");
    bytes_text(&b, "((");
    pickle_name(&b, "storage");
    pickle_global_name(&b, "torch", "FloatStorage");
    pickle_name(&b, "0");
    pickle_name(&b, "cpu");
    bytes_text(&b, "K\x01tQ");
    bytes_add(&b, "K\0J", 3); /* offset, size */
    bytes_number(&b, 1 << 28, 4);
    bytes_add(&b, "\x85K\0\x85\x89", 5); /* stride, requires_grad */
    pickle_global_name(&b, "collections", "OrderedDict");
    bytes_text(&b, ")RtRs");
    pickle_end(&b);
    const char *path = torch_zip_file("strides.pkl", &b, 1);
    assert_fails(torch_file_read(path, &file), STATUS_INPUT, path, "weight has more elements than its storage");
    free(b.data);
}

/* All of a state dict, and 3 GiB behind it that take no room on the disk: refused before they take memory. */
static void test_files_beyond_any_state_dict(void **state) {
    (void)state;
    bytes saved = whole_run(1), all = torch_legacy_bytes(&saved, FLOATS);
    torch_file file;
    const char *path = scratch_file("huge.pth", all.data, all.size);
    assert_int_equal(truncate(path, (off_t)3 << 30), 0);
    assert_fails(torch_file_read(path, &file), STATUS_INPUT, path, "3221225472 bytes; expected at most 2214592512");
    unlink(path);
    free(all.data);
    free(saved.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes_of_wrappers),
        cmocka_unit_test(test_a_name_of_some_tensors_is_no_prefix),
        cmocka_unit_test(test_names_are_measured_with_their_prefixes),
        cmocka_unit_test(test_counters_are_left_out),
        cmocka_unit_test(test_tensors_without_the_prefix_are_left_out),
        cmocka_unit_test(test_any_key_of_the_only_dict),
        cmocka_unit_test(test_numpy_is_read_without_calls),
        cmocka_unit_test(test_calls_make_no_state_dict),
        cmocka_unit_test(test_format_before_1_6),
        cmocka_unit_test(test_names_of_python_2),
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_safetensors_refused),
        cmocka_unit_test(test_bomb_of_strides),
        cmocka_unit_test(test_files_beyond_any_state_dict),
        cmocka_unit_test(test_other_files_are_not_recognised),
        cmocka_unit_test(test_damaged_zip),
        cmocka_unit_test(test_damaged_old_format),
        cmocka_unit_test(test_damaged_safetensors),
        cmocka_unit_test(test_damaged_pickle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
