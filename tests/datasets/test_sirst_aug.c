/* SIRST-Aug: its geometry on drawn images, the published test targets from the real SIRST, and a whole set. */
#include "core/io/file_io.h"
#include "datasets/check/components.h"
#include "datasets/dataset.h"
#include "datasets/make/new_folder.h"
#include "datasets/make/sirst_aug.h"
#include "datasets/make/sirst_aug_set.h"
#include "datasets/make/sirst_aug_views.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = SIRST_AUG_SIDE };

static void fill(grey_image *image, int x0, int y0, int x1, int y1, uint16_t value) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            image->pixels[y * image->width + x] = value;
}

/* --- geometry --- */

static void test_enlarging(void **state) {
    (void)state;
    grey_image image, mask;
    assert_ok(grey_image_new(100, 75, 255, &image));
    assert_ok(grey_image_new(50, 40, 255, &mask)); /* of another size */
    fill(&image, 0, 0, 100, 75, 40);
    fill(&mask, 10, 10, 15, 14, 255);
    fill(&mask, 30, 10, 35, 14, 100); /* less than half: no target */
    assert_ok(sirst_aug_enlarge(&image, &mask));
    assert_true(image.width == 512 && image.height == 384 && mask.width == 512 && mask.height == 384);
    component_list targets;
    assert_ok(components_of_mask(&mask, 255, MASK_MAX, &targets));
    assert_int_equal(targets.count, 1);
    assert_in_range(targets.items[0].x0, 101, 103);
    component_list_free(&targets);
    grey_image_free(&image);
    grey_image_free(&mask);
}

static void test_a_window_is_black_beyond_the_image(void **state) {
    (void)state;
    grey_image image, window;
    assert_ok(grey_image_new(300, 200, 255, &image));
    for (int i = 0; i < 300 * 200; i++)
        image.pixels[i] = (uint16_t)(1 + i % 250);
    static const int places[][2] = {{-128, -128}, {20, -5}, {172, 72}, {400, 0}};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        int x0 = places[k][0], y0 = places[k][1];
        assert_ok(sirst_aug_cut(&image, x0, y0, &window));
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                bool inside = x0 + x >= 0 && x0 + x < 300 && y0 + y >= 0 && y0 + y < 200;
                int expected = inside ? image.pixels[(y0 + y) * 300 + x0 + x] : 0;
                assert_int_equal(window.pixels[y * SIDE + x], expected);
            }
        grey_image_free(&window);
    }
    grey_image_free(&image);
}

static void test_turns_are_anticlockwise_about_the_centre(void **state) {
    (void)state;
    grey_image window, turned;
    assert_ok(grey_image_new(SIDE, SIDE, 255, &window));
    for (int i = 0; i < SIDE * SIDE; i++)
        window.pixels[i] = (uint16_t)(i % 251);
    assert_ok(sirst_aug_turn(&window, 0, &turned));
    assert_memory_equal(window.pixels, turned.pixels, SIDE * SIDE * sizeof(uint16_t));
    grey_image_free(&turned);
    memset(window.pixels, 0, SIDE * SIDE * sizeof(uint16_t));
    window.pixels[128 * SIDE + 200] = 200; /* to the right of the centre: comes to lie above it */
    assert_ok(sirst_aug_turn(&window, 90, &turned));
    assert_int_equal(turned.pixels[56 * SIDE + 128], 200);
    grey_image_free(&turned);
    grey_image_free(&window);
}

/* Positions turn with the mask; its area grows by a part of its edge. */
static void test_turned_masks(void **state) {
    (void)state;
    grey_image window, turned;
    component_list targets;
    assert_ok(grey_image_new(SIDE, SIDE, 255, &window));
    fill(&window, 195, 123, 206, 134, 255); /* centre (200, 128) */
    for (int degrees = 0; degrees < 250; degrees += 30) {
        assert_ok(sirst_aug_turn_mask(&window, degrees, &turned));
        assert_ok(components_of_mask(&turned, 255, MASK_ANY, &targets));
        assert_int_equal(targets.count, 1);
        assert_true(fabs(targets.items[0].centroid_x - (128 + 72 * cos(degrees * M_PI / 180))) < 0.3);
        assert_true(fabs(targets.items[0].centroid_y - (128 - 72 * sin(degrees * M_PI / 180))) < 0.3);
        assert_in_range(targets.items[0].area, 121, 121 + 30);
        component_list_free(&targets);
        grey_image_free(&turned);
    }
    grey_image_free(&window);
}

