/* Packs whose parts do not fit together, as no `prepare pack` writes them. */
#include "core/io/hdf5_io.h"
#include "datasets/dataset.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

typedef struct pack_parts {
    h5_shape images, masks;
    int names, splits;
    int64_t full_scale;
} pack_parts;

/* As much of each part as the struct says; every sample belongs to the split "test". */
static void write_pack(const char *path, const pack_parts *p) {
    static const char *const names[] = {"a", "b", "c"}, *const splits[] = {"test", "test", "test"};
    static const uint8_t zeros[64];
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "images", H5_UINT8, &p->images, zeros));
    assert_ok(h5_write(file, "masks", H5_UINT8, &p->masks, zeros));
    assert_ok(h5_write_attribute_int(file, "images", "full_scale", p->full_scale));
    assert_ok(h5_write_strings(file, "names", names, p->names));
    assert_ok(h5_write_strings(file, "split", splits, p->splits));
    assert_ok(h5_commit(file));
}

static const h5_shape two = {.rank = 3, .size = {2, 3, 4}}, three = {.rank = 3, .size = {3, 3, 4}},
                      turned = {.rank = 3, .size = {2, 4, 3}}, flat = {.rank = 2, .size = {2, 12}};

static void test_parts_that_fit(void **state) {
    (void)state;
    dataset *d;
    const char *path = scratch_path("fits.h5");
    write_pack(path, &(pack_parts){two, two, 2, 2, 255});
    assert_ok(dataset_open(path, "test", &d));
    assert_int_equal(dataset_count(d), 2);
    dataset_close(d);
    char name[64];
    dataset_name_of("sets/FITS.H5", name, sizeof name);
    assert_string_equal(name, "FITS");
    assert_true(pack_is_called("sets/FITS.H5") && !pack_is_called("sets/FITS.H5/"));
}

static void test_parts_that_do_not(void **state) {
    (void)state;
    const struct {
        pack_parts parts;
        const char *message;
    } cases[] = {{{two, two, 2, 1, 255}, "2 names but 1 splits"},
                 {{two, two, 3, 3, 255}, "one shape N x H x W with N = 3 names"},
                 {{two, three, 2, 2, 255}, "one shape"},
                 {{two, turned, 2, 2, 255}, "one shape"},
                 {{flat, flat, 2, 2, 255}, "one shape"},
                 {{two, two, 2, 2, 254}, "full scale 254, expected 255 or 65535"}};
    const char *path = scratch_path("odd.h5");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dataset *d;
        write_pack(path, &cases[i].parts);
        assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, path, cases[i].message);
        assert_null(d);
    }
}

/* A pack of one sample of 3x4 pixels, each of that value. */
static void write_values(const char *path, h5_type type, const void *images, const void *masks, int64_t full_scale) {
    static const h5_shape one = {.rank = 3, .size = {1, 3, 4}};
    static const char *const names[] = {"a"}, *const splits[] = {"test"};
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "images", type, &one, images));
    assert_ok(h5_write(file, "masks", type, &one, masks));
    assert_ok(h5_write_attribute_int(file, "images", "full_scale", full_scale));
    assert_ok(h5_write_strings(file, "names", names, 1));
    assert_ok(h5_write_strings(file, "split", splits, 1));
    assert_ok(h5_commit(file));
}

static void expect_unread(const char *path, const char *message) {
    dataset *d;
    grey_image image, mask;
    assert_ok(dataset_open(path, "test", &d));
    assert_fails(dataset_read(d, 0, MASK_SIZE_MUST_MATCH, &image, &mask), STATUS_INPUT, path, message);
    dataset_close(d);
}

static void test_values(void **state) {
    (void)state;
    static const float shares[12] = {0.5f, 1};
    static const uint16_t deep[12] = {[11] = 256}, shallow[12] = {[11] = 255};
    static const int32_t wide[12] = {65536}, below[12] = {-1}, good[12] = {65535, 1};
    const char *path = scratch_path("values.h5");
    write_values(path, H5_FLOAT32, shares, shares, 255);
    expect_unread(path, "images: holds floating-point numbers; expected whole ones");
    write_values(path, H5_UINT16, deep, shallow, 255);
    expect_unread(path, "images: a pixel of 256; expected 0 to 255");
    write_values(path, H5_UINT16, shallow, deep, 255);
    expect_unread(path, "masks: a pixel of 256; expected 0 to 255");
    write_values(path, H5_INT32, wide, good, 65535);
    expect_unread(path, "images: a pixel of 65536");
    write_values(path, H5_INT32, good, below, 65535);
    expect_unread(path, "masks: a pixel of -1");
    dataset *d;
    grey_image image, mask;
    write_values(path, H5_INT32, good, good, 65535);
    assert_ok(dataset_open(path, "test", &d));
    assert_ok(dataset_read(d, 0, MASK_SIZE_MUST_MATCH, &image, &mask));
    assert_int_equal(image.pixels[0], 65535);
    assert_int_equal(mask.pixels[1], 1);
    grey_image_free(&image);
    grey_image_free(&mask);
    dataset_close(d);
}

/* A checkpoint or the scores of an evaluation end in .h5, too. */
static void test_other_files(void **state) {
    (void)state;
    static const char *const names[] = {"a"};
    const char *path = scratch_path("other.h5");
    h5_file *file;
    dataset *d;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_text(file, "/", "model.name", "rpcanet_plus"));
    assert_ok(h5_commit(file));
    assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, path,
                 "it has no names: expected a set made by prepare pack");
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_strings(file, "names", names, 1));
    assert_ok(h5_commit(file));
    assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, path, "it has no split: expected");
}

/* Refused when it is opened, before a row of it takes 4 GiB: nothing of these images is stored. */
static void test_size(void **state) {
    (void)state;
    const h5_shape shapes[] = {{.rank = 3, .size = {1, 32768, 32768}}, {.rank = 3, .size = {1, 40000, 1}}};
    static const char *const names[] = {"a"}, *const splits[] = {"test"};
    const char *path = scratch_path("large.h5");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        h5_file *file;
        dataset *d;
        assert_ok(h5_create(path, &file));
        assert_ok(h5_create_chunked(file, "images", H5_UINT8, &shapes[i]));
        assert_ok(h5_create_chunked(file, "masks", H5_UINT8, &shapes[i]));
        assert_ok(h5_write_attribute_int(file, "images", "full_scale", 255));
        assert_ok(h5_write_strings(file, "names", names, 1));
        assert_ok(h5_write_strings(file, "split", splits, 1));
        assert_ok(h5_commit(file));
        assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, path, "pixels: expected sides of 1 to 32768");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_that_fit), cmocka_unit_test(test_parts_that_do_not), cmocka_unit_test(test_values),
        cmocka_unit_test(test_size),           cmocka_unit_test(test_other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
