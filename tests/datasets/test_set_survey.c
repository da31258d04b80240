/* What is said of odd labels and grey values before work begins, and that packs lose nothing of deep images. */
#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/check/set_content.h"
#include "datasets/check/set_survey.h"
#include "datasets/dataset.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE, SAMPLES = 3 };

static char root[4096];

static const char *file_of(const char *folder, int index) {
    static char path[2][4096];
    static int next;
    char name[32];
    next = !next;
    snprintf(name, sizeof name, "%s/%d", folder, index);
    assert_ok(path_join(path[next], root, name, ".png"));
    return path[next];
}

/* A sound set: grey images, one target of 255 a mask. */
static void make_set(const char *name) {
    snprintf(root, sizeof root, "%s", scratch_path(name));
    uint8_t image[PIXELS], mask[PIXELS] = {0};
    char folder[4096];
    assert_ok(path_join(folder, root, "images", ""));
    assert_ok(folder_create(folder));
    assert_ok(path_join(folder, root, "masks", ""));
    assert_ok(folder_create(folder));
    for (int i = 0; i < PIXELS; i++)
        image[i] = (uint8_t)i;
    mask[20] = mask[21] = 255;
    for (int i = 0; i < SAMPLES; i++) {
        assert_ok(png_write_8(file_of("images", i), SIDE, SIDE, 1, image));
        assert_ok(png_write_8(file_of("masks", i), SIDE, SIDE, 1, mask));
    }
}

/* Values of the first pixels of the mask; the others are `rest`. */
static void set_mask(int index, uint8_t rest, const char *values) {
    uint8_t mask[PIXELS];
    memset(mask, rest, sizeof mask);
    memcpy(mask, values, strlen(values));
    assert_ok(png_write_8(file_of("masks", index), SIDE, SIDE, 1, mask));
}

static status survey(mask_rule rule, const char *mask_option, name_list *remarks) {
    dataset *d;
    *remarks = (name_list){0};
    assert_ok(dataset_open(root, "all", &d));
    status result = set_survey_run(d, MASK_SIZE_MAY_DIFFER, &(survey_words){.range = "--range ", .mask = mask_option},
                                   remarks, &(set_survey){.rule = rule});
    dataset_close(d);
    return result;
}

static void expect_remark(mask_rule rule, const char *mask_option, const char *text) {
    name_list remarks;
    assert_ok(survey(rule, mask_option, &remarks));
    if (remarks.count != (text != NULL) || (text && !strstr(remarks.names[0], text)))
        fail_msg("expected '%s', got %d: %s", text ? text : "nothing", remarks.count,
                 remarks.count ? remarks.names[0] : "");
    name_list_free(&remarks);
}

static void expect_stop(mask_rule rule, const char *a, const char *b) {
    name_list remarks;
    assert_fails(survey(rule, "--mask ", &remarks), STATUS_INPUT, a, b);
    name_list_free(&remarks);
}

static void test_a_sound_set(void **state) {
    (void)state;
    make_set("sound");
    expect_remark(MASK_MAX, "--mask ", NULL);
    set_mask(1, 0, "");
    expect_remark(MASK_HALF, NULL, NULL); /* an empty mask is nothing odd */
}

static void test_no_target(void **state) {
    (void)state;
    make_set("none");
    for (int i = 0; i < SAMPLES; i++)
        set_mask(i, 0, "\1\1");
    expect_remark(MASK_MAX, "--mask ", NULL);
    expect_stop(MASK_HALF, "none, split all", "largest value of a mask is 1");
    set_mask(0, 0, "\xff");
    expect_remark(MASK_HALF, "--mask ", "2 of 3 masks are not empty but have no target under this --mask");
    expect_remark(MASK_HALF, "evaluate.mask = ", "under this evaluate.mask");
    for (int i = 0; i < SAMPLES; i++)
        set_mask(i, 0, "");
    expect_stop(MASK_MAX, "none", "all 3 masks are empty");
}

/* Black masks whose label is in the alpha channel. */
static void test_labels_in_alpha(void **state) {
    (void)state;
    uint8_t pixels[PIXELS][4] = {{0}};
    png_image png = {.version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_RGBA};
    make_set("alpha");
    for (int i = 0; i < SAMPLES; i++) {
        pixels[20][3] = i == 1 ? 255 : 0; /* one of them has a target */
        assert_true(png_image_write_to_file(&png, file_of("masks", i), 0, pixels, 0, NULL));
    }
    expect_stop(MASK_MAX, "all 3 masks are empty", "masks/1.png seems to be in the alpha channel");
}

static void test_numbers_and_soft_edges(void **state) {
    (void)state;
    make_set("numbered");
    set_mask(0, 0, "\1\2\3");
    expect_remark(MASK_MAX, "--mask ",
                  "1 of 3 masks hold 1, 2, 3 ... as if they numbered their targets; only the last");
    expect_remark(MASK_MAX, NULL, "prepare pack --mask any");
    expect_remark(MASK_MAX, "evaluate.mask = ", "counts: give evaluate.mask = any");
    expect_remark(MASK_ANY, "--mask ", "any value above 0 is a target");
    set_mask(1, 0, "\x40\xff");
    expect_remark(MASK_MAX, "--mask ", "2 of 3 masks have values between 0 and their largest");
    expect_remark(MASK_MAX, "evaluate.mask = ", "are target; another evaluate.mask counts others");
}

