/* Every kind of fault of a data set is found, all of them at once, and a sound set has none. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/check/set_check.h"
#include "datasets/make/synthesize.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 40 };

static const char *inside(const char *folder, const char *name) {
    static char path[4][4096];
    static int next;
    next = (next + 1) % 4;
    assert_ok(path_join(path[next], folder, name, ""));
    return path[next];
}

/* A new sound set: scene_00000 .. 5 for training, 6 and 7 for test. */
static const char *new_set(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s", scratch_path(name));
    assert_ok(synthesize_folder(path, 3, SIDE, 6, 2, NULL, NULL));
    return path;
}

static void copy(const char *from, const char *to) {
    static char bytes[65536];
    FILE *stream = fopen(from, "rb");
    assert_non_null(stream);
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    assert_true(size > 0 && size < sizeof bytes);
    fclose(stream);
    assert_ok(file_write(to, bytes, size));
}

static void write_mask(const char *path, int width, int height, uint8_t first, uint8_t second) {
    uint8_t *pixels = calloc((size_t)width, (size_t)height);
    assert_non_null(pixels);
    pixels[0] = first;
    pixels[9] = second;
    assert_ok(png_write_8(path, width, height, 1, pixels));
    free(pixels);
}

static set_check run(const char *path) {
    set_check check;
    assert_ok(set_check_run(path, &(set_check_options){0}, &check, NULL, NULL));
    return check;
}

/* How many findings hold both texts. */
static int findings(const set_check *check, const char *a, const char *b) {
    int count = 0;
    for (int i = 0; i < check->findings.count; i++)
        count += strstr(check->findings.names[i], a) && strstr(check->findings.names[i], b);
    return count;
}

static void expect_only(const char *path, const char *a, const char *b) {
    set_check check = run(path);
    if (check.findings.count != 1 || findings(&check, a, b) != 1)
        fail_msg("expected one finding with \"%s\" and \"%s\", got %d: %s", a, b, check.findings.count,
                 check.findings.count ? check.findings.names[0] : "");
    set_check_free(&check);
}

static void test_a_sound_set(void **state) {
    (void)state;
    set_check check = run(new_set("sound"));
    assert_int_equal(check.findings.count, 0);
    assert_int_equal(check.split_count, 2);
    assert_string_equal(check.splits[1].split, "test");
    assert_int_equal(check.splits[0].counts.images, 6);
    assert_null(check.splits[0].known);
    set_check_free(&check);
    assert_fails(set_check_run("nowhere", &(set_check_options){0}, &check, NULL, NULL), STATUS_INPUT, "nowhere",
                 "no such");
}

static void test_files_and_names(void **state) {
    (void)state;
    const char *set = new_set("lone-mask");
    assert_int_equal(unlink(inside(set, "masks/scene_00002.png")), 0);
    expect_only(set, "masks/scene_00002", "no such mask");
    set = new_set("lone-image");
    write_mask(inside(set, "masks/other.png"), SIDE, SIDE, 255, 255);
    write_mask(inside(set, "masks/scene_00001_pixels0.png"), SIDE, SIDE, 255, 255); /* belongs to scene_00001 */
    expect_only(set, "masks/other.png", "no image");
    set = new_set("no-file");
    assert_ok(file_write(inside(set, "test.txt"), "scene_00006\nscene_00007\ngone", 28));
    expect_only(set, "images/gone", "split test names it");
    set = new_set("twice");
    assert_ok(file_write(inside(set, "test.txt"), "scene_00006\nscene_00007\nscene_00007.png", 39));
    set_check check = run(set);
    assert_int_equal(check.findings.count, 2); /* the name, and the image that it brings twice */
    assert_int_equal(findings(&check, "'scene_00007' twice", "split test"), 1);
    set_check_free(&check);
    set = new_set("empty-list");
    assert_ok(file_write(inside(set, "test.txt"), "\n", 1));
    expect_only(set, "test.txt", "empty");
    set = new_set("unreadable");
    assert_ok(file_write(inside(set, "images/scene_00003.png"), "no image", 8));
    expect_only(set, "images/scene_00003.png", "not an image");
}

