#include "tests/core/io/hdf5_sample.h"

#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "tests/expect.h"

#include <stdlib.h>

void free_texts(char **texts, int count) {
    for (int i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

const float sample_weights[6] = {0.0f, -1.5f, 3.25f, 1e-30f, 65504.0f, 7.0f};

void write_hdf5_sample(const char *path) {
    const int64_t counts[3] = {-1, INT64_MAX, INT64_MIN};
    const uint16_t pixels[4] = {0, 1, 65534, 65535};
    const uint8_t bytes[2] = {0, 255};
    const double real = 0.1;
    const char *const names[3] = {"XDU0", "", "\xc3\xa9t\xc3\xa9"};
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_string_equal(h5_path(file), path);
    assert_ok(h5_write(file, "model/decos.0.weight", H5_FLOAT32, &(h5_shape){2, {2, 3}}, sample_weights));
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