/* Squares of light in 256 columns of masks one row above them. Said only to those who would turn them over. */
static void test_masks_beside_targets(void **state) {
    (void)state;
    enum { WIDE = 256, HIGH = 32, SPACING = 20 };
    static uint8_t image[WIDE * HIGH], mask[WIDE * HIGH];
    make_set("beside");
    for (int y = 12; y < 16; y++)
        for (int x = 10; x < WIDE - 10; x += SPACING)
            for (int i = 0; i < 4; i++)
                image[(y + 1) * WIDE + x + i] = mask[y * WIDE + x + i] = 255;
    for (int i = 0; i < SAMPLES; i++) {
        assert_ok(png_write_8(file_of("images", i), WIDE, HIGH, 1, image));
        assert_ok(png_write_8(file_of("masks", i), WIDE, HIGH, 1, mask));
    }
    dataset *d;
    name_list remarks = {0};
    survey_words words = {.range = "--range ", .mask = "--mask ", .turns = "data.augment = flips"};
    assert_ok(dataset_open(root, "all", &d));
    assert_ok(set_survey_run(d, MASK_SIZE_MAY_DIFFER, &words, &remarks, &(set_survey){.rule = MASK_MAX}));
    assert_int_equal(remarks.count, 1);
    assert_non_null(
        strstr(remarks.names[0], "36 of 36 targets lie a pixel or more below their masks, at most 0 as far"));
    assert_non_null(
        strstr(remarks.names[0], "unless data.augment = flips makes all sides alike; data.augment = none does"));
    name_list_free(&remarks);
    words.turns = NULL;
    assert_ok(set_survey_run(d, MASK_SIZE_MAY_DIFFER, &words, &remarks, &(set_survey){.rule = MASK_MAX}));
    assert_int_equal(remarks.count, 0);
    name_list_free(&remarks);
    dataset_close(d);
}

/* Of several sets: which, how many times and in which order. */
static void test_contents_of_sets(void **state) {
    (void)state;
    uint32_t a = set_content_join(0, 11), b = set_content_join(0, 12);
    assert_true(a != 0 && a != b && set_content_join(a, 11) != 0 && set_content_join(a, 11) != a);
    assert_true(set_content_join(a, 12) != set_content_join(b, 11));
}

/* At half the size every second pixel is kept: OpenCV's rule keeps those of even rows and columns, Pillow's the others.
 */
