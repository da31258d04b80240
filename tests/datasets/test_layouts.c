/* Data sets as they are published and as people keep them: what is found, under which names, and what is refused. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/dataset.h"
#include "datasets/make/split_set.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 8 };

static char root[4096];

static void start(const char *name) {
    snprintf(root, sizeof root, "%s", scratch_path(name));
    assert_ok(folder_create(root));
}

static const char *inside(const char *relative) {
    static char path[4][4096];
    static int next;
    next = (next + 1) % 4;
    assert_ok(path_join(path[next], root, relative, ""));
    return path[next];
}

/* An image whose pixels are all `value`, with its folders. */
static void add_image(const char *relative, uint8_t value) {
    uint8_t pixels[SIDE * SIDE];
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", inside(relative));
    *strrchr(folder, '/') = 0;
    assert_ok(folder_create(folder));
    memset(pixels, value, sizeof pixels);
    assert_ok(png_write_8(inside(relative), SIDE, SIDE, 1, pixels));
}

static void add_list(const char *relative, const char *text) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", inside(relative));
    *strrchr(folder, '/') = 0;
    assert_ok(folder_create(folder));
    assert_ok(file_write(inside(relative), text, strlen(text)));
}

/* The split has these samples; of each, image and mask have the values 10 + k and 100 + k. */
static void expect_split(const char *path, const char *split, int count, const char *const *names) {
    dataset *d;
    assert_ok(dataset_open(path, split, &d));
    assert_int_equal(dataset_count(d), count);
    for (int i = 0; i < count; i++) {
        grey_image image, mask;
        assert_string_equal(dataset_sample_name(d, i), names[i]);
        assert_ok(dataset_read(d, i, MASK_SIZE_MUST_MATCH, &image, &mask));
        assert_int_equal(mask.pixels[0] - image.pixels[0], 90); /* it is the mask of this image */
        grey_image_free(&image);
        grey_image_free(&mask);
    }
    dataset_close(d);
}

static void expect_refused(const char *path, const char *split, const char *a, const char *b) {
    dataset *d;
    assert_fails(dataset_open(path, split, &d), STATUS_INPUT, a, b);
}

static void test_sirst_v2(void **state) {
    (void)state;
    start("SIRST-V2");
    add_image("images/targets/Misc_1.png", 10);
    add_image("images/targets/Misc_2.png", 11);
    add_image("images/backgrounds/S1_1.png", 12);
    add_image("annotations/masks/Misc_1_pixels0.png", 100);
    add_image("annotations/masks/Misc_2_pixels0.png", 101);
    add_image("annotations/masks/S1_1_pixels0.png", 102);
    add_list("annotations/masks/Misc_1.xml", "<annotation/>");
    add_list("splits/trainval_full.txt", "Misc_1\nS1_1");
    add_list("splits/test_full.txt", "Misc_2\n");
    add_list("splits/test_v1fullv2target.txt", "Misc_1\n");
    add_list("splits/mini_test.txt", "Misc_1\n");
    expect_split(root, "test", 1, (const char *const[]){"Misc_2"});
    expect_split(root, "train", 2, (const char *const[]){"Misc_1", "S1_1"});
    expect_split(root, "test_v1fullv2target", 1, (const char *const[]){"Misc_1"});
    expect_split(root, "all", 3, (const char *const[]){"backgrounds/S1_1", "targets/Misc_1", "targets/Misc_2"});
}

static void test_dense_sirst(void **state) {
    (void)state;
    start("DenseSIRST");
    add_image("SIRSTdevkit/PNGImages/Misc_1.png", 10);
    add_image("SIRSTdevkit/SIRST/BinaryMask/Misc_1_pixels0.png", 100);
    add_image("SIRSTdevkit/SIRST/PaletteMask/Misc_1.png", 200);
    add_list("SIRSTdevkit/Splits/train_v2.txt", "Misc_1\n");
    expect_split(root, "train", 1, (const char *const[]){"Misc_1"});
    expect_split(inside("SIRSTdevkit"), "trainval", 1, (const char *const[]){"Misc_1"});
    expect_refused(root, "test", "no list test.txt", "Splits/train_v2.txt");
}

/* What docs/datasets.md promises. */
static void test_names_of_pairs(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"img", "label"},   {"img", "mask"},     {"img", "masks"},     {"imgs", "label"},  {"imgs", "mask"},
        {"imgs", "masks"},  {"image", "label"},  {"image", "mask"},    {"image", "masks"}, {"images", "masks"},
        {"images", "mask"}, {"images", "label"}, {"images", "labels"}, {"images", "gt"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char file[64];
        snprintf(file, sizeof file, "pair-%zu", i);
        start(file);
        snprintf(file, sizeof file, "%s/a.png", names[i][0]);
        add_image(file, 10);
        snprintf(file, sizeof file, "%s/a.png", names[i][1]);
        add_image(file, 100);
        expect_split(root, "all", 1, (const char *const[]){"a"});
    }
}

