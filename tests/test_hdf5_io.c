#include "core/file_io.h"
#include "core/hdf5_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void free_texts(char **texts, int count) {
    for (int i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static const float weights[6] = {0.0f, -1.5f, 3.25f, 1e-30f, 65504.0f, 7.0f};

static void write_sample(const char *path) {
    const int64_t counts[3] = {-1, INT64_MAX, INT64_MIN};
    const uint16_t pixels[4] = {0, 1, 65534, 65535};
    const uint8_t bytes[2] = {0, 255};
    const double real = 0.1;
    const char *const names[3] = {"XDU0", "", "\xc3\xa9t\xc3\xa9"};
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_string_equal(h5_path(file), path);
    assert_ok(h5_write(file, "model/decos.0.weight", H5_FLOAT32, &(h5_shape){2, {2, 3}}, weights));
    assert_ok(h5_write(file, "model/decos.0.bias", H5_INT64, &(h5_shape){1, {3}}, counts));
    assert_ok(h5_write(file, "model/a/deep", H5_UINT16, &(h5_shape){4, {1, 1, 2, 2}}, pixels));
    assert_ok(h5_write(file, "scalar", H5_FLOAT64, &(h5_shape){0}, &real));
    assert_ok(h5_write(file, "bytes", H5_UINT8, &(h5_shape){1, {2}}, bytes));
    assert_ok(h5_write(file, "empty", H5_INT32, &(h5_shape){2, {0, 3}}, NULL));
    assert_ok(h5_write_strings(file, "names", names, 3));
    assert_ok(h5_write_strings(file, "no_names", NULL, 0));
    assert_ok(h5_write_attribute_text(file, "/", "model.name", "rpcanet-plus"));
    assert_ok(h5_write_attribute_text(file, "/", "empty", ""));
    assert_ok(h5_write_attribute_double(file, "model", "eta", 0.1));
    assert_ok(h5_write_attribute_int(file, "model/decos.0.weight", "steps", INT64_MIN));
    assert_false(path_is_file(path));
    assert_ok(h5_commit(file));
    assert_true(path_is_file(path));
}

static void test_round_trip(void **state) {
    (void)state;
    const char *path = scratch_path("sample.h5");
    write_sample(path);
    h5_file *file;
    assert_ok(h5_open(path, &file));

    float real[6];
    assert_ok(h5_read(file, "model/decos.0.weight", H5_FLOAT32, 6, real));
    assert_memory_equal(real, weights, sizeof weights);
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
    write_sample(path);
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
    write_sample(path);
    h5_file *file;
    assert_ok(h5_open(path, &file));
    double real[6];
    assert_ok(h5_read(file, "model/decos.0.weight", H5_FLOAT64, 6, real));
    for (int i = 0; i < 6; i++)
        assert_true(real[i] == (double)weights[i]);
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
    assert_ok(h5_write_rows(file, "small", H5_FLOAT32, 1, 3, weights));
    assert_fails(h5_write_rows(file, "images", H5_UINT8, ROWS, 1, row), STATUS_INPUT, path, "5 rows");
    assert_ok(h5_commit(file));

    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_rows(file, "images", H5_UINT8, 2, 3, 3 * WIDTH, row));
    for (int i = 0; i < 3 * WIDTH; i++)
        assert_int_equal(row[i], 12 + i / WIDTH);
    float small[10];
    assert_ok(h5_read(file, "small", H5_FLOAT32, 10, small));
    assert_memory_equal(small + 2, weights, sizeof weights);
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
    write_sample(path);
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
    write_sample(path);
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

/* Other programs store strings of fixed length, padded in three ways, and arrays of them in attributes. */
static void write_foreign(const char *path) {
    static const char fixed[3][4] = {{'a', 0, 0, 0}, {'b', 'c', 'd', 0}, {'w', 'x', 'y', 'z'}};
    static const char spaced[2][4] = {{'a', ' ', ' ', ' '}, {'w', ' ', 'y', 'z'}};
    hsize_t three = 3, two = 2;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &three, NULL);
    H5Tset_size(type, 4);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    hid_t dataset = H5Dcreate2(file, "padded", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, fixed) >= 0);
    hid_t attribute = H5Acreate2(dataset, "list", type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, fixed) >= 0);
    H5Aclose(attribute);
    H5Dclose(dataset);
    H5Sclose(space);
    space = H5Screate_simple(1, &two, NULL);
    H5Tset_strpad(type, H5T_STR_SPACEPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    dataset = H5Dcreate2(file, "spaced", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, spaced) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Tclose(type);

    /* Variable length, never written: HDF5 returns null pointers. */
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    space = H5Screate_simple(1, &two, NULL);
    H5Dclose(H5Dcreate2(file, "unwritten", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    H5Tclose(type);

    /* Big-endian numbers, a null space, too many dimensions, absurd sizes that occupy nothing. */
    const float big[3] = {1.0f, -2.0f, 0.5f};
    space = H5Screate_simple(1, &three, NULL);
    dataset = H5Dcreate2(file, "big", H5T_IEEE_F32BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, big) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    space = H5Screate(H5S_NULL);
    H5Dclose(H5Dcreate2(file, "null", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    hsize_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    space = H5Screate_simple(9, ones, NULL);
    H5Dclose(H5Dcreate2(file, "ranks", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    hsize_t huge[3] = {(hsize_t)1 << 40, (hsize_t)1 << 15, 1}, one[3] = {1, 1, 1};
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 3, one);
    space = H5Screate_simple(3, huge, NULL);
    type = H5Tcopy(H5T_C_S1);
    H5Dclose(H5Dcreate2(file, "huge", type, space, H5P_DEFAULT, chunked, H5P_DEFAULT));
    H5Tclose(type);
    H5Sclose(space);
    H5Pclose(chunked);
    H5Lcreate_soft("/nowhere", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Fclose(file) >= 0);
}

static void test_foreign_files(void **state) {
    (void)state;
    const char *path = scratch_path("foreign.h5");
    write_foreign(path);
    h5_file *file;
    char **names, *text;
    int count;
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_strings(file, "padded", &names, &count));
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "bcd");
    assert_string_equal(names[2], "wxyz");
    free_texts(names, count);
    assert_ok(h5_read_attribute_strings(file, "padded", "list", &names, &count));
    assert_int_equal(count, 3);
    assert_string_equal(names[2], "wxyz");
    free_texts(names, count);
    assert_fails(h5_read_attribute_text(file, "padded", "list", &text), STATUS_INPUT, path, "3 strings; expected one");
    assert_ok(h5_read_strings(file, "spaced", &names, &count));
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "w yz");
    free_texts(names, count);
    assert_ok(h5_read_strings(file, "unwritten", &names, &count));
    assert_int_equal(count, 2);
    assert_string_equal(names[1], "");
    free_texts(names, count);

    float big[3];
    h5_shape shape;
    assert_ok(h5_read(file, "big", H5_FLOAT32, 3, big));
    assert_true(big[0] == 1.0f && big[1] == -2.0f && big[2] == 0.5f);
    assert_fails(h5_read(file, "null", H5_FLOAT32, 1, big), STATUS_INPUT, path, "no shape");
    assert_fails(h5_get_shape(file, "ranks", &shape), STATUS_INPUT, path, "9 dimensions");
    assert_fails(h5_read_strings(file, "huge", &names, &count), STATUS_INPUT, path, "strings; expected at most");
    assert_false(h5_exists(file, "dangling"));
    assert_fails(h5_get_shape(file, "dangling", &shape), STATUS_INPUT, path, "dangling");
    h5_close(file);
}

static char *read_bytes(const char *path, size_t *size) {
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 20, stream);
    assert_true(*size > 0 && *size < 1 << 20);
    fclose(stream);
    return bytes;
}

static void test_damaged_files(void **state) {
    (void)state;
    const char *path = scratch_path("whole.h5");
    write_sample(path);
    size_t size;
    char *bytes = read_bytes(path, &size);
    h5_file *file;
    /* Every cut is noticed when the file is opened: the end of the file is written in its head. */
    for (size_t cut = 0; cut < size; cut += cut < 128 ? 1 : 97) {
        const char *part = scratch_file("cut.h5", bytes, cut);
        assert_fails(h5_open(part, &file), STATUS_INPUT, part, "HDF5 file");
        assert_null(file);
    }
    const char *text = scratch_file("text.h5", "[model]\nname = x\n", 17);
    assert_fails(h5_open(text, &file), STATUS_INPUT, text, "not an HDF5 file");
    free(bytes);

    const char *missing = scratch_path("none.h5");
    assert_fails(h5_open(missing, &file), STATUS_INPUT, missing, "No such file");
    const char *folder = scratch_path("");
    assert_fails(h5_open(folder, &file), STATUS_INPUT, folder, "folder");
}

static void test_creation_is_atomic(void **state) {
    (void)state;
    const char *old = "old content";
    const char *path = scratch_file("replaced.h5", old, strlen(old));
    h5_file *file;
    size_t size;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, weights));
    char *bytes = read_bytes(path, &size);
    assert_int_equal(size, strlen(old));
    assert_memory_equal(bytes, old, size);
    free(bytes);
    h5_close(file); /* abandoned */
    name_list names;
    assert_ok(folder_list(scratch_path(""), ".tmp", &names));
    assert_int_equal(names.count, 0);
    bytes = read_bytes(path, &size);
    assert_memory_equal(bytes, old, size);
    free(bytes);

    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, weights));
    assert_fails(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, weights), STATUS_OUTPUT, path, "a");
    assert_fails(h5_write(file, "b", H5_FLOAT32, &(h5_shape){1, {-1}}, weights), STATUS_OUTPUT, path, "b");
    assert_fails(h5_create_chunked(file, "c", H5_FLOAT32, &(h5_shape){0}), STATUS_OUTPUT, path, "c");
    assert_fails(h5_write_attribute_int(file, "d", "x", 1), STATUS_OUTPUT, path, "d@x");
    assert_ok(h5_commit(file));
    assert_ok(h5_open(path, &file));
    h5_close(file);

    const char *nowhere = scratch_path("no/such/folder.h5");
    assert_fails(h5_create(nowhere, &file), STATUS_OUTPUT, nowhere, "No such file");
    assert_null(file);
    const char *folder = scratch_path("");
    assert_fails(h5_create(folder, &file), STATUS_OUTPUT, folder, "folder");
}

