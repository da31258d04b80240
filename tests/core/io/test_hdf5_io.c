#include "core/io/hdf5_io.h"
#include "tests/core/io/hdf5_sample.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_round_trip(void **state) {
    (void)state;
    const char *path = scratch_path("sample.h5");
    write_hdf5_sample(path);
    h5_file *file;
    assert_ok(h5_open(path, &file));

    float real[6];
    assert_ok(h5_read(file, "model/decos.0.weight", H5_FLOAT32, 6, real));
    assert_memory_equal(real, sample_weights, sizeof sample_weights);
    int64_t counts[3];
    assert_ok(h5_read(file, "/model/decos.0.bias", H5_INT64, 3, counts));
    assert_true(counts[0] == -1 && counts[1] == INT64_MAX && counts[2] == INT64_MIN);
    uint16_t pixels[4];
    assert_ok(h5_read(file, "model/a/deep", H5_UINT16, 4, pixels));
    assert_true(pixels[0] == 0 && pixels[1] == 1 && pixels[2] == 65534 && pixels[3] == 65535);
    double value;
    assert_ok(h5_read(file, "scalar", H5_FLOAT64, 1, &value));
    assert_true(value == 0.1);
    assert_ok(h5_read(file, "empty", H5_INT32, 0, NULL));

    h5_shape shape;
    assert_ok(h5_get_shape(file, "model/a/deep", &shape));
    assert_int_equal(shape.rank, 4);
    assert_true(shape.size[0] == 1 && shape.size[1] == 1 && shape.size[2] == 2 && shape.size[3] == 2);
    assert_ok(h5_get_shape(file, "scalar", &shape));
    assert_int_equal(shape.rank, 0);
    assert_ok(h5_get_shape(file, "empty", &shape));
    assert_true(shape.rank == 2 && shape.size[0] == 0 && shape.size[1] == 3);

    char **names;
    int count;
    assert_ok(h5_read_strings(file, "names", &names, &count));
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "XDU0");
    assert_string_equal(names[1], "");
    assert_string_equal(names[2], "\xc3\xa9t\xc3\xa9");
    free_texts(names, count);
    assert_ok(h5_read_strings(file, "no_names", &names, &count));
    assert_int_equal(count, 0);
    free_texts(names, count);
    h5_close(file);
}

static void test_attributes(void **state) {
    (void)state;
    const char *path = scratch_path("attributes.h5");
    write_hdf5_sample(path);
    h5_file *file;
    char *text;
    double real;
    int64_t whole;
    assert_ok(h5_open(path, &file));
    assert_true(h5_has_attribute(file, "/", "model.name"));
    assert_false(h5_has_attribute(file, "/", "model.stages"));
    assert_false(h5_has_attribute(file, "nothing/here", "model.name"));
    assert_ok(h5_read_attribute_text(file, "/", "model.name", &text));
    assert_string_equal(text, "rpcanet-plus");
    free(text);
    assert_ok(h5_read_attribute_text(file, "/", "empty", &text));
    assert_string_equal(text, "");
    free(text);
    assert_ok(h5_read_attribute_double(file, "model", "eta", &real));
    assert_true(real == 0.1);
    assert_ok(h5_read_attribute_int(file, "model/decos.0.weight", "steps", &whole));
    assert_true(whole == INT64_MIN);
    assert_ok(h5_read_attribute_double(file, "model/decos.0.weight", "steps", &real));
    assert_true(real == -9223372036854775808.0);

    assert_fails(h5_read_attribute_text(file, "/", "missing", &text), STATUS_INPUT, path, "/@missing");
    assert_null(text);
    assert_fails(h5_read_attribute_text(file, "model", "eta", &text), STATUS_INPUT, path, "does not hold text");
    assert_fails(h5_read_attribute_double(file, "/", "model.name", &real), STATUS_INPUT, path, "not a number");
    assert_fails(h5_read_attribute_int(file, "model", "eta", &whole), STATUS_INPUT, path, "whole number");
    h5_close(file);
}