static void test_lists_in_their_folders(void **state) {
    (void)state;
    start("renamed");
    add_image("Images/a.png", 10);
    add_image("MASKS/A_mask.png", 100);
    add_list("img_idx/test_NUAA-SIRST.txt", "\xef\xbb\xbf"
                                            "a.bmp\r\n");
    add_list("50_50/train.txt", "Images/a.png MASKS/A_mask.png\n");
    add_list("labels/test.txt", "no list of names\n"); /* not looked at */
    expect_split(root, "test", 1, (const char *const[]){"a"});
    expect_split(root, "train", 1, (const char *const[]){"a"});
    add_list("img_idx/test_other.txt", "a\n");
    expect_refused(root, "test", "2 lists could be split test", "img_idx/test_other.txt");
    add_list("img_idx/test_renamed.txt", "a\n"); /* this set's own */
    expect_split(root, "test", 1, (const char *const[]){"a"});
}

/* Neither the alphabet nor the order of files says which of two folders of lists is meant. */
static void test_lists_in_two_folders(void **state) {
    (void)state;
    start("shares");
    add_image("images/a.png", 10);
    add_image("masks/a.png", 100);
    add_image("images/b.png", 11);
    add_image("masks/b.png", 101);
    add_list("20_80/train.txt", "a\n");
    add_list("50_50/train.txt", "b\n");
    add_list("50_50/test_full.txt", "a\n");
    expect_refused(root, "train", "2 lists could be split train", "as in 20_80/train: ");
    expect_split(root, "20_80/train", 1, (const char *const[]){"a"});
    expect_split(root, "50_50/train", 1, (const char *const[]){"b"});
    expect_split(root, "50_50/test", 1, (const char *const[]){"a"});
    expect_split(root, "test", 1, (const char *const[]){"a"});
    expect_refused(root, "20_80/test", "no list 20_80/test.txt", "50_50/test_full.txt");
    add_list("train.txt", "a\n"); /* nearer than both */
    expect_split(root, "train", 1, (const char *const[]){"a"});
}

static void test_split_folders(void **state) {
    (void)state;
    start("sirst_aug");
    add_image("trainval/images/1.png", 10);
    add_image("trainval/masks/1.png", 100);
    add_image("test/images/1.png", 11);
    add_image("test/masks/1.png", 101);
    expect_split(root, "train", 1, (const char *const[]){"1"});
    expect_split(root, "all", 2, (const char *const[]){"trainval/1", "test/1"});
    expect_refused(root, "val", "no folder val", root);
    start("in-any-case");
    add_image("Train/Images/1.png", 10);
    add_image("Train/Masks/1.png", 100);
    add_image("VALIDATION/images/2.png", 11);
    add_image("VALIDATION/masks/2.png", 101);
    add_image("Testing/images/3.png", 12);
    add_image("Testing/masks/3.png", 102);
    expect_split(root, "train", 1, (const char *const[]){"1"});
    expect_split(root, "val", 1, (const char *const[]){"2"});
    expect_split(root, "test", 1, (const char *const[]){"3"});
    expect_split(root, "all", 3, (const char *const[]){"train/1", "val/2", "test/3"});
    start("no-set");
    add_list("any/list.txt", "1\n");
    expect_refused(root, "all", "or train/images and train/masks", root);
}

static void test_which_file_is_meant(void **state) {
    (void)state;
    start("meant");
    add_image("images/seq1/0001.png", 10);
    add_image("images/seq2/0001.png", 11);
    add_image("masks/seq1/0001.png", 100);
    add_image("masks/seq2/0001.png", 101);
    add_list("test.txt", "seq1/0001\nseq2/0001\n");
    expect_split(root, "test", 2, (const char *const[]){"seq1/0001", "seq2/0001"});
    add_list("short.txt", "0001\n");
    expect_refused(root, "short", "seq1/0001.png", "both could be meant by '0001'");
    add_list("gone.txt", "seq3/0001\n");
    expect_refused(root, "gone", "seq3/0001", "no such image");
    add_image("images/seq1/0001.bmp", 12); /* two files of one name: the ending tells */
    expect_refused(root, "test", "0001.bmp", "both could be meant");
    add_list("test.txt", "seq1/0001.png\n");
    expect_split(root, "test", 1, (const char *const[]){"seq1/0001"});
}