static void test_targets_that_vanish(void **state) {
    (void)state;
    uint8_t mask[PIXELS] = {0};
    make_set("vanish");
    mask[2 * SIDE + 2] = mask[2 * SIDE + 5] = mask[5 * SIDE + 5] = 255; /* each rule keeps one of them */
    mask[5 * SIDE + 1] = mask[5 * SIDE + 2] = mask[6 * SIDE + 1] = mask[6 * SIDE + 2] = 255;
    assert_ok(png_write_8(file_of("masks", 0), SIDE, SIDE, 1, mask));
    const struct {
        mask_resizing how;
        int targets, vanished;
    } cases[] = {{{SIDE / 2, false}, 4, 2}, {{SIDE / 2, true}, 4, 2}, {{SIDE, false}, 0, 0}, {{0, false}, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grey_image stored = {0};
        int64_t targets = 0, vanished = 0;
        assert_ok(png_read_grey(file_of("masks", 0), &stored));
        assert_ok(vanished_targets_add(&stored, 255, MASK_MAX, &cases[i].how, &targets, &vanished));
        assert_int_equal(targets, cases[i].targets);
        assert_int_equal(vanished, cases[i].vanished);
        grey_image_free(&stored);
    }
    grey_image wide; /* one side shrinks, the other grows */
    int64_t targets = 0, vanished = 0;
    assert_ok(grey_image_new(32, 8, 255, &wide));
    wide.pixels[3 * 32 + 2] = wide.pixels[3 * 32 + 5] = 255;
    assert_ok(vanished_targets_add(&wide, 255, MASK_MAX, &(mask_resizing){16, false}, &targets, &vanished));
    assert_true(targets == 2 && vanished == 1);
    grey_image_free(&wide);
    dataset *d;
    name_list remarks = {0};
    set_survey s = {.rule = MASK_MAX, .resizing.size = SIDE / 2};
    assert_ok(dataset_open(root, "all", &d));
    assert_ok(
        set_survey_run(d, MASK_SIZE_MAY_DIFFER, &(survey_words){.range = "--range ", .size = "--size"}, &remarks, &s));
    assert_int_equal(remarks.count, 1);
    char expected[128];
    snprintf(expected, sizeof expected,
             "4 of %d targets vanish at %dx%d, where no pixel of them is kept: a larger --size keeps more",
             4 + SAMPLES - 1, SIDE / 2, SIDE / 2);
    if (!strstr(remarks.names[0], expected))
        fail_msg("expected '%s', got '%s'", expected, remarks.names[0]);
    name_list_free(&remarks);
    dataset_close(d);
}

static void test_covered(void **state) {
    (void)state;
    make_set("covered");
    set_mask(2, 255, "");
    expect_stop(MASK_MAX, "masks/2.png: targets cover 100 %", "inverted");
}

/* A deep image behind one of 8 bits stays what it is, as does a deep mask. */
static void test_pack_depth(void **state) {
    (void)state;
    make_set("depth");
    uint16_t deep[PIXELS], label[PIXELS] = {0};
    for (int i = 0; i < PIXELS; i++)
        deep[i] = (uint16_t)(1000 + i);
    label[7] = 200;
    assert_ok(png_write_grey16(file_of("images", 1), SIDE, SIDE, deep));
    assert_ok(png_write_grey16(file_of("masks", 2), SIDE, SIDE, label));
    dataset *d, *packed;
    grey_image image, mask;
    const char *path = scratch_path("deep.h5");
    assert_ok(dataset_open(root, "all", &d));
    assert_ok(pack_write(path, &d, 1, &(pack_options){0}, NULL, NULL));
    assert_ok(dataset_open(path, "all", &packed));
    assert_ok(dataset_read(packed, 1, MASK_SIZE_MUST_MATCH, &image, NULL));
    assert_memory_equal(image.pixels, deep, sizeof deep);
    grey_image_free(&image);
    assert_ok(dataset_read(packed, 0, MASK_SIZE_MUST_MATCH, &image, &mask));
    assert_true(image.maximum == 65535 && image.pixels[100] == 100 * 257 && mask.pixels[20] == 65535);
    grey_image_free(&image);
    grey_image_free(&mask);
    assert_ok(dataset_read(packed, 2, MASK_SIZE_MUST_MATCH, NULL, &mask));
    assert_int_equal(mask.pixels[7], 200);
    grey_image_free(&mask);
    dataset_close(packed);
    /* A range and plain masks. */
    grey_range range;
    assert_ok(grey_range_read("1000,1255", "--range", &range));
    dataset_set_range(d, &range);
    assert_ok(pack_write(path, &d, 1, &(pack_options){.binary = true, .rule = MASK_ANY}, NULL, NULL));
    assert_ok(dataset_open(path, "all", &packed));
    assert_ok(dataset_read(packed, 1, MASK_SIZE_MUST_MATCH, &image, NULL));
    assert_true(image.pixels[0] == 0 && image.pixels[255] == 65535);
    grey_image_free(&image);
    assert_ok(dataset_read(packed, 2, MASK_SIZE_MUST_MATCH, NULL, &mask));
    assert_int_equal(mask.pixels[7], 65535);
    grey_image_free(&mask);
    dataset_close(packed);
    /* A mask of another size is found. */
    uint8_t small[16] = {0};
    assert_ok(png_write_8(file_of("masks", 0), 4, 4, 1, small));
    assert_fails(pack_write(path, &d, 1, &(pack_options){0}, NULL, NULL), STATUS_INPUT, "masks/0.png", "4x4");
    dataset_close(d);
    pack_writer *w;
    uint16_t one[4] = {0};
    grey_image first = {.width = 2, .height = 2, .maximum = 255, .pixels = one};
    grey_image other = {.width = 2, .height = 1, .maximum = 255, .pixels = one};
    assert_ok(pack_begin(path, 1, &w));
    assert_fails(pack_add(w, "test", "a", &first, &other), STATUS_INPUT, "a: its mask is 2x1", "2x2");
    pack_abandon(w);
}

/* The last test: the signal stays. */
static void test_a_signal_ends_reading(void **state) {
    (void)state;
    const survey_words words = {.range = "--range ", .mask = "--mask ", .size = "--size"};
    name_list remarks = {0};
    set_survey survey = {0};
    dataset *d;
    uint32_t content;
    make_set("interrupted");
    assert_ok(dataset_open(root, "all", &d));
    process_begin_signals();
    raise(SIGTERM);
    assert_int_equal(set_survey_run(d, MASK_SIZE_MUST_MATCH, &words, &remarks, &survey), STATUS_INTERRUPTED);
    assert_int_equal(set_content_find(d, &content), STATUS_INTERRUPTED);
    process_end_signals();
    dataset_close(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_set),          cmocka_unit_test(test_no_target),
        cmocka_unit_test(test_labels_in_alpha),      cmocka_unit_test(test_numbers_and_soft_edges),
        cmocka_unit_test(test_masks_beside_targets), cmocka_unit_test(test_covered),
        cmocka_unit_test(test_targets_that_vanish),  cmocka_unit_test(test_contents_of_sets),
        cmocka_unit_test(test_pack_depth),           cmocka_unit_test(test_a_signal_ends_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
