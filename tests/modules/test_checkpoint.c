/* Checkpoints: every damaged byte is noticed, newer formats are refused, files without a checksum pass. */
#include "core/io/file_io.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAILER = 16, MARK = 8 };

static void write_tiny(const char *path) {
    detector *d = tiny_detector();
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(checkpoint_write_model(file, d, true));
    assert_ok(h5_commit(file));
    detector_free(d);
}

static void expect_loads(const char *path) {
    detector *d;
    assert_ok(checkpoint_load(test_engine(), path, &d));
    detector_free(d);
}

static void test_every_damaged_byte_is_noticed(void **state) {
    (void)state;
    const char *whole = scratch_path("whole.h5");
    uint8_t *bytes;
    size_t size;
    detector *d;
    write_tiny(whole);
    expect_loads(whole);
    assert_ok(file_read(whole, 1 << 24, &bytes, &size));
    for (size_t i = 0; i < size; i += i < 256 || i + 64 > size ? 1 : 61) {
        if (i + TRAILER >= size && i + MARK < size)
            continue; /* without its mark it is a file without a checksum */
        bytes[i] ^= (uint8_t)(1 << i % 8);
        const char *damaged = scratch_file("damaged.h5", bytes, size);
        assert_fails(checkpoint_load(test_engine(), damaged, &d), STATUS_INPUT, damaged, "");
        assert_null(d);
        bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    free(bytes);
}

/* Options alone make no network of 7 thousand million parameters. */
static void test_too_large_network(void **state) {
    (void)state;
    static const char *const options[][2] = {{"model.name", "rpcanet"},       {"model.stages", "32"},
                                             {"model.total_channels", "512"}, {"model.background_layers", "32"},
                                             {"model.target_layers", "32"},   {"model.reconstruction_layers", "32"}};
    const char *path = scratch_path("huge.h5");
    h5_file *file;
    detector *d;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_int(file, "/", "checkpoint.format", 1));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_ok(h5_write_attribute_text(file, "/", options[i][0], options[i][1]));
    assert_ok(h5_commit(file));
    assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, "more than 268435456 parameters");
}

static void test_file_without_checksum(void **state) {
    (void)state;
    const char *whole = scratch_path("with.h5");
    uint8_t *bytes;
    size_t size;
    write_tiny(whole);
    assert_ok(file_read(whole, 1 << 24, &bytes, &size));
    expect_loads(scratch_file("without.h5", bytes, size - TRAILER));
    free(bytes);
}

/* What other programs change stands in a file without a checksum of ours, what we change in one with a new one. */
static void test_amended_files(void **state) {
    (void)state;
    double threshold;
    const char *path = scratch_path("amended.h5");
    write_tiny(path);
    assert_ok(checkpoint_store_threshold(path, 0.25));
    assert_ok(checkpoint_read_threshold(path, &threshold));
    assert_true(threshold == 0.25);
    expect_loads(path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0 && H5Adelete(file, "detect.threshold") >= 0 && H5Fclose(file) >= 0);
    expect_loads(path);
}

static void test_newer_format(void **state) {
    (void)state;
    detector *d;
    h5_file *file;
    const char *path = scratch_path("newer.h5");
    write_tiny(path);
    assert_ok(h5_amend(path, &file));
    assert_ok(h5_write_attribute_int(file, "/", "checkpoint.format", 2));
    assert_ok(h5_commit(file));
    assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, "format 2, of a newer irst");
}

/* --- tensors that do not fit --- */

static void delete_tensor(hid_t file, const char *name) {
    assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
}