static void test_places(void **state) {
    (void)state;
    static const int parts[][4] = {
        {128, 128, 256, 256}, {0, 128, 128, 256}, {128, 0, 256, 128}, {0, 0, 128, 128}, {64, 64, 192, 192}};
    rng r = rng_new(3, 0);
    for (int i = 0; i < 500; i++) {
        int window = i % SIRST_AUG_WINDOWS, x, y;
        sirst_aug_place(&r, window, 250, 200, 512, 384, &x, &y);
        assert_true(x >= -SIRST_AUG_MARGIN && x + SIDE <= 512 + SIRST_AUG_MARGIN);
        assert_true(y >= -SIRST_AUG_MARGIN && y + SIDE <= 384 + SIRST_AUG_MARGIN);
        const int *part = parts[window];
        assert_true(250 - x >= part[0] && 250 - x < part[2] && 200 - y >= part[1] && 200 - y < part[3]);
    }
    int x, y;
    sirst_aug_place(&r, 0, 2, 2, 512, 384, &x, &y); /* a target in the corner would need more black */
    assert_true(x == -SIRST_AUG_MARGIN && y == -SIRST_AUG_MARGIN);
}

/* --- views --- */

static void test_training_views(void **state) {
    (void)state;
    grey_image mask;
    sirst_aug_view one[SIRST_AUG_TRAINING_VIEWS], two[SIRST_AUG_TRAINING_VIEWS];
    int equal;
    assert_ok(grey_image_new(512, 384, 255, &mask));
    fill(&mask, 200, 150, 212, 160, 255);
    assert_ok(sirst_aug_training_views(0, "Misc_181", &mask, 1, one, &equal));
    assert_int_equal(equal, SIRST_AUG_TRAINING_VIEWS); /* one target in each, as published */
    for (int i = 0; i < SIRST_AUG_TRAINING_VIEWS; i++) {
        int turn = i % SIRST_AUG_TURNS;
        assert_in_range(one[i].degrees, 50 * turn, 50 * turn + 49);
        assert_true(one[i].x == one[i - turn].x && one[i].y == one[i - turn].y);
    }
    assert_ok(sirst_aug_training_views(0, "Misc_181", &mask, 1, two, NULL));
    assert_memory_equal(one, two, sizeof one);
    assert_ok(sirst_aug_training_views(0, "Misc_181", &mask, 2, two, NULL));
    assert_memory_not_equal(one, two, sizeof one);
    assert_fails(sirst_aug_training_views(0, "Misc_1", &mask, 1, one, NULL), STATUS_INPUT, "Misc_1", "Misc_181");
    assert_fails(sirst_aug_training_views(341, "x", &mask, 1, one, NULL), STATUS_INPUT, "image 342", "none");
    fill(&mask, 0, 0, 512, 384, 0);
    assert_fails(sirst_aug_training_views(0, "Misc_181", &mask, 1, one, NULL), STATUS_INPUT, "Misc_181", "no target");
    grey_image_free(&mask);
}

/* What every table counts of SIRST-Aug's test split. */
static void test_the_published_test_targets(void **state) {
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s/data/SIRST", require_shared_folder());
    dataset *d;
    assert_ok(dataset_open(path, "test", &d));
    int64_t targets = 0, pixels = 0;
    int read = -1;
    grey_image image = {0}, mask = {0}, window;
    assert_int_equal(sirst_aug_test_count(), 545);
    for (int i = 0; i < sirst_aug_test_count(); i++) {
        int index = 0;
        while (strcmp(dataset_sample_name(d, index), sirst_aug_test_image(i)) != 0)
            assert_true(++index < dataset_count(d));
        if (index != read) {
            grey_image_free(&image);
            grey_image_free(&mask);
            assert_ok(dataset_read(d, index, MASK_SIZE_MAY_DIFFER, &image, &mask));
            assert_ok(sirst_aug_enlarge(&image, &mask));
            read = index;
        }
        sirst_aug_view view = sirst_aug_test_view(i);
        component_list list;
        assert_int_equal(view.degrees, 0);
        assert_ok(sirst_aug_cut(&mask, view.x, view.y, &window));
        assert_ok(components_of_mask(&window, 255, MASK_MAX, &list));
        targets += list.count;
        for (int k = 0; k < list.count; k++)
            pixels += list.items[k].area;
        component_list_free(&list);
        grey_image_free(&window);
    }
    assert_int_equal(targets, 727);
    assert_int_equal(pixels, 66572);
    grey_image_free(&image);
    grey_image_free(&mask);
    dataset_close(d);
}

/* --- the set --- */

