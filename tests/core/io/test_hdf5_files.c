/* HDF5 files as wholes: from other programs, damaged, replaced atomically, equal to the byte. */
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "tests/core/io/hdf5_sample.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

    /* Truth values as h5py stores them: an enumeration of one byte. */
    const int8_t no = 0, yes = 1, truths[2] = {1, 0};
    type = H5Tenum_create(H5T_NATIVE_INT8);
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    space = H5Screate_simple(1, &two, NULL);
    dataset = H5Dcreate2(file, "truths", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, truths) >= 0);
    H5Dclose(dataset);
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
    uint8_t truths[2];
    assert_ok(h5_read(file, "truths", H5_UINT8, 2, truths));
    assert_true(truths[0] == 1 && truths[1] == 0);
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
    write_hdf5_sample(path);
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
    assert_ok(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, sample_weights));
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
    assert_ok(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, sample_weights));
    assert_fails(h5_write(file, "a", H5_FLOAT32, &(h5_shape){1, {6}}, sample_weights), STATUS_OUTPUT, path, "a");
    assert_fails(h5_write(file, "b", H5_FLOAT32, &(h5_shape){1, {-1}}, sample_weights), STATUS_OUTPUT, path, "b");
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
    write_hdf5_sample(path);
    char *first = read_bytes(path, &first_size);
    sleep(1); /* HDF5's time stamps would count seconds */
    path = scratch_path("second.h5");
    write_hdf5_sample(path);
    char *second = read_bytes(path, &second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
}

/* What train and pack write: small tensors, attributes, texts, compressed ones, rows. */
static status write_all_kinds(const char *path) {
    static float data[1 << 16];
    static const char *const names[] = {"one", "two"};
    for (int i = 0; i < 1 << 16; i++)
        data[i] = (float)(i * 2654435761u);
    h5_file *file;
    TRY(h5_create(path, &file));
    status code = STATUS_OK;
    for (int i = 0; i < 40 && code == STATUS_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "part.%d/weight", i);
        code = h5_write(file, name, H5_FLOAT32, &(h5_shape){1, {1500}}, data);
    }
    if (code == STATUS_OK)
        code = h5_write_strings(file, "names", names, 2);
    if (code == STATUS_OK)
        code = h5_write_attribute_text(file, "/", "text", "a text");
    if (code == STATUS_OK)
        code = h5_write_compressed(file, "state", H5_FLOAT32, &(h5_shape){1, {1 << 16}}, data);
    if (code == STATUS_OK)
        code = h5_create_chunked(file, "rows", H5_FLOAT32, &(h5_shape){2, {16, 4096}});
    for (int i = 0; i < 16 && code == STATUS_OK; i++)
        code = h5_write_rows(file, "rows", H5_FLOAT32, i, 1, data + 4096 * i);
    if (code == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return code;
}

/* Under a limit on file sizes, which is met as a full disk is. Exit code 0 if that is reported, 3 if all was written.
 * HDF5 is ended as it is by exit(), where it used to crash. */
static int write_within(const char *path, rlim_t limit) {
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit});
    char expected[4200];
    snprintf(expected, sizeof expected, "%s: cannot be written: File too large", path);
    status code = write_all_kinds(path);
    if (H5close() < 0)
        return 2;
    if (code == STATUS_OK)
        return 3;
    if (code == STATUS_OUTPUT && strcmp(status_message(), expected) == 0)
        return 0;
    fprintf(stderr, "limit %ld: %s\n", (long)limit, status_message());
    return 1;
}

static void test_full_disk(void **state) {
    (void)state;
    for (rlim_t limit = 0;; limit += 9000) {
        const char *path = scratch_file("full.h5", "old", 3);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(write_within(path, limit));
        int outcome;
        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_true(WIFEXITED(outcome));
        if (limit > 1 << 19 && WEXITSTATUS(outcome) == 3)
            break; /* room for all of it */
        assert_int_equal(WEXITSTATUS(outcome), 0);
        size_t size;
        char *bytes = read_bytes(path, &size);
        assert_int_equal(size, 3);
        free(bytes);
        name_list names;
        assert_ok(folder_list(scratch_path(""), ".tmp", &names));
        assert_int_equal(names.count, 0);
    }
}

/* Files written by h5py: parameter names as text, attributes as numbers and strings. */
static void test_reference_files(void **state) {
    (void)state;
    const char *shared = require_shared_folder();
    char path[4096];
    h5_file *file;
    h5_shape shape;
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
    assert_ok(h5_get_shape(file, "final/decos.0.lowrank.channel_attention.excitation.0.weight", &shape));
    assert_true(shape.rank == 4 && shape.size[0] == 2 && shape.size[1] == 32);
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
        cmocka_unit_test(test_foreign_files),      cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_creation_is_atomic), cmocka_unit_test(test_same_content_same_bytes),
        cmocka_unit_test(test_full_disk),          cmocka_unit_test(test_reference_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
