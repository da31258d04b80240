/* HDF5 files that were made to do harm: refused, and before memory is taken. */
#include "core/io/hdf5_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>

enum { ELEMENTS = 4 };

static void add_dataset(hid_t file, const char *name, hid_t properties, hsize_t size) {
    hid_t space = H5Screate_simple(1, &size, NULL);
    hid_t id = H5Dcreate2(file, name, H5T_STD_U8LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    assert_true(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
}

static h5_file *opened(const char *path) {
    h5_file *file;
    assert_ok(h5_open(path, &file));
    return file;
}

/* What stands in other files stays there: links, raw values, virtual datasets. */
static void test_other_files(void **state) {
    (void)state;
    const char *secret = scratch_path("secret.h5"), *path = scratch_path("links.h5");
    hid_t other = H5Fcreate(secret, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    add_dataset(other, "password", H5P_DEFAULT, ELEMENTS);
    H5Fclose(other);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Lcreate_external(secret, "/password", file, "link", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_external(secret, "/", file, "group", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/group/password", file, "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    hid_t outside = H5Pcreate(H5P_DATASET_CREATE), joined = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_external(outside, "/etc/passwd", 0, ELEMENTS) >= 0);
    add_dataset(file, "outside", outside, ELEMENTS);
    hsize_t size = ELEMENTS;
    hid_t space = H5Screate_simple(1, &size, NULL);
    assert_true(H5Pset_virtual(joined, space, secret, "password", space) >= 0);
    add_dataset(file, "joined", joined, ELEMENTS);
    H5Sclose(space);
    H5Pclose(outside);
    H5Pclose(joined);
    H5Fclose(file);

    uint8_t values[ELEMENTS];
    h5_file *f = opened(path);
    assert_fails(h5_read(f, "link", H5_UINT8, ELEMENTS, values), STATUS_INPUT, path, "no such dataset");
    assert_fails(h5_read(f, "group/password", H5_UINT8, ELEMENTS, values), STATUS_INPUT, path, "no such dataset");
    assert_fails(h5_read(f, "soft", H5_UINT8, ELEMENTS, values), STATUS_INPUT, path, "no such dataset");
    assert_fails(h5_read(f, "outside", H5_UINT8, ELEMENTS, values), STATUS_INPUT, "outside", "other files");
    assert_fails(h5_read(f, "joined", H5_UINT8, ELEMENTS, values), STATUS_INPUT, "joined", "other files");
    h5_close(f);
}

/* 2^40 elements that occupy nothing, and four that stand in a chunk of 2 GiB of zeros. */
static void test_bombs(void **state) {
    (void)state;
    const char *path = scratch_path("bombs.h5");
    hsize_t size = (hsize_t)1 << 40, chunk = 4096;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 1, &chunk);
    H5Pset_deflate(chunked, 9);
    add_dataset(file, "many", chunked, size);
    chunk = (hsize_t)1 << 31;
    size = ELEMENTS;
    hsize_t most = H5S_UNLIMITED;
    H5Pset_chunk(chunked, 1, &chunk);
    hid_t space = H5Screate_simple(1, &size, &most);
    hid_t id = H5Dcreate2(file, "chunk", H5T_STD_U8LE, space, H5P_DEFAULT, chunked, H5P_DEFAULT);
    assert_true(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(chunked);
    H5Fclose(file);

    uint8_t values[ELEMENTS];
    h5_file *f = opened(path);
    assert_fails(h5_read(f, "many", H5_UINT8, ELEMENTS, values), STATUS_INPUT, "1099511627776", "expected 4");
    assert_fails(h5_read(f, "chunk", H5_UINT8, ELEMENTS, values), STATUS_INPUT, "chunk", "more than 1 GiB");
    h5_close(f);
}

/* --- text of variable length --- */

typedef struct image_of_file {
    uint8_t *bytes;
    size_t size;
} image_of_file;

/* A file with the text "harmless" in an attribute and, twice, in a dataset. */
static image_of_file text_file(void) {
    static const char *const texts[] = {"harmless", "harmless"};
    const char *path = scratch_path("text.h5");
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_text(file, "/", "note", texts[0]));
    assert_ok(h5_write_strings(file, "names", texts, 2));
    assert_ok(h5_commit(file));
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    image_of_file out = {.bytes = malloc(1 << 16)};
    assert_non_null(out.bytes);
    out.size = fread(out.bytes, 1, 1 << 16, stream) - 16; /* without the checksum */
    fclose(stream);
    return out;
}

static size_t find(const image_of_file *f, const void *wanted, size_t length, size_t from) {
    for (size_t at = from; at + length <= f->size; at++)
        if (!memcmp(f->bytes + at, wanted, length))
            return at;
    fail_msg("the file is laid out otherwise");
    return 0;
}

/* Where the n-th object of the first heap has its number; 8 bytes on is its size. */
static size_t object_at(const image_of_file *f, size_t n) {
    enum { HEAD = 16, OBJECT = 16 + 8 };
    return find(f, "GCOL", 4, 0) + HEAD + n * OBJECT;
}

/* Writes the file, and expects that neither of its texts is read. */
static void expect_refused(const image_of_file *f, const char *why) {
    char *text, **texts;
    int count;
    const char *path = scratch_file("hostile.h5", f->bytes, f->size);
    h5_file *file = opened(path);
    assert_fails(h5_read_attribute_text(file, "/", "note", &text), STATUS_INPUT, path, why);
    assert_null(text);
    assert_fails(h5_read_strings(file, "names", &texts, &count), STATUS_INPUT, path, why);
    assert_null(texts);
    h5_close(file);
}

static void set_number(uint8_t *bytes, uint64_t number, int count) {
    for (int i = 0; i < count; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
}

/* HDF5 would copy an object of another length than its reference states over the end of its memory, walk a heap without
 * end, or take 4 GiB. */
static void test_false_lengths(void **state) {
    (void)state;
    image_of_file f = text_file();
    char *text;
    h5_file *whole = opened(scratch_file("whole.h5", f.bytes, f.size));
    assert_ok(h5_read_attribute_text(whole, "/", "note", &text));
    assert_string_equal(text, "harmless");
    free(text);
    h5_close(whole);

    const uint64_t sizes[] = {7, 9, 1, 100, UINT64_MAX, UINT64_MAX - 15};
    for (int i = 0; i < 6; i++) {
        for (size_t n = 0; n < 3; n++)
            set_number(f.bytes + object_at(&f, n) + 8, sizes[i], 8);
        expect_refused(&f, "is damaged");
    }
    for (size_t n = 0; n < 3; n++)
        set_number(f.bytes + object_at(&f, n) + 8, 8, 8);

    uint8_t *heap = f.bytes + find(&f, "GCOL", 4, 0);
    set_number(heap + 8, (uint64_t)1 << 30, 8);
    expect_refused(&f, "a heap of another size");
    set_number(heap + 8, 4096, 8);
    set_number(f.bytes + object_at(&f, 3), 0, 2); /* the free rest, of size 0: HDF5 would stay there */
    set_number(f.bytes + object_at(&f, 3) + 8, 0, 8);
    expect_refused(&f, "whose parts do not fit");
    free(f.bytes);

    /* The references: 8 bytes of text, the heap's address, the number of the object. */
    const uint64_t lengths[] = {9, 7, 0, 0xffffffff};
    for (int i = 0; i < 4; i++) {
        f = text_file();
        uint8_t reference[12] = {8};
        set_number(reference + 4, find(&f, "GCOL", 4, 0), 8);
        for (size_t at = 0, n = 0; n < 3; n++, at++) {
            at = find(&f, reference, sizeof reference, at);
            set_number(f.bytes + at, lengths[i], 4);
        }
        expect_refused(&f, lengths[i] > 9 ? "more than 268435456 bytes of text" : "another length");
        free(f.bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_false_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