/* A split whose masks are not found is one of the set all the same. */
static void test_split_folder_without_masks(void **state) {
    (void)state;
    bool found;
    start("half-labelled");
    add_image("train/images/1.png", 10);
    add_image("train/masks/1.png", 100);
    add_image("Testing/images/2.png", 11);
    add_image("Testing/mask_png/2.png", 101);
    assert_ok(dataset_has_split(root, "test", &found));
    assert_true(found);
    assert_ok(dataset_has_split(root, "val", &found));
    assert_false(found);
    expect_refused(root, "test", "Testing/images", "images of split test without masks");
    expect_refused(root, "all", "Testing/images", "images of split test without masks");
    expect_split(root, "train", 1, (const char *const[]){"1"});
    add_image("trainval/images/1.png", 10);
    expect_refused(root, "trainval", "trainval/images", "without masks"); /* train does not stand in for it */
    expect_split(root, "train", 1, (const char *const[]){"1"});
}

/* Numbering that restarts in each folder is one of other images, in a pack, too. */
static void test_pack_of_split_folders(void **state) {
    (void)state;
    static const char *const splits[] = {"train", "test"};
    char pack[4096];
    dataset *opened[2];
    start("numbered-anew");
    add_image("train/images/0.png", 10);
    add_image("train/masks/0.png", 100);
    add_image("train/images/1.png", 11);
    add_image("train/masks/1.png", 101);
    add_image("test/images/0.png", 12);
    add_image("test/masks/0.png", 102);
    snprintf(pack, sizeof pack, "%s", scratch_path("numbered-anew.h5"));
    for (int i = 0; i < 2; i++)
        assert_ok(dataset_open(root, splits[i], &opened[i]));
    assert_ok(pack_write(pack, opened, 2, &(pack_options){0}, NULL, NULL));
    for (int i = 0; i < 2; i++)
        dataset_close(opened[i]);
    expect_split(root, "all", 3, (const char *const[]){"train/0", "train/1", "test/0"});
    expect_split(pack, "all", 3, (const char *const[]){"train/0", "train/1", "test/0"});
    expect_split(pack, "train", 2, (const char *const[]){"0", "1"});
}

/* A folder inside the masks may hold copies of them, or the masks of images that are called alike. */
static void test_which_mask_is_meant(void **state) {
    (void)state;
    start("kept-copies");
    add_image("images/0.png", 10);
    add_image("masks/0_pixels0.png", 100);
    add_image("masks/old/0.png", 200);
    add_list("test.txt", "0\n");
    expect_split(root, "test", 1, (const char *const[]){"0"});
    expect_split(root, "all", 1, (const char *const[]){"0"});
    start("one-mask-inside");
    add_image("images/0001.png", 10);
    add_image("images/seq1/0001.png", 11);
    add_image("masks/seq1/0001.png", 101);
    add_list("test.txt", "seq1/0001\n");
    add_list("train.txt", "0001\n");
    expect_split(root, "test", 1, (const char *const[]){"seq1/0001"});
    expect_refused(root, "train", "masks/0001: no such mask", "but the image is there");
    expect_refused(root, "all", "masks/0001: no such mask", "but the image is there");
    start("one-mask-outside");
    add_image("images/0001.png", 10);
    add_image("images/seq1/0001.png", 11);
    add_image("masks/0001_mask.png", 100);
    expect_refused(root, "all", "masks/seq1/0001: no such mask", "but the image is there");
    start("two-cases");
    add_image("images/Scene.png", 10);
    add_image("images/scene.png", 11);
    add_image("masks/scene.png", 101);
    expect_refused(root, "all", "masks/Scene: no such mask", "but the image is there");
    start("folder-in-the-list");
    add_image("images/seq1/0001.png", 10);
    add_image("masks/seq1/0001.png", 100);
    add_image("masks/old/0001.png", 200);
    add_list("test.txt", "0001\n");
    expect_split(root, "test", 1, (const char *const[]){"0001"});
}

static void test_no_masks(void **state) {
    (void)state;
    start("unlabelled");
    add_image("images/a.png", 10);
    expect_refused(root, "test", root, "images without masks");
    add_list("Annotations/a.xml", "<annotation/>");
    expect_refused(root, "test", "Annotations", "made masks first");
    add_list("labels/a.txt", "0 0.5 0.5 0.1 0.1\n");
    expect_refused(root, "all", "labels", "boxes have to be made masks first");
}

static int shared_names(const dataset *d, const dataset *other, const char **example) {
    int count;
    assert_ok(dataset_shared_names(d, other, &count, example));
    return count;
}

