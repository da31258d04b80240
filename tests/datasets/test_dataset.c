/* Layouts, packs and labels: on small folders made here, and on the public benchmarks where they are. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/check/known_sets.h"
#include "datasets/dataset.h"
#include "datasets/make/synthesize.h"
#include "datasets/pack.h"
#include "datasets/preprocess.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 40, TRAIN = 11, TEST = 3 };

static char scenes[4096]; /* one synthetic folder for all tests */

static int make_scenes(void **state) {
    (void)state;
    snprintf(scenes, sizeof scenes, "%s", scratch_path("scenes"));
    assert_ok(synthesize_folder(scenes, 9, SIDE, TRAIN, TEST, NULL, NULL));
    return 0;
}

static const char *inside(const char *folder, const char *name) {
    static char path[4][4096];
    static int next;
    next = (next + 1) % 4;
    assert_ok(path_join(path[next], folder, name, ""));
    return path[next];
}

static void write_png(const char *path, int width, int height, uint8_t value) {
    uint8_t *pixels = malloc((size_t)width * (size_t)height);
    assert_non_null(pixels);
    memset(pixels, value, (size_t)width * (size_t)height);
    assert_ok(png_write_8(path, width, height, 1, pixels));
    free(pixels);
}

static void test_lists(void **state) {
    (void)state;
    dataset *d;
    assert_ok(dataset_open(scenes, "train", &d));
    assert_int_equal(dataset_count(d), TRAIN);
    assert_string_equal(dataset_name(d), "scenes");
    assert_string_equal(dataset_sample_name(d, 2), "scene_00002");
    grey_image image, mask;
    assert_ok(dataset_read(d, 0, MASK_SIZE_MUST_MATCH, &image, &mask));
    assert_int_equal(image.width, SIDE);
    assert_int_equal(mask_maximum(&mask), 255);
    grey_image_free(&image);
    grey_image_free(&mask);
    dataset_close(d);
    assert_ok(dataset_open(scenes, "trainval", &d)); /* train stands in */
    assert_string_equal(dataset_split(d), "train");
    dataset_close(d);
    assert_ok(dataset_open(scenes, "all", &d));
    assert_int_equal(dataset_count(d), TRAIN + TEST);
    dataset_close(d);
    assert_fails(dataset_open(scenes, "val", &d), STATUS_INPUT, scenes, "val.txt");
    assert_fails(dataset_open("no-such-folder", "train", &d), STATUS_INPUT, "no-such-folder", "no such");
}

static void test_names(void **state) {
    (void)state;
    char name[64];
    const char *const ends[] = {"", "/", "//", "/.", "/./", "/images/..", "/images/../"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s%s", scenes, ends[i]);
        dataset_name_of(path, name, sizeof name);
        assert_string_equal(name, "scenes");
        assert_int_equal(dataset_path_tells_name(path), i < 3);
    }
    dataset_name_of("/nowhere/..", name, sizeof name);
    assert_string_equal(name, "..");
    assert_true(dataset_path_tells_name("sets/...") && dataset_path_tells_name(".hidden"));
}

/* DIR/SPLIT/images, SIRST's mask names, and what can be wrong with a folder. */
static void test_folders_and_faults(void **state) {
    (void)state;
    char root[4096];
    dataset *d;
    grey_image image, mask;
    snprintf(root, sizeof root, "%s", scratch_path("set"));
    assert_ok(folder_create(inside(root, "test/images")));
    assert_ok(folder_create(inside(root, "test/masks")));
    assert_fails(dataset_open(root, "test", &d), STATUS_INPUT, "test", "no image of a known format");
    write_png(inside(root, "test/images/b.png"), 20, 30, 100);
    write_png(inside(root, "test/images/a.png"), 20, 30, 100);
    write_png(inside(root, "test/masks/a.png"), 20, 30, 7);
    assert_fails(dataset_open(root, "test", &d), STATUS_INPUT, "masks/b", "no such mask");
    write_png(inside(root, "test/masks/b_pixels0.png"), 21, 30, 7);
    assert_ok(dataset_open(root, "test", &d));
    assert_string_equal(dataset_sample_name(d, 0), "a"); /* sorted */
    assert_fails(dataset_read(d, 1, MASK_SIZE_MUST_MATCH, &image, &mask), STATUS_INPUT, "b_pixels0.png: 21x30",
                 "b.png is 20x30");
    assert_ok(dataset_read(d, 1, MASK_SIZE_MAY_DIFFER, &image, &mask));
    grey_image_free(&image);
    grey_image_free(&mask);
    dataset_close(d);
    assert_fails(dataset_open(root, "train", &d), STATUS_INPUT, "no folder train", root);
    assert_ok(folder_create(inside(root, "images")));
    assert_ok(folder_create(inside(root, "masks")));
    write_png(inside(root, "images/a.png"), 20, 30, 100);
    write_png(inside(root, "masks/a.png"), 20, 30, 7);
    assert_ok(file_write(inside(root, "twice.txt"), "a\na.png\n", 8));
    assert_fails(dataset_open(root, "twice", &d), STATUS_INPUT, "twice", "'a'");
    assert_ok(file_write(inside(root, "gone.txt"), "a\nmissing", 9));
    assert_fails(dataset_open(root, "gone", &d), STATUS_INPUT, "missing", "gone");
    assert_ok(file_write(inside(root, "empty.txt"), "\n", 1));
    assert_fails(dataset_open(root, "empty", &d), STATUS_INPUT, "empty.txt", "empty");
}

