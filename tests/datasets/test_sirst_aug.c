/* The rebuild of SIRST-Aug: its geometry on drawn images, and a whole small set as folder and pack. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/dataset.h"
#include "datasets/make/new_folder.h"
#include "datasets/make/sirst_aug.h"
#include "datasets/make/sirst_aug_set.h"
#include "datasets/preprocess.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 120, HEIGHT = 90, AREA = SIRST_AUG_SIDE * SIRST_AUG_SIDE };

static void fill(grey_image *image, int x0, int y0, int x1, int y1, uint16_t value) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            image->pixels[y * image->width + x] = value;
}

/* A bright ground with two square targets of 6 and 4 pixels a side, far apart; the mask is the image's bright part. */
static void draw(grey_image *image, grey_image *mask, component_list *targets) {
    assert_ok(grey_image_new(WIDTH, HEIGHT, 255, image));
    assert_ok(grey_image_new(WIDTH, HEIGHT, 255, mask));
    fill(image, 0, 0, WIDTH, HEIGHT, 40);
    fill(image, 10, 12, 16, 18, 240);
    fill(image, 100, 70, 104, 74, 240);
    fill(mask, 10, 12, 16, 18, 255);
    fill(mask, 100, 70, 104, 74, 255);
    assert_ok(components_of_mask(mask, 255, MASK_ANY, targets));
    assert_int_equal(targets->count, 2);
}

static void release(grey_image *image, grey_image *mask, component_list *targets) {
    grey_image_free(image);
    grey_image_free(mask);
    component_list_free(targets);
}

