/* Checkpoints: every damaged byte is noticed, newer formats are refused, files without a checksum pass. */
#include "core/io/file_io.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <hdf5.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_damaged_byte_is_noticed),
        cmocka_unit_test(test_file_without_checksum),
        cmocka_unit_test(test_amended_files),
        cmocka_unit_test(test_newer_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