static void test_labels(void **state) {
    (void)state;
    uint16_t pixels[] = {0, 100, 128, 200};
    grey_image mask = {.width = 4, .height = 1, .maximum = 255, .pixels = pixels};
    uint8_t label[4];
    float soft[4];
    int maximum = mask_maximum(&mask);
    assert_int_equal(maximum, 200);
    mask_to_label(&mask, maximum, MASK_MAX, label);
    assert_memory_equal(label, ((uint8_t[]){0, 0, 0, 1}), 4);
    mask_to_label(&mask, maximum, MASK_HALF, label);
    assert_memory_equal(label, ((uint8_t[]){0, 0, 1, 1}), 4);
    mask_to_label(&mask, maximum, MASK_ANY, label);
    assert_memory_equal(label, ((uint8_t[]){0, 1, 1, 1}), 4);
    mask_to_soft(&mask, maximum, soft);
    assert_true(soft[1] == 0.5f && soft[3] == 1);
    memset(pixels, 0, sizeof pixels);
    mask_to_label(&mask, 0, MASK_MAX, label);
    assert_memory_equal(label, ((uint8_t[]){0, 0, 0, 0}), 4);
}

static void expect_same_sample(const dataset *a, const dataset *b, int index) {
    grey_image one[2], two[2];
    assert_ok(dataset_read(a, index, MASK_SIZE_MUST_MATCH, &one[0], &one[1]));
    assert_ok(dataset_read(b, index, MASK_SIZE_MUST_MATCH, &two[0], &two[1]));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(one[i].maximum, two[i].maximum);
        assert_memory_equal(one[i].pixels, two[i].pixels, SIDE * SIDE * sizeof(uint16_t));
        grey_image_free(&one[i]);
        grey_image_free(&two[i]);
    }
}

static void test_pack_gives_the_same_pixels(void **state) {
    (void)state;
    char path[4096];
    dataset *splits[2], *packed;
    snprintf(path, sizeof path, "%s", scratch_path("scenes.h5"));
    assert_ok(dataset_open(scenes, "train", &splits[0]));
    assert_ok(dataset_open(scenes, "test", &splits[1]));
    assert_ok(pack_write(path, splits, 2, &(pack_options){0}, NULL, NULL));
    assert_ok(dataset_open(path, "test", &packed));
    assert_int_equal(dataset_count(packed), TEST);
    assert_string_equal(dataset_name(packed), "scenes");
    for (int i = 0; i < TEST; i++) {
        assert_string_equal(dataset_sample_name(packed, i), dataset_sample_name(splits[1], i));
        expect_same_sample(splits[1], packed, i);
    }
    dataset_close(packed);
    assert_fails(dataset_open(path, "val", &packed), STATUS_INPUT, path, "val");
    dataset_close(splits[0]);
    dataset_close(splits[1]);
}

static void test_scenes_are_functions_of_the_seed(void **state) {
    (void)state;
    grey_image a, b, mask;
    assert_ok(synthesize_scene(4, 7, 64, &a, &mask));
    int area = 0;
    for (int i = 0; i < 64 * 64; i++)
        area += mask.pixels[i] == 255;
    assert_in_range(area, 2, 4 * 80);
    grey_image_free(&mask);
    assert_ok(synthesize_scene(4, 7, 64, &b, &mask));
    assert_memory_equal(a.pixels, b.pixels, 64 * 64 * sizeof(uint16_t));
    grey_image_free(&mask);
    grey_image_free(&b);
    assert_ok(synthesize_scene(5, 7, 64, &b, &mask));
    assert_memory_not_equal(a.pixels, b.pixels, 64 * 64 * sizeof(uint16_t));
    grey_image_free(&mask);
    grey_image_free(&a);
    grey_image_free(&b);
    dataset *d;
    assert_fails(synthesize_folder(scenes, 1, SIDE, 2, 2, NULL, NULL), STATUS_INPUT, scenes, "exists");
    assert_ok(dataset_open(scenes, "train", &d)); /* and is as it was */
    dataset_close(d);
}

/* The totals of the public test splits (recovered from published rates). */
static void test_published_totals(void **state) {
    (void)state;
    static const char *const sets[] = {"NUDT-SIRST", "IRSTD-1k", "SIRST"};
    const char *shared = require_shared_folder();
    for (int i = 0; i < 3; i++) {
        char path[4096];
        dataset *d;
        dataset_counts c;
        snprintf(path, sizeof path, "%s/data/%s", shared, sets[i]);
        assert_ok(dataset_open(path, "test", &d));
        assert_ok(dataset_count_all(d, MASK_MAX, &c, NULL, NULL, NULL));
        const known_split *known = known_split_find(sets[i], "test");
        assert_non_null(known);
        assert_int_equal(c.images, known->counts.images);
        assert_int_equal(c.targets, known->counts.targets);
        assert_int_equal(c.pixels, known->counts.pixels);
        assert_int_equal(c.targets_256, known->counts.targets_256);
        assert_int_equal(c.pixels_256, known->counts.pixels_256);
        assert_int_equal(c.unequal_sizes, i == 2 ? 1 : 0); /* SIRST's Misc_111 */
        dataset_close(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_folders_and_faults),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_pack_gives_the_same_pixels),
        cmocka_unit_test(test_scenes_are_functions_of_the_seed),
        cmocka_unit_test(test_published_totals),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