/* A set with the names of SIRST: the first trainval image and all test images, each with one target. */
static void make_sirst(const char *path) {
    new_folder folder;
    grey_image image, mask;
    char list[4096], names[8192] = "";
    assert_ok(new_folder_begin(path, &folder));
    assert_ok(new_folder_create_pair(folder.unfinished));
    assert_ok(grey_image_new(40, 30, 255, &image));
    assert_ok(grey_image_new(40, 30, 255, &mask));
    fill(&image, 0, 0, 40, 30, 60);
    fill(&mask, 20, 14, 22, 16, 255);
    assert_ok(new_folder_write_pair(folder.unfinished, "Misc_181", &image, &mask));
    const char *last = "";
    for (int i = 0; i < sirst_aug_test_count(); i++) {
        const char *name = sirst_aug_test_image(i);
        if (strcmp(name, last) != 0) {
            assert_ok(new_folder_write_pair(folder.unfinished, name, &image, &mask));
            strcat(strcat(names, name), "\n");
        }
        last = name;
    }
    assert_ok(path_join(list, folder.unfinished, "trainval.txt", ""));
    assert_ok(file_write(list, "Misc_181", 8));
    assert_ok(path_join(list, folder.unfinished, "test.txt", ""));
    assert_ok(file_write(list, names, strlen(names)));
    assert_ok(new_folder_commit(&folder));
    grey_image_free(&image);
    grey_image_free(&mask);
}

static void count_calls(void *context, int done, int total) {
    assert_int_equal(total, 25 + 545);
    assert_int_equal(++*(int *)context, done);
}

static void test_a_whole_set(void **state) {
    (void)state;
    char sirst[4096], folder[4096], text[4096], readme[4096];
    sirst_aug_totals trainval, test;
    dataset *d;
    int calls = 0;
    snprintf(sirst, sizeof sirst, "%s", scratch_path("SIRST"));
    snprintf(folder, sizeof folder, "%s", scratch_path("SIRST-Aug"));
    make_sirst(sirst);
    assert_ok(sirst_aug_write(sirst, folder, 5, &trainval, &test, count_calls, &calls));
    assert_int_equal(calls, 570);
    assert_int_equal(trainval.images, 25);
    assert_int_equal(trainval.targets, 25);
    assert_int_equal(trainval.equal, 25);
    assert_int_equal(test.images, 545);
    assert_ok(dataset_open(folder, "test", &d));
    assert_int_equal(dataset_count(d), 545);
    assert_string_equal(dataset_sample_name(d, 0), "000025");
    dataset_close(d);
    assert_ok(path_join(readme, folder, "README.txt", ""));
    FILE *stream = fopen(readme, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    fclose(stream);
    assert_non_null(strstr(text, "SIRST-Aug (reconstructed)"));
    assert_non_null(strstr(text, "seed 5"));
    assert_fails(sirst_aug_write(sirst, folder, 5, &trainval, &test, NULL, NULL), STATUS_INPUT, folder, "exists");
    assert_fails(sirst_aug_write("nowhere", "out", 5, &trainval, &test, NULL, NULL), STATUS_INPUT, "nowhere",
                 "no such");
}

/* A failure on the way leaves nothing behind. */
static void test_a_broken_source_leaves_nothing(void **state) {
    (void)state;
    char sirst[4096], path[4096], parent[4096], to[4096];
    sirst_aug_totals trainval, test;
    name_list left;
    snprintf(sirst, sizeof sirst, "%s", scratch_path("broken"));
    snprintf(parent, sizeof parent, "%s", scratch_path("parent"));
    make_sirst(sirst);
    assert_ok(folder_create(parent));
    assert_ok(path_join(path, sirst, "images/Misc_70.png", ""));
    assert_ok(file_write(path, "no image", 8));
    assert_ok(path_join(to, parent, "pack.h5", ""));
    assert_fails(sirst_aug_write(sirst, to, 5, &trainval, &test, NULL, NULL), STATUS_INPUT, "Misc_70.png", "PNG");
    assert_ok(path_join(path, sirst, "test.txt", ""));
    assert_ok(file_write(path, "Misc_214", 8));
    assert_ok(path_join(to, parent, "folder", ""));
    assert_fails(sirst_aug_write(sirst, to, 5, &trainval, &test, NULL, NULL), STATUS_INPUT, "broken", "Misc_70");
    assert_ok(folder_list(parent, "", &left));
    assert_int_equal(left.count, 0);
    name_list_free(&left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enlarging),
        cmocka_unit_test(test_a_window_is_black_beyond_the_image),
        cmocka_unit_test(test_turns_are_anticlockwise_about_the_centre),
        cmocka_unit_test(test_turned_masks),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_training_views),
        cmocka_unit_test(test_the_published_test_targets),
        cmocka_unit_test(test_a_whole_set),
        cmocka_unit_test(test_a_broken_source_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