static void test_masks(void **state) {
    (void)state;
    const char *set = new_set("other-size");
    write_mask(inside(set, "masks/scene_00004.png"), SIDE + 1, SIDE, 255, 255);
    expect_only(set, "split train, scene_00004", "its mask is 41x40, the image 40x40");
    set = new_set("grey");
    write_mask(inside(set, "masks/scene_00007.png"), SIDE, SIDE, 255, 64);
    expect_only(set, "split test, scene_00007", "1 value between 0 and its maximum 255");
    set = new_set("low-maximum"); /* two values, if unusual ones */
    write_mask(inside(set, "masks/scene_00007.png"), SIDE, SIDE, 7, 7);
    set_check check = run(set);
    assert_int_equal(check.findings.count, 0);
    set_check_free(&check);
    set = new_set("empty");
    write_mask(inside(set, "masks/scene_00000.png"), SIDE, SIDE, 0,
               0); /* an image without targets is one like others */
    check = run(set);
    assert_int_equal(check.findings.count, 0);
    assert_int_equal(check.splits[0].counts.empty_masks, 1);
    set_check_free(&check);
    for (int i = 1; i < 6; i++) {
        char name[64];
        snprintf(name, sizeof name, "masks/scene_%05d.png", i);
        write_mask(inside(set, name), SIDE, SIDE, 0, 0);
    }
    expect_only(set, "split train", "all 6 masks are empty");
}

static void test_overlap(void **state) {
    (void)state;
    const char *set = new_set("in-both");
    assert_ok(file_write(inside(set, "test.txt"), "scene_00005\nscene_00006\nscene_00007", 35));
    expect_only(set, "overlap: 'scene_00005' of split train", "'scene_00005' of split test");
    set = new_set("another-name");
    copy(inside(set, "images/scene_00001.png"), inside(set, "images/scene_00006.png"));
    expect_only(set, "overlap: 'scene_00001' of split train", "'scene_00006' of split test");
    set = new_set("repeated");
    copy(inside(set, "images/scene_00001.png"), inside(set, "images/scene_00002.png"));
    expect_only(set, "repetition: 'scene_00001'", "'scene_00002'");
}

/* Folders for splits: the same name in both is no fault there, the same image is. */
static void test_folders_of_splits(void **state) {
    (void)state;
    char set[4096], train[4096], test[4096];
    snprintf(set, sizeof set, "%s", scratch_path("folders"));
    snprintf(train, sizeof train, "%s", inside(set, "trainval"));
    snprintf(test, sizeof test, "%s", inside(set, "test"));
    assert_ok(folder_create(set));
    assert_ok(synthesize_folder(train, 1, SIDE, 3, 1, NULL, NULL));
    assert_ok(synthesize_folder(test, 2, SIDE, 1, 1, NULL, NULL));
    set_check check = run(set);
    assert_int_equal(check.findings.count, 0);
    assert_int_equal(check.splits[0].counts.images, 4);
    set_check_free(&check);
    write_mask(inside(test, "masks/more.png"), SIDE, SIDE, 255, 255);
    expect_only(set, "test/masks/more.png", "no image");
    assert_int_equal(unlink(inside(test, "masks/more.png")), 0);
    copy(inside(train, "images/scene_00000.png"), inside(test, "images/scene_00000.png"));
    expect_only(set, "overlap", "'scene_00000' of split test");
    assert_int_equal(unlink(inside(test, "images/scene_00000.png")), 0);
    assert_int_equal(rename(inside(test, "masks"), inside(test, "mask_png")), 0);
    expect_only(set, "test/images", "split test without masks");
}

/* --mask and --range, as the program that reads the set would be given them. */
static void test_how_the_set_is_read(void **state) {
    (void)state;
    const char *set = new_set("numbered");
    set_check check;
    for (int i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "masks/scene_%05d.png", i);
        write_mask(inside(set, name), SIDE, SIDE, 1, 2);
    }
    check = run(set);
    assert_int_equal(findings(&check, "1 value between 0 and its maximum 2", ""), 8);
    assert_non_null(strstr(check.remarks.names[0], "only the last of each counts: give --mask any"));
    set_check_free(&check);
    assert_ok(set_check_run(set, &(set_check_options){.rule = MASK_ANY, .rule_chosen = true}, &check, NULL, NULL));
    assert_int_equal(check.findings.count, 0);
    assert_non_null(strstr(check.remarks.names[0], "any value above 0 is a target"));
    set_check_free(&check);
    assert_ok(set_check_run(set, &(set_check_options){.rule = MASK_HALF, .rule_chosen = true}, &check, NULL, NULL));
    assert_int_equal(findings(&check, "no target at all", "max or any takes it"), 2);
    set_check_free(&check);
    set = new_set("dark");
    for (int i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "images/scene_%05d.png", i);
        write_mask(inside(set, name), SIDE, SIDE, 4, (uint8_t)(5 + i));
    }
    check = run(set);
    assert_int_equal(check.remarks.count, 2);
    assert_non_null(strstr(check.remarks.names[0], "--range "));
    set_check_free(&check);
    set_check_options ranged = {.range = {.kind = RANGE_VALUES, .low = 0, .high = 16}};
    assert_ok(set_check_run(set, &ranged, &check, NULL, NULL));
    assert_int_equal(check.remarks.count, 0);
    set_check_free(&check);
}