static void test_a_variant_is_a_function_of_its_arguments(void **state) {
    (void)state;
    grey_image image, mask, one[2], two[2];
    component_list targets;
    draw(&image, &mask, &targets);
    assert_ok(sirst_aug_variant(&image, &mask, &targets, 7, "a", 3, &one[0], &one[1]));
    const struct {
        uint64_t seed;
        const char *name;
        int variant;
        bool same;
    } cases[] = {{7, "a", 3, true}, {8, "a", 3, false}, {7, "b", 3, false}, {7, "a", 4, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(sirst_aug_variant(&image, &mask, &targets, cases[i].seed, cases[i].name, cases[i].variant, &two[0],
                                    &two[1]));
        assert_int_equal(!memcmp(one[0].pixels, two[0].pixels, AREA * sizeof(uint16_t)), cases[i].same);
        assert_int_equal(!memcmp(one[1].pixels, two[1].pixels, AREA * sizeof(uint16_t)), cases[i].same);
        grey_image_free(&two[0]);
        grey_image_free(&two[1]);
    }
    grey_image_free(&one[0]);
    grey_image_free(&one[1]);
    release(&image, &mask, &targets);
}

/* Foreground of a variant, and how many pixels of the image contradict it: between a target of 240 and the ground of
 * 40, a mask pixel is at least a quarter of the way up (at a corner), another at most half of it. */
static int count_mask(const grey_image *image, const grey_image *mask, int *mismatched) {
    int area = 0;
    for (int i = 0; i < AREA; i++) {
        assert_true(mask->pixels[i] == 0 || mask->pixels[i] == 255);
        area += mask->pixels[i] == 255;
        *mismatched += mask->pixels[i] == 255 ? image->pixels[i] < 89 : image->pixels[i] > 141;
    }
    return area;
}

static void test_every_variant_keeps_its_target(void **state) {
    (void)state;
    grey_image image, mask, one, two;
    component_list targets;
    draw(&image, &mask, &targets);
    double scale = (double)SIRST_AUG_SHORT_SIDE / HEIGHT;
    int whole[2] = {0, 0}, mismatched = 0, area = 0;
    for (int v = 0; v < 200; v++) {
        assert_ok(sirst_aug_variant(&image, &mask, &targets, 1, "image", v, &one, &two));
        assert_int_equal(one.width, SIRST_AUG_SIDE);
        assert_int_equal(two.height, SIRST_AUG_SIDE);
        area = count_mask(&one, &two, &mismatched);
        assert_true(area > 0);
        /* The areas of the two, enlarged; one of them, uncut, is the most frequent view. */
        double side = v % 2 ? 4 : 6, expected = side * side * scale * scale;
        whole[v % 2] += fabs(area - expected) < 0.03 * expected;
        grey_image_free(&one);
        grey_image_free(&two);
    }
    assert_in_range(whole[0], 60, 100);
    assert_in_range(whole[1], 60, 100);
    assert_int_equal(mismatched, 0); /* image and mask turn together */
    release(&image, &mask, &targets);
}

static void test_angles_and_places_vary(void **state) {
    (void)state;
    grey_image image, mask, one, two;
    component_list targets;
    draw(&image, &mask, &targets);
    int dark = 0, quadrant[4] = {0};
    for (int v = 0; v < 400; v += 2) {
        component_list found;
        assert_ok(sirst_aug_variant(&image, &mask, &targets, 2, "image", v, &one, &two));
        dark += one.pixels[0] == 0 || one.pixels[AREA - 1] == 0;
        assert_ok(components_of_mask(&two, 255, MASK_ANY, &found));
        double x = found.items[0].centroid_x, y = found.items[0].centroid_y;
        quadrant[(x < SIRST_AUG_SIDE / 2) + 2 * (y < SIRST_AUG_SIDE / 2)]++;
        component_list_free(&found);
        grey_image_free(&one);
        grey_image_free(&two);
    }
    assert_in_range(dark, 40, 180); /* what lies beyond the turned image is black, and not always in view */
    for (int i = 0; i < 4; i++)
        assert_in_range(quadrant[i], 25, 80);
    release(&image, &mask, &targets);
}

static void test_a_mask_without_target_is_refused(void **state) {
    (void)state;
    grey_image image, mask, one, two;
    component_list targets;
    draw(&image, &mask, &targets);
    component_list none = {0};
    assert_fails(sirst_aug_variant(&image, &mask, &none, 1, "Misc_9", 0, &one, &two), STATUS_INPUT, "Misc_9",
                 "no target");
    release(&image, &mask, &targets);
}

/* A set in SIRST's layout: two trainval images, and a test image with two targets whose mask has twice its size. */
static void make_sirst(const char *path) {
    new_folder folder;
    grey_image image, mask, large;
    component_list targets;
    char list[4096];
    assert_ok(new_folder_begin(path, &folder));
    assert_ok(new_folder_create_pair(folder.unfinished));
    draw(&image, &mask, &targets);
    assert_ok(grey_image_resize_nearest(&mask, 2 * WIDTH, 2 * HEIGHT, &large));
    assert_ok(new_folder_write_pair(folder.unfinished, "A", &image, &mask));
    fill(&image, 50, 50, 55, 55, 90);
    assert_ok(new_folder_write_pair(folder.unfinished, "B", &image, &mask));
    fill(&image, 60, 50, 65, 55, 90);
    assert_ok(new_folder_write_pair(folder.unfinished, "C", &image, &large));
    assert_ok(path_join(list, folder.unfinished, "trainval.txt", ""));
    assert_ok(file_write(list, "A\nB", 3));
    assert_ok(path_join(list, folder.unfinished, "test.txt", ""));
    assert_ok(file_write(list, "C", 1));
    assert_ok(new_folder_commit(&folder));
    grey_image_free(&large);
    release(&image, &mask, &targets);
}

static void expect_same_split(const char *a, const char *b, const char *split, int count) {
    dataset *one, *two;
    assert_ok(dataset_open(a, split, &one));
    assert_ok(dataset_open(b, split, &two));
    assert_string_equal(dataset_split(one), split);
    assert_int_equal(dataset_count(one), count);
    assert_int_equal(dataset_count(two), count);
    for (int i = 0; i < count; i++) {
        grey_image p[2], q[2];
        assert_string_equal(dataset_sample_name(one, i), dataset_sample_name(two, i));
        assert_ok(dataset_read(one, i, MASK_SIZE_MUST_MATCH, &p[0], &p[1]));
        assert_ok(dataset_read(two, i, MASK_SIZE_MUST_MATCH, &q[0], &q[1]));
        for (int k = 0; k < 2; k++) {
            assert_memory_equal(p[k].pixels, q[k].pixels, AREA * sizeof(uint16_t));
            grey_image_free(&p[k]);
            grey_image_free(&q[k]);
        }
    }
    dataset_close(one);
    dataset_close(two);
}

static void count_calls(void *context, int done, int total) {
    assert_int_equal(total, 2 * 25 + 2 * 5);
    assert_int_equal(++*(int *)context, done);
}

static void test_a_whole_set(void **state) {
    (void)state;
    char sirst[4096], folder[4096], pack[4096], text[4096], readme[4096];
    sirst_aug_totals trainval, test, packed_trainval, packed_test;
    int calls = 0;
    snprintf(sirst, sizeof sirst, "%s", scratch_path("SIRST"));
    snprintf(folder, sizeof folder, "%s", scratch_path("SIRST-Aug-rebuild"));
    snprintf(pack, sizeof pack, "%s", scratch_path("rebuild.h5"));
    make_sirst(sirst);
    assert_ok(sirst_aug_write(sirst, folder, 5, &trainval, &test, count_calls, &calls));
    assert_int_equal(calls, 60);
    assert_int_equal(trainval.images, 50);
    assert_int_equal(test.images, 10);
    assert_true(test.targets >= 10 && test.pixels > 0);
    assert_ok(sirst_aug_write(sirst, pack, 5, &packed_trainval, &packed_test, NULL, NULL));
    assert_int_equal(packed_test.pixels, test.pixels);
    assert_int_equal(packed_trainval.targets, trainval.targets);
    expect_same_split(folder, pack, "trainval", 50);
    expect_same_split(folder, pack, "test", 10);
    assert_ok(path_join(readme, folder, "README.txt", ""));
    FILE *stream = fopen(readme, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    fclose(stream);
    assert_non_null(strstr(text, "A rebuild of SIRST-Aug"));
    assert_non_null(strstr(text, "NOT the published set"));
    assert_non_null(strstr(text, "seed 5"));
    assert_fails(sirst_aug_write(sirst, folder, 5, &trainval, &test, NULL, NULL), STATUS_INPUT, folder, "exists");
    assert_fails(sirst_aug_write("nowhere", "out", 5, &trainval, &test, NULL, NULL), STATUS_INPUT, "nowhere",
                 "no such");
}

/* A failure on the way leaves nothing behind. */
static void test_a_broken_source_leaves_nothing(void **state) {
    (void)state;
    char sirst[4096], path[4096], parent[4096];
    sirst_aug_totals trainval, test;
    name_list left;
    snprintf(sirst, sizeof sirst, "%s", scratch_path("broken"));
    snprintf(parent, sizeof parent, "%s", scratch_path("parent"));
    make_sirst(sirst);
    assert_ok(folder_create(parent));
    assert_ok(path_join(path, sirst, "images/B.png", ""));
    assert_ok(file_write(path, "no image", 8));
    const char *const outputs[] = {"folder", "pack.h5"};
    for (int i = 0; i < 2; i++) {
        char to[4096];
        assert_ok(path_join(to, parent, outputs[i], ""));
        assert_fails(sirst_aug_write(sirst, to, 5, &trainval, &test, NULL, NULL), STATUS_INPUT, "B.png", "PNG");
        assert_ok(folder_list(parent, "", &left));
        assert_int_equal(left.count, 0);
        name_list_free(&left);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_variant_is_a_function_of_its_arguments),
        cmocka_unit_test(test_every_variant_keeps_its_target),
        cmocka_unit_test(test_angles_and_places_vary),
        cmocka_unit_test(test_a_mask_without_target_is_refused),
        cmocka_unit_test(test_a_whole_set),
        cmocka_unit_test(test_a_broken_source_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