/* A checkpoint written twice must be the same file: no time stamps, no uninitialised bytes. */
static void test_same_content_same_bytes(void **state) {
    (void)state;
    size_t first_size, second_size;
    const char *path = scratch_path("first.h5");
    write_sample(path);
    char *first = read_bytes(path, &first_size);
    sleep(1); /* HDF5's time stamps would count seconds */
    path = scratch_path("second.h5");
    write_sample(path);
    char *second = read_bytes(path, &second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
}

/* Writes more than the limit on file sizes allows, as a full disk would. Exit code 0 if that is reported. */
static int write_too_much(const char *path) {
    static float data[1 << 20];
    h5_file *file;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 16, 1 << 16});
    if (h5_create(path, &file) != STATUS_OK)
        return 2;
    status written = h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {1 << 20}}, data);
    status committed = h5_commit(file);
    return (written == STATUS_OUTPUT || committed == STATUS_OUTPUT) && strstr(status_message(), path) ? 0 : 1;
}

static void test_full_disk(void **state) {
    (void)state;
    const char *path = scratch_file("full.h5", "old", 3);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_too_much(path));
    int outcome;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), 0);
    size_t size;
    char *bytes = read_bytes(path, &size);
    assert_int_equal(size, 3);
    free(bytes);
    name_list names;
    assert_ok(folder_list(scratch_path(""), ".tmp", &names));
    assert_int_equal(names.count, 0);
}