/* All at once: none hides another. */
static void test_many_faults(void **state) {
    (void)state;
    const char *set = new_set("many");
    assert_int_equal(unlink(inside(set, "masks/scene_00000.png")), 0);
    assert_int_equal(unlink(inside(set, "images/scene_00001.png")), 0);
    write_mask(inside(set, "masks/scene_00002.png"), SIDE, SIDE, 0, 0);
    write_mask(inside(set, "masks/scene_00003.png"), SIDE + 2, SIDE, 255, 9);
    assert_ok(file_write(inside(set, "images/scene_00006.png"), "no image", 8));
    set_check check = run(set);
    assert_int_equal(findings(&check, "masks/scene_00000", "no such mask"), 1);
    assert_int_equal(findings(&check, "images/scene_00001", "no such image"), 1);
    assert_int_equal(findings(&check, "masks/scene_00001.png", "no image"), 1);
    assert_int_equal(findings(&check, "scene_00003", "42x40"), 1);
    assert_int_equal(findings(&check, "scene_00003", "1 value"), 1);
    assert_int_equal(findings(&check, "scene_00006", "not an image"), 1);
    assert_int_equal(check.findings.count, 6);
    set_check_free(&check);
}

static void test_many_faults_without_lists(void **state) {
    (void)state;
    const char *set = new_set("listless");
    assert_int_equal(unlink(inside(set, "train.txt")) | unlink(inside(set, "test.txt")), 0);
    assert_int_equal(unlink(inside(set, "masks/scene_00000.png")), 0);
    assert_int_equal(unlink(inside(set, "masks/scene_00001.png")), 0);
    assert_int_equal(unlink(inside(set, "images/scene_00002.png")), 0);
    write_mask(inside(set, "masks/scene_00003.png"), SIDE + 2, SIDE, 255, 9);
    set_check check = run(set);
    assert_int_equal(findings(&check, "masks/scene_0000", "no such mask"), 2);
    assert_int_equal(findings(&check, "masks/scene_00002.png", "no image"), 1);
    assert_int_equal(findings(&check, "split all, scene_00003", ""), 2);
    assert_int_equal(check.findings.count, 5);
    set_check_free(&check);
    for (int i = 3; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "masks/scene_%05d.png", i);
        assert_int_equal(unlink(inside(set, name)), 0);
    }
    check = run(set); /* one mask is left, which has no image */
    assert_int_equal(findings(&check, "no such mask", ""), 7);
    assert_int_equal(findings(&check, "no image belongs", ""), 1);
    assert_int_equal(findings(&check, "holds no sample", ""), 1);
    assert_int_equal(check.findings.count, 9);
    set_check_free(&check);
}

/* trainval stands for train and val where it holds them. */
static void test_more_than_trainval(void **state) {
    (void)state;
    const char *set = new_set("more-than-trainval");
    assert_ok(file_write(inside(set, "trainval.txt"), "scene_00000\nscene_00001\nscene_00002", 35));
    assert_ok(file_write(inside(set, "train.txt"), "scene_00000\nscene_00001", 23));
    assert_ok(file_write(inside(set, "val.txt"), "scene_00002.png", 15));
    set_check check = run(set);
    assert_int_equal(check.findings.count, 0);
    assert_int_equal(check.split_count, 2);
    set_check_free(&check);
    assert_ok(file_write(inside(set, "train.txt"), "scene_00000\nscene_00003\nscene_00006", 35));
    check = run(set);
    assert_int_equal(findings(&check, "split train: split trainval should hold it and lacks 2", "'scene_00003'"), 1);
    assert_int_equal(findings(&check, "overlap: 'scene_00006' of split train", "split test"), 1);
    assert_int_equal(check.findings.count, 2);
    assert_int_equal(check.split_count, 3);
    set_check_free(&check);
    assert_ok(file_write(inside(set, "train.txt"), "scene_00000", 11));
    assert_ok(file_write(inside(set, "val.txt"), "gone", 4));
    check = run(set);
    assert_int_equal(findings(&check, "images/gone", "split val names it"), 1);
    set_check_free(&check);
}