static void copy_tensor(hid_t file, const char *name) {
    assert_true(H5Ocopy(file, name, file, "model/more", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void reshape_tensor(hid_t file, const char *name) {
    hid_t space = H5Screate(H5S_SCALAR);
    delete_tensor(file, name);
    hid_t dataset = H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(space >= 0 && dataset >= 0 && H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0);
}

static void spoil_tensor(hid_t file, const char *name) {
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
    size_t count = (size_t)H5Sget_simple_extent_npoints(space);
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    values[count - 1] = (float)NAN;
    assert_true(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    assert_true(H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0);
    free(values);
}

static void forget_name(hid_t file, const char *name) {
    (void)name;
    assert_true(H5Adelete(file, "model.name") >= 0);
}

/* As by other programs, so that no checksum tells of it. */
static void test_other_tensors(void **state) {
    (void)state;
    static const struct {
        void (*change)(hid_t file, const char *name);
        const char *message;
    } cases[] = {{delete_tensor, " is missing"},
                 {copy_tensor, ": model/more is not part of the network"},
                 {reshape_tensor, " has shape (), expected ("},
                 {spoil_tensor, " holds a value that is not finite"},
                 {forget_name, "not a checkpoint of irst: it has no attribute model.name"}};
    const char *path = scratch_path("other.h5");
    char name[300];
    detector *d = tiny_detector();
    snprintf(name, sizeof name, "model/%s", detector_parameters(d)->items[1]->name);
    detector_free(d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_tiny(path);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(file >= 0);
        cases[i].change(file, name);
        assert_true(H5Fclose(file) >= 0);
        assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, cases[i].message);
        assert_null(d);
    }
}

static void test_impossible_thresholds(void **state) {
    (void)state;
    static const double wrong[] = {-0.01, 1, INFINITY, NAN, 1 - 1e-8}; /* the last is 1 as a float */
    const char *path = scratch_path("threshold.h5");
    double threshold;
    write_tiny(path);
    for (int i = 0; i < 5; i++)
        assert_fails(checkpoint_store_threshold(path, wrong[i]), STATUS_USAGE, "a threshold of", "less than 1");
    assert_ok(checkpoint_read_threshold(path, &threshold));
    assert_true(isnan(threshold)); /* none was stored */
    for (int i = 0; i < 5; i++) {
        h5_file *file;
        write_tiny(path);
        assert_ok(h5_amend(path, &file));
        assert_ok(checkpoint_write_threshold(file, wrong[i]));
        assert_ok(h5_commit(file));
        assert_fails(checkpoint_read_threshold(path, &threshold), STATUS_INPUT, path, "detect.threshold is");
        assert_true(isnan(threshold));
    }
}

/* --- ranges of activations --- */

/* Of a layer that int8 may round. */
static parameter *first_weight(detector *d) {
    parameter *p = parameter_find(detector_parameters(d), "decos.0.merge.mapping.0.weight");
    assert_non_null(p);
    return p;
}

static void write_with_range(const char *path, float range, float mean) {
    detector *d = tiny_detector();
    h5_file *file;
    parameter *p = first_weight(d);
    if (range != 0) {
        assert_ok(parameter_make_ranges(p));
        for (int i = 0; i < p->shape[0]; i++)
            p->ranges[i] = i == 2 ? range : 1;
        p->ranges[p->shape[0] + 1] = mean;
    }
    assert_ok(h5_create(path, &file));
    assert_ok(checkpoint_write_model(file, d, true));
    assert_ok(checkpoint_write_ranges(file, d));
    assert_ok(h5_commit(file));
    detector_free(d);
}

static void test_ranges_come_back(void **state) {
    (void)state;
    const char *path = scratch_path("ranges.h5");
    detector *d;
    write_with_range(path, 2.5f, 0.5f);
    assert_ok(checkpoint_load(test_engine(), path, &d));
    for (int i = 0; i < detector_parameters(d)->count; i++) {
        const parameter *p = detector_parameters(d)->items[i];
        assert_int_equal(p->ranges != NULL, p == first_weight(d));
    }
    assert_true(first_weight(d)->ranges[1] == 1 && first_weight(d)->ranges[2] == 2.5f);
    assert_true(first_weight(d)->ranges[4] == 0 && first_weight(d)->ranges[5] == 0.5f);
    detector_free(d);
    h5_file *file;
    write_with_range(path, 0, 0); /* none: nothing is written */
    assert_ok(checkpoint_open(path, &file));
    assert_false(h5_exists(file, "ranges") || h5_has_attribute(file, "/", "ranges.format"));
    h5_close(file);
}

static void test_impossible_ranges(void **state) {
    (void)state;
    static const float wrong[] = {-1, 1e-40f, 2e30f, INFINITY, NAN};
    const char *path = scratch_path("wrong_ranges.h5");
    detector *d;
    for (int i = 0; i < 5; i++) {
        write_with_range(path, wrong[i], 0);
        assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, "a range of activations is above 0");
        assert_null(d);
        if (wrong[i] > 0 && wrong[i] < 1)
            continue;
        write_with_range(path, 1, wrong[i]);
        assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, "a mean of activations is 0 to");
        assert_null(d);
    }
}

static void add_range(h5_file *file, const char *name, int rank) {
    const h5_shape shape = {.rank = rank, .size = {rank > 1 ? 2 : 4, 4}};
    const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    assert_ok(h5_write(file, name, H5_FLOAT32, &shape, ones));
    assert_ok(h5_write_attribute_int(file, "/", "ranges.format", 1));
}

static void add_unknown(h5_file *file) {
    add_range(file, "ranges/decos.9.merge.mapping.0.weight", 2);
}

static void add_of_bias(h5_file *file) {
    add_range(file, "ranges/decos.0.merge.mapping.0.bias", 2);
}

static void add_row(h5_file *file) {
    add_range(file, "ranges/decos.0.merge.mapping.0.weight", 1);
}

static void add_scalar(h5_file *file) {
    add_range(file, "ranges/decos.0.merge.mapping.0.weight", 0);
}

static void add_newer(h5_file *file) {
    add_range(file, "ranges/decos.0.merge.mapping.0.weight", 1);
    assert_ok(h5_write_attribute_int(file, "/", "ranges.format", 2));
}

static void add_without_format(h5_file *file) {
    const h5_shape shape = {.rank = 1, .size = {1}};
    assert_ok(h5_write(file, "ranges/decos.0.merge.mapping.0.weight", H5_FLOAT32, &shape, &(float){1}));
}

static void test_other_ranges(void **state) {
    (void)state;
    static const struct {
        void (*add)(h5_file *file);
        const char *message;
    } cases[] = {{add_unknown, "decos.9.merge.mapping.0.weight: the network has no convolution"},
                 {add_of_bias, "decos.0.merge.mapping.0.bias: the network has no convolution"},
                 {add_row, "is not two numbers for each of 4 channels"},
                 {add_scalar, "is not two numbers for each of 4 channels"},
                 {add_newer, "has ranges of format 2, of a newer irst"},
                 {add_without_format, "no attribute ranges.format"}};
    const char *path = scratch_path("other_ranges.h5");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        h5_file *file;
        detector *d;
        write_tiny(path);
        assert_ok(h5_amend(path, &file));
        cases[i].add(file);
        assert_ok(h5_commit(file));
        assert_fails(checkpoint_load(test_engine(), path, &d), STATUS_INPUT, path, cases[i].message);
        assert_null(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_damaged_byte_is_noticed),
        cmocka_unit_test(test_too_large_network),
        cmocka_unit_test(test_file_without_checksum),
        cmocka_unit_test(test_amended_files),
        cmocka_unit_test(test_newer_format),
        cmocka_unit_test(test_other_tensors),
        cmocka_unit_test(test_impossible_thresholds),
        cmocka_unit_test(test_ranges_come_back),
        cmocka_unit_test(test_impossible_ranges),
        cmocka_unit_test(test_other_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