/* Files written by h5py: parameter names as text, attributes as numbers and strings. */
static void test_reference_files(void **state) {
    (void)state;
    const char *shared = require_shared_folder();
    char path[4096];
    h5_file *file;
    int64_t stages;
    double eta, total = 0.0;
    char **names, *text;
    int count;
    assert_ok(path_join(path, shared, "reference/rpcanet_plus_train.h5", ""));
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_attribute_int(file, "/", "stages", &stages));
    assert_int_equal(stages, 2);
    assert_ok(h5_read_attribute_double(file, "/", "eta", &eta));
    assert_true(eta == 0.1);
    seen s = {.stop_after = 2};
    assert_int_equal(h5_each_dataset(file, "final", remember, &s), STATUS_INTERRUPTED);
    assert_string_equal(s.names[0], "final/decos.0.lowrank.channel_attention.excitation.0.bias");
    h5_close(file);

    assert_ok(path_join(path, shared, "reference/agpcnet.h5", ""));
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_attribute_text(file, "/", "torch", &text));
    assert_string_equal(text, "1.13.0a0");
    free(text);
    assert_ok(h5_read_strings(file, "state/names", &names, &count));
    assert_int_equal(count, 371);
    for (int i = 0; i < count; i++)
        total += (double)strlen(names[i]);
    assert_true(total > 371.0);
    free_texts(names, count);
    h5_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_numbers_are_converted),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_visits),
        cmocka_unit_test(test_missing_objects),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_creation_is_atomic),
        cmocka_unit_test(test_same_content_same_bytes),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_reference_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
