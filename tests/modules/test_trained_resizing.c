/* What a checkpoint says of the size of the images that it was trained on, and when it matters. */
#include "modules/trained_resizing.h"

#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <string.h>

static image_sizes sizes_of(const int (*sides)[2], int count) {
    image_sizes sizes = {0};
    for (int i = 0; i < count; i++)
        image_sizes_add_image(&sizes, &(grey_image){.width = sides[i][0], .height = sides[i][1]});
    return sizes;
}

static void test_only_what_all_images_were_resized_by(void **state) {
    (void)state;
    const int large[][2] = {{512, 512}, {640, 480}}, mixed[][2] = {{512, 512}, {256, 256}}, same[][2] = {{300, 250}},
              small[][2] = {{100, 80}, {120, 90}};
    image_sizes sizes = sizes_of(large, 2);
    trained_resizing r = trained_resizing_of(&sizes, 256);
    assert_true(r.width == 576 && r.height == 496 && r.size == 256);
    sizes = sizes_of(mixed, 2);
    assert_int_equal(trained_resizing_of(&sizes, 256).size, 0);
    sizes = sizes_of(same, 1);
    assert_int_equal(trained_resizing_of(&sizes, 256).size, 0);
    sizes = sizes_of(small, 2);
    assert_int_equal(trained_resizing_of(&sizes, 256).size, 256);
    assert_int_equal(trained_resizing_of(&(image_sizes){0}, 256).size, 0);
}

static void write(const char *path, const trained_resizing *r, const char *text) {
    h5_file *file;
    assert_ok(h5_create(path, &file));
    if (r)
        assert_ok(trained_resizing_write(file, r));
    if (text)
        assert_ok(h5_write_attribute_text(file, "/", "data.resized", text));
    assert_ok(h5_commit(file));
}

static void test_it_comes_back(void **state) {
    (void)state;
    const char *path = scratch_path("resized.h5");
    trained_resizing found;
    write(path, &(trained_resizing){640, 512, 256}, NULL);
    assert_ok(trained_resizing_read(path, &found));
    assert_true(found.width == 640 && found.height == 512 && found.size == 256);
    write(path, &(trained_resizing){0}, NULL);
    assert_ok(trained_resizing_read(path, &found));
    assert_int_equal(found.size, 0);
}

static void test_what_it_cannot_be(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "512x512",
                                        "512x512 to",
                                        "0x512 to 256",
                                        "512x-2 to 3",
                                        "512x512 to 256x256",
                                        "9x9 to 99999",
                                        "40000x9 to 9"};
    const char *path = scratch_path("wrong.h5");
    trained_resizing found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write(path, NULL, wrong[i]);
        assert_fails(trained_resizing_read(path, &found), STATUS_INPUT, path, "expected WIDTHxHEIGHT to SIZE");
        assert_int_equal(found.size, 0);
    }
}

static void test_it_is_said_where_it_matters(void **state) {
    (void)state;
    char text[1024];
    const trained_resizing smaller = {512, 512, 256}, larger = {100, 100, 256};
    const int wide[][2] = {{100, 100}, {640, 480}}, as_trained[][2] = {{256, 256}}, tiny[][2] = {{90, 90}};
    image_sizes sizes = sizes_of(wide, 2);
    assert_true(trained_resizing_remark(&smaller, "net.h5", &sizes, "--size", text, sizeof text));
    assert_string_equal(text, "net.h5 was trained on images of 512x512 resized to 256x256; these are searched at their "
                              "own size, where targets are larger than it knows them: --size 256 resizes them");
    assert_false(trained_resizing_remark(&larger, "net.h5", &sizes, "--size", text, sizeof text));
    assert_false(trained_resizing_remark(&(trained_resizing){0}, "net.h5", &sizes, "--size", text, sizeof text));
    sizes = sizes_of(as_trained, 1);
    assert_false(trained_resizing_remark(&smaller, "net.h5", &sizes, "--size", text, sizeof text));
    sizes = sizes_of(tiny, 1);
    assert_false(trained_resizing_remark(&smaller, "net.h5", &sizes, "size", text, sizeof text));
    assert_true(trained_resizing_remark(&larger, "net.h5", &sizes, "size", text, sizeof text));
    assert_non_null(strstr(text, "targets are smaller than it knows them: size 256"));
    assert_false(trained_resizing_remark(&larger, "net.h5", &(image_sizes){0}, "size", text, sizeof text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_all_images_were_resized_by),
        cmocka_unit_test(test_it_comes_back),
        cmocka_unit_test(test_what_it_cannot_be),
        cmocka_unit_test(test_it_is_said_where_it_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