static void test_folders_called_like_splits(void **state) {
    (void)state;
    static const char *const kinds[] = {"images", "masks"};
    const char *set = new_set("split-folders-inside");
    assert_int_equal(unlink(inside(set, "train.txt")) | unlink(inside(set, "test.txt")), 0);
    set_check check = run(set);
    assert_non_null(strstr(check.remarks.names[0], "'prepare split' writes them"));
    set_check_free(&check);
    for (int i = 0; i < 2; i++) {
        char folder[64], all[4096];
        snprintf(folder, sizeof folder, "%s/train", kinds[i]);
        snprintf(all, sizeof all, "%s.all", inside(set, kinds[i]));
        assert_int_equal(rename(inside(set, kinds[i]), all), 0);
        assert_ok(folder_create(inside(set, kinds[i])));
        assert_int_equal(rename(all, inside(set, folder)), 0);
    }
    check = run(set);
    assert_int_equal(check.findings.count, 0);
    assert_non_null(strstr(check.remarks.names[0], "'train/scene_00000', are called like splits"));
    assert_null(strstr(check.remarks.names[0], "prepare split"));
    set_check_free(&check);
}

/* A set that bears a public name is compared with that set, split by split. */
static void test_known_sets(void **state) {
    (void)state;
    assert_ptr_equal(known_split_find("nudt_sirst", "trainval"), known_split_find("NUDT-SIRST", "train"));
    assert_ptr_equal(known_split_find("sirst_aug", "test"), known_split_find("SIRST-Aug", "test"));
    assert_null(known_split_find("NUDT-SIRST-2", "train"));
    assert_null(known_split_find("NUDT-SIRST", "val"));
    const char *set = new_set("NUDT_SIRST");
    set_check check = run(set);
    assert_int_equal(findings(&check, "split test: images: 2", "NUDT-SIRST has 664"), 1);
    assert_int_equal(findings(&check, "split train: images: 6", "NUDT-SIRST has 663"), 1);
    assert_int_equal(findings(&check, "images of 40x40 to 40x40", "has 256x256"), 2);
    assert_int_equal(check.findings.count, 4);
    set_check_free(&check);
    assert_int_equal(unlink(inside(set, "test.txt")), 0);
    check = run(set);
    assert_int_equal(findings(&check, "no split test", "NUDT-SIRST"), 1);
    set_check_free(&check);
}

/* A pack has names, masks and images that can be wrong, but no files. */
static void test_packs(void **state) {
    (void)state;
    char path[4096];
    dataset *splits[2];
    const char *set = new_set("to-pack");
    snprintf(path, sizeof path, "%s", scratch_path("packed.h5"));
    write_mask(inside(set, "masks/scene_00007.png"), SIDE, SIDE, 255, 64);
    assert_ok(dataset_open(set, "train", &splits[0]));
    assert_ok(dataset_open(set, "test", &splits[1]));
    assert_ok(pack_write(path, splits, 2, &(pack_options){0}, NULL, NULL));
    dataset_close(splits[0]);
    dataset_close(splits[1]);
    expect_only(path, "split test, scene_00007", "1 value");
}

/* The public sets have their totals, and one mask too few or another size would show. What is known of NUDT-SIRST alone
 * (docs/datasets.md): masks beside their targets. */
static void test_public_sets_are_sound(void **state) {
    (void)state;
    static const char *const sets[] = {"NUDT-SIRST", "IRSTD-1k", "SIRST"};
    skip_if_sanitized(); /* thousands of pictures */
    const char *shared = require_shared_folder();
    for (int i = 0; i < 3; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/data/%s", shared, sets[i]);
        set_check check = run(path);
        if (check.findings.count)
            fail_msg("%s: %s", sets[i], check.findings.names[0]);
        assert_int_equal(check.split_count, 2);
        assert_non_null(check.splits[0].known);
        assert_non_null(check.splits[1].known);
        assert_int_equal(check.remarks.count, i == 0 ? 2 : 0);
        if (i == 0) {
            assert_non_null(strstr(check.remarks.names[0], "251 of 912 targets lie half a pixel below and right of"));
            assert_non_null(strstr(check.remarks.names[1], "268 of 932 targets lie half a pixel below and right of"));
        }
        set_check_free(&check);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_set),
        cmocka_unit_test(test_files_and_names),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_folders_of_splits),
        cmocka_unit_test(test_how_the_set_is_read),
        cmocka_unit_test(test_many_faults),
        cmocka_unit_test(test_many_faults_without_lists),
        cmocka_unit_test(test_more_than_trainval),
        cmocka_unit_test(test_folders_called_like_splits),
        cmocka_unit_test(test_known_sets),
        cmocka_unit_test(test_packs),
        cmocka_unit_test(test_public_sets_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