static void test_numbers_are_converted(void **state) {
    (void)state;
    const char *path = scratch_path("converted.h5");
    write_hdf5_sample(path);
    h5_file *file;
    assert_ok(h5_open(path, &file));
    double real[6];
    assert_ok(h5_read(file, "model/decos.0.weight", H5_FLOAT64, 6, real));
    for (int i = 0; i < 6; i++)
        assert_true(real[i] == (double)sample_weights[i]);
    float pixels[4];
    assert_ok(h5_read(file, "model/a/deep", H5_FLOAT32, 4, pixels));
    assert_true(pixels[3] == 65535.0f);
    int32_t bytes[2];
    assert_ok(h5_read(file, "bytes", H5_INT32, 2, bytes));
    assert_true(bytes[0] == 0 && bytes[1] == 255);
    h5_close(file);
}

static void test_rows(void **state) {
    (void)state;
    enum { ROWS = 5, WIDTH = 70 * 70 };
    const char *path = scratch_path("rows.h5");
    uint8_t *row = malloc(3 * WIDTH);
    assert_non_null(row);
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_create_chunked(file, "images", H5_UINT8, &(h5_shape){3, {ROWS, 70, 70}}));
    assert_ok(h5_create_chunked(file, "small", H5_FLOAT32, &(h5_shape){2, {ROWS, 2}}));
    for (int i = ROWS - 1; i >= 0; i--) {
        memset(row, 10 + i, WIDTH);
        assert_ok(h5_write_rows(file, "images", H5_UINT8, i, 1, row));
    }
    assert_ok(h5_write_rows(file, "small", H5_FLOAT32, 1, 3, sample_weights));
    assert_fails(h5_write_rows(file, "images", H5_UINT8, ROWS, 1, row), STATUS_INPUT, path, "5 rows");
    assert_ok(h5_commit(file));

    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_rows(file, "images", H5_UINT8, 2, 3, 3 * WIDTH, row));
    for (int i = 0; i < 3 * WIDTH; i++)
        assert_int_equal(row[i], 12 + i / WIDTH);
    float small[10];
    assert_ok(h5_read(file, "small", H5_FLOAT32, 10, small));
    assert_memory_equal(small + 2, sample_weights, sizeof sample_weights);
    assert_true(small[0] == 0.0f && small[9] == 0.0f); /* never written: HDF5 fills with zeros */
    assert_ok(h5_read_rows(file, "images", H5_UINT8, ROWS, 0, 0, row));

    assert_fails(h5_read_rows(file, "images", H5_UINT8, 4, 2, 2 * WIDTH, row), STATUS_INPUT, path, "5 rows");
    assert_fails(h5_read_rows(file, "images", H5_UINT8, -1, 1, WIDTH, row), STATUS_INPUT, path, "from row -1");
    assert_fails(h5_read_rows(file, "images", H5_UINT8, INT64_MAX, 1, WIDTH, row), STATUS_INPUT, path, "images");
    assert_fails(h5_read_rows(file, "images", H5_UINT8, 0, 1, WIDTH - 1, row), STATUS_INPUT, path, "4900");
    h5_close(file);

    /* One image, one chunk; small rows share one. Compressed, so constant images take little room. */
    hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(id, "images", H5P_DEFAULT), properties = H5Dget_create_plist(dataset);
    hsize_t chunk[3];
    assert_int_equal(H5Pget_chunk(properties, 3, chunk), 3);
    assert_true(chunk[0] == 1 && chunk[1] == 70 && chunk[2] == 70);
    assert_true(H5Dget_storage_size(dataset) < WIDTH);
    H5Pclose(properties);
    H5Dclose(dataset);
    H5Fclose(id);
    free(row);
}

static void test_compressed(void **state) {
    (void)state;
    enum { COUNT = 40 * 30 };
    const char *path = scratch_path("compressed.h5");
    float ramp[COUNT], back[COUNT];
    for (int i = 0; i < COUNT; i++)
        ramp[i] = (float)i;
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_compressed(file, "model/ramp", H5_FLOAT32, &(h5_shape){2, {40, 30}}, ramp));
    assert_fails(h5_write_compressed(file, "x", H5_FLOAT32, &(h5_shape){0}, ramp), STATUS_OUTPUT, path, "0 dimensions");
    assert_fails(h5_write_compressed(file, "y", H5_FLOAT32, &(h5_shape){1, {-1}}, ramp), STATUS_OUTPUT, path, "y");
    assert_ok(h5_commit(file));

    assert_ok(h5_open(path, &file));
    assert_ok(h5_read(file, "model/ramp", H5_FLOAT32, COUNT, back));
    assert_memory_equal(back, ramp, sizeof ramp);
    h5_close(file);
    hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(id, "model/ramp", H5P_DEFAULT);
    assert_true(H5Dget_storage_size(dataset) < sizeof ramp / 2);
    H5Dclose(dataset);
    H5Fclose(id);
}

