/* What a checkpoint says of the size of the images that it was trained on, and when it matters. */
#include "modules/trained_view.h"

#include "modules/torch/weights_notes.h"
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
    trained_view v = trained_view_of(&sizes, 256);
    assert_true(v.is_known && v.width == 576 && v.height == 496 && v.size == 256);
    v = trained_view_of(&sizes, 0);
    assert_true(v.is_known && v.width == 0 && v.size == 0);
    sizes = sizes_of(mixed, 2);
    v = trained_view_of(&sizes, 256);
    assert_true(v.is_known && v.width == 0 && v.size == 256);
    sizes = sizes_of(same, 1);
    assert_int_equal(trained_view_of(&sizes, 256).width, 0);
    sizes = sizes_of(small, 2);
    assert_int_equal(trained_view_of(&sizes, 256).width, 110);
    assert_false(trained_view_of(&(image_sizes){0}, 256).is_known);
}

static void write(const char *path, const trained_view *v, const char *key, const char *text) {
    h5_file *file;
    assert_ok(h5_create(path, &file));
    if (v)
        assert_ok(trained_view_write(file, v));
    if (text)
        assert_ok(h5_write_attribute_text(file, "/", key, text));
    assert_ok(h5_commit(file));
}

static void test_it_comes_back(void **state) {
    (void)state;
    const char *path = scratch_path("seen.h5");
    static const struct {
        trained_view view;
        const char *text;
        int size;
    } cases[] = {{{true, 256, 640, 512}, "640x512 pixels, resized to 256x256", 256},
                 {{true, 256, 0, 0}, "256x256 pixels", 256},
                 {{true, 0, 0, 0}, "any size", 0},
                 {{false, 0, 0, 0}, "any size", 7}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const trained_view *v = &cases[i].view;
        trained_view found;
        char text[96];
        int size;
        write(path, v, NULL, NULL);
        assert_ok(trained_view_read(path, &found));
        assert_true(found.is_known == v->is_known && found.size == v->size);
        assert_true(found.width == v->width && found.height == v->height);
        trained_view_text(&found, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        assert_ok(weights_read_size(path, 7, &size));
        assert_int_equal(size, cases[i].size);
    }
    int size;
    assert_ok(weights_read_size(NULL, 256, &size));
    assert_int_equal(size, 256);
    write(path, NULL, "data.size", "384"); /* of a run of before */
    assert_ok(weights_read_size(path, 256, &size));
    assert_int_equal(size, 384);
}

static void test_what_it_cannot_be(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",           "0",           "-3",           "512x512",          "512x512 to",
        "0x5 to 256", "512x-2 to 3", "9x9 to 99999", "512x512 to 256x2", "40000x9 to 9"};
    const char *path = scratch_path("wrong.h5");
    trained_view found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write(path, NULL, "data.seen", wrong[i]);
        assert_fails(trained_view_read(path, &found), STATUS_INPUT, path, "expected native, SIZE or");
        assert_false(found.is_known);
    }
}

static const char *remark(const trained_view *v, int size, const image_sizes *images) {
    static char text[4096];
    return trained_view_remark(v, "net.h5", size, images, "--size", text, sizeof text) ? text : NULL;
}

static void test_it_is_said_where_it_matters(void **state) {
    (void)state;
    const trained_view smaller = {true, 256, 512, 512}, larger = {true, 256, 100, 100}, plain = {true, 256, 0, 0},
                       native = {true, 0, 0, 0}, unknown = {0};
    const int wide[][2] = {{100, 100}, {640, 480}}, as_trained[][2] = {{256, 256}}, tiny[][2] = {{90, 90}};
    image_sizes sizes = sizes_of(wide, 2);
    assert_string_equal(remark(&smaller, 0, &sizes),
                        "net.h5 was trained on images of 512x512 resized to 256x256; these are searched at their own "
                        "size, where targets are larger than it knows them: --size 256 resizes them");
    assert_null(remark(&larger, 0, &sizes));
    assert_null(remark(&plain, 0, &sizes));
    assert_null(remark(&native, 0, &sizes));
    assert_null(remark(&unknown, 0, &sizes));
    assert_null(remark(&smaller, 256, &sizes));
    assert_null(remark(&smaller, 288, &sizes)); /* hardly another scale */
    assert_string_equal(remark(&plain, 512, &sizes), "net.h5 was trained at 256x256 and sees images at 512x512, where "
                                                     "targets have another size: --size 256");
    assert_string_equal(remark(&native, 128, &sizes),
                        "net.h5 was trained on images at their own size and sees these at 128x128, where targets have "
                        "another size: --size native");
    assert_null(remark(&unknown, 128, &sizes));
    sizes = sizes_of(as_trained, 1);
    assert_null(remark(&smaller, 0, &sizes));
    assert_null(remark(&native, 256, &sizes));
    sizes = sizes_of(tiny, 1);
    assert_null(remark(&smaller, 0, &sizes));
    assert_non_null(strstr(remark(&larger, 0, &sizes), "targets are smaller than it knows them: --size 256"));
    assert_null(remark(&larger, 0, &(image_sizes){0}));
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