static void test_split_set(void **state) {
    (void)state;
    char name[64];
    split_counts counts;
    dataset *d, *again;
    start("unsplit");
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "images/%02d.png", i);
        add_image(name, (uint8_t)(10 + i));
        snprintf(name, sizeof name, "masks/%02d.png", i);
        add_image(name, (uint8_t)(100 + i));
    }
    assert_fails(split_set_write(root, &(split_shares){0.5, 0.5, 1}, &counts), STATUS_USAGE, "--val 0.5",
                 "less than 1");
    assert_fails(split_set_write(root, &(split_shares){0.01, 0.2, 1}, &counts), STATUS_USAGE, "unsplit", "empty");
    assert_ok(split_set_write(root, &(split_shares){0.1, 0.2, 1}, &counts));
    assert_true(counts.train == 14 && counts.val == 2 && counts.test == 4 && counts.folders == 0);
    assert_ok(dataset_open(root, "train", &d));
    assert_ok(dataset_open(root, "test", &again));
    assert_int_equal(dataset_count(d), 14);
    assert_int_equal(shared_names(d, again, NULL), 0);
    dataset_close(d);
    dataset_close(again);
    assert_fails(split_set_write(root, &(split_shares){0.1, 0.2, 1}, &counts), STATUS_INPUT, root, "already");
}

/* Frames of a sequence show the same: no folder falls on two sides. */
static void test_split_keeps_folders(void **state) {
    (void)state;
    char name[64];
    split_counts counts;
    dataset *d;
    start("sequences");
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "images/seq%d/%02d.png", i / 5, i);
        add_image(name, (uint8_t)(10 + i));
        snprintf(name, sizeof name, "masks/seq%d/%02d.png", i / 5, i);
        add_image(name, (uint8_t)(100 + i));
    }
    assert_ok(split_set_write(root, &(split_shares){0.1, 0.3, 7}, &counts));
    assert_true(counts.folders == 6 && counts.test == 10 && counts.val == 5 && counts.train == 15);
    assert_ok(dataset_open(root, "test", &d));
    for (int i = 0; i < 10; i += 5)
        for (int k = 1; k < 5; k++)
            assert_memory_equal(dataset_sample_name(d, i), dataset_sample_name(d, i + k), 4);
    dataset_close(d);
}

/* Folders inside that are called as the one of images, and the slashes of Windows. */
static void test_folders_in_lists(void **state) {
    (void)state;
    start("frames-in-images");
    add_image("images/s1/images/0.png", 10);
    add_image("masks/s1/images/0.png", 100);
    add_image("images/s2/images/0.png", 11);
    add_image("masks/s2/images/0.png", 101);
    add_list("train.txt", "s1/images/0\n");
    add_list("gone.txt", "images\\gone.png\r\n");
    expect_split(root, "train", 1, (const char *const[]){"s1/images/0"});
    expect_refused(root, "gone", "images/gone.png", "no such image");
    start("windows");
    add_image("images/s/0.png", 10);
    add_image("masks/s/0.png", 100);
    add_list("test.txt", "images\\s\\0.png\r\n");
    add_list("train.txt", ".\\images\\s\\0.png .\\masks\\s\\0.png\r\n");
    expect_split(root, "test", 1, (const char *const[]){"s/0"});
    expect_split(root, "train", 1, (const char *const[]){"s/0"});
}

/* Folders that are splits already are not dealt out anew. */
static void test_split_of_splits(void **state) {
    (void)state;
    split_counts counts;
    start("split-folders-inside");
    for (int i = 0; i < 20; i++) {
        char name[64];
        snprintf(name, sizeof name, "images/%s/%02d.png", i < 14 ? "Training" : "Z_other", i);
        add_image(name, (uint8_t)(10 + i));
        snprintf(name, sizeof name, "masks/%s/%02d.png", i < 14 ? "Training" : "Z_other", i);
        add_image(name, (uint8_t)(100 + i));
    }
    assert_fails(split_set_write(root, &(split_shares){0.1, 0.2, 1}, &counts), STATUS_INPUT, "'Training/00'",
                 "a split already");
    assert_false(path_is_file(inside("train.txt")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sirst_v2),
        cmocka_unit_test(test_dense_sirst),
        cmocka_unit_test(test_names_of_pairs),
        cmocka_unit_test(test_lists_in_their_folders),
        cmocka_unit_test(test_lists_in_two_folders),
        cmocka_unit_test(test_split_folders),
        cmocka_unit_test(test_which_file_is_meant),
        cmocka_unit_test(test_split_folder_without_masks),
        cmocka_unit_test(test_pack_of_split_folders),
        cmocka_unit_test(test_which_mask_is_meant),
        cmocka_unit_test(test_no_masks),
        cmocka_unit_test(test_split_set),
        cmocka_unit_test(test_split_keeps_folders),
        cmocka_unit_test(test_folders_in_lists),
        cmocka_unit_test(test_split_of_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