typedef struct seen {
    char names[16][64];
    int count;
    int stop_after;
} seen;

static status remember(void *context, const char *name) {
    seen *s = context;
    if (s->count == s->stop_after)
        return status_fail(STATUS_INTERRUPTED, "stopped at %s", name);
    snprintf(s->names[s->count++], sizeof s->names[0], "%s", name);
    return STATUS_OK;
}

static void test_visits(void **state) {
    (void)state;
    const char *path = scratch_path("visits.h5");
    write_hdf5_sample(path);
    h5_file *file;
    assert_ok(h5_open(path, &file));

    seen s = {.stop_after = 16};
    assert_ok(h5_each_dataset(file, "model", remember, &s));
    assert_int_equal(s.count, 3);
    assert_string_equal(s.names[0], "model/a/deep");
    assert_string_equal(s.names[1], "model/decos.0.bias");
    assert_string_equal(s.names[2], "model/decos.0.weight");

    seen all = {.stop_after = 16};
    assert_ok(h5_each_dataset(file, "/", remember, &all));
    assert_int_equal(all.count, 8);
    assert_string_equal(all.names[0], "bytes");
    assert_string_equal(all.names[2], "model/a/deep");
    for (int i = 0; i < all.count; i++)
        assert_true(h5_exists(file, all.names[i]));

    seen children = {.stop_after = 16};
    assert_ok(h5_each_child(file, "/model/", remember, &children));
    assert_int_equal(children.count, 3);
    assert_string_equal(children.names[0], "a");
    assert_string_equal(children.names[2], "decos.0.weight");

    seen some = {.stop_after = 1};
    assert_fails(h5_each_child(file, "model", remember, &some), STATUS_INTERRUPTED, "stopped at", "decos.0.bias");
    assert_int_equal(some.count, 1);
    assert_fails(h5_each_child(file, "nowhere", remember, &some), STATUS_INPUT, path, "nowhere");
    assert_fails(h5_each_dataset(file, "scalar", remember, &some), STATUS_INPUT, path, "not a group");
    h5_close(file);
}

static void test_missing_objects(void **state) {
    (void)state;
    const char *path = scratch_path("missing.h5");
    write_hdf5_sample(path);
    h5_file *file;
    float data[8];
    h5_shape shape;
    char **names;
    int count;
    assert_ok(h5_open(path, &file));
    assert_true(h5_exists(file, "model"));
    assert_true(h5_exists(file, "/model/decos.0.weight"));
    assert_true(h5_exists(file, "/"));
    assert_false(h5_exists(file, "model/decos.1.weight"));
    assert_false(h5_exists(file, "scalar/below"));
    assert_false(h5_exists(file, "none/at/all"));

    assert_fails(h5_read(file, "model/decos.1.weight", H5_FLOAT32, 6, data), STATUS_INPUT, path,
                 "model/decos.1.weight: there is no such dataset");
    assert_fails(h5_read(file, "model", H5_FLOAT32, 6, data), STATUS_INPUT, path, "model: is not a dataset");
    assert_fails(h5_read(file, "model/decos.0.weight", H5_FLOAT32, 8, data), STATUS_INPUT, path,
                 "has 6 elements; expected 8");
    assert_fails(h5_read(file, "names", H5_FLOAT32, 3, data), STATUS_INPUT, path, "names: does not hold numbers");
    assert_fails(h5_get_shape(file, "none", &shape), STATUS_INPUT, path, "none");
    assert_fails(h5_read_strings(file, "scalar", &names, &count), STATUS_INPUT, path, "does not hold text");
    assert_null(names);
    h5_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_numbers_are_converted),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_visits),
        cmocka_unit_test(test_missing_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
