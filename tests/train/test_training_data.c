/* The section data of a training run: what is opened, what is refused, and that a run goes on to the same bits. */
#include "core/io/file_io.h"
#include "datasets/make/synthesize.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"
#include "train/training_data.h"

#include <stdio.h>

enum { FIRST = 10, SECOND = 6, TEST = 3 };

static char ini[4096], first[4096], second[4096], roots[8300];

static void write_list(const char *split, const char *text) {
    char path[4096];
    assert_ok(path_join(path, first, split, ".txt"));
    assert_ok(file_write(path, text, strlen(text)));
}

static int make_sets(void **state) {
    (void)state;
    char text[512];
    snprintf(first, sizeof first, "%s", scratch_path("first"));
    snprintf(second, sizeof second, "%s", scratch_path("second"));
    snprintf(roots, sizeof roots, "%s,%s", first, second);
    assert_ok(synthesize_folder(first, 2, 40, FIRST, TEST, NULL, NULL));
    assert_ok(synthesize_folder(second, 3, 36, SECOND, TEST, NULL, NULL));
    write_list("val", "scene_00010\nscene_00003\n");
    snprintf(text, sizeof text,
             "[model]\nstages = 1\nbottleneck_channels = 2\ntotal_channels = 4\nse_reduction = 2\n"
             "[data]\nsize = 32\naugment = flips\n"
             "[train]\nepochs = 3\nbatch_size = 4\nlearning_rate = 1e-3\nevaluate_every = 2\n");
    snprintf(ini, sizeof ini, "%s", scratch_file("tiny.ini", text, strlen(text)));
    return 0;
}

typedef struct notices {
    int count;
    char last[1024];
} notices;

static void note(void *context, const char *text) {
    notices *n = context;
    n->count++;
    snprintf(n->last, sizeof n->last, "%s", text);
}

/* More keys, separated by blanks. */
static config *configured(const char *root, const char *overrides) {
    char text[9000];
    config *c;
    snprintf(text, sizeof text, "data.root=%s %s", root, overrides);
    assert_ok(runs_read((recipe){ini, text}, &c));
    return c;
}

static training_data opened(const char *root, const char *overrides, notices *heard) {
    training_data data;
    config *c = configured(root, overrides);
    *heard = (notices){0};
    assert_ok(training_data_open(c, note, heard, &data));
    config_free(c);
    return data;
}

static void expect_refused(const char *root, const char *overrides, status code, const char *a, const char *b) {
    training_data data;
    config *c = configured(root, overrides);
    assert_fails(training_data_open(c, NULL, NULL, &data), code, a, b);
    training_data_close(&data);
    config_free(c);
}

static void expect_counts(const training_data *data, int train, int validation) {
    assert_int_equal(dataset_count(data->train), train);
    assert_int_equal(dataset_count(data->validation), validation);
}

static int shared_names(const dataset *d, const dataset *other, const char **example) {
    int count;
    assert_ok(dataset_shared_names(d, other, &count, example));
    return count;
}

static void test_which_split_validates(void **state) {
    (void)state;
    notices heard;
    training_data data = opened(first, "", &heard);
    expect_counts(&data, FIRST, TEST);
    assert_string_equal(dataset_split(data.validation), "test");
    assert_null(data.weights);
    training_data_close(&data);
    data = opened(first, "data.holdout=0.3", &heard);
    expect_counts(&data, FIRST - 3, 3);
    assert_int_equal(shared_names(data.train, data.validation, NULL), 0);
    assert_string_equal(dataset_split(data.validation), "train, the 3 held out");
    training_data_close(&data);
    data = opened(first, "data.holdout=0.3 data.validation_split=test", &heard);
    expect_counts(&data, FIRST, TEST); /* nothing is held out for nobody */
    assert_int_equal(heard.count, 1);
    assert_non_null(strstr(heard.last, "data.holdout = 0.3 is passed over"));
    training_data_close(&data);
    expect_refused(first, "data.holdout=0.01", STATUS_USAGE, "data.holdout", "0 of the 10 samples of first");
    expect_refused(first, "data.validation_split=gone", STATUS_INPUT, "gone.txt", first);
}

/* Every seed holds out the same images. */
static void test_seed_moves_nothing(void **state) {
    (void)state;
    notices heard;
    training_data one = opened(first, "data.holdout=0.3 train.seed=1", &heard);
    training_data two = opened(first, "data.holdout=0.3 train.seed=2", &heard);
    assert_int_equal(shared_names(one.validation, two.validation, NULL), 3);
    training_data_close(&one);
    training_data_close(&two);
}

static void test_several_sets(void **state) {
    (void)state;
    notices heard;
    char spaced[8400], odd[4096];
    training_data data = opened(roots, "data.weights=1,0.5 data.holdout=0.2", &heard);
    expect_counts(&data, 8 + 5, 2 + 1); /* held out of each set on its own */
    assert_true(data.weights[0] == 1 && data.weights[1] == 0.5);
    assert_string_equal(dataset_name(data.train), "first + second");
    assert_string_equal(dataset_sample_name(data.train, 8), "second/scene_00000");
    training_data_close(&data);
    data = opened(roots, "", &heard);
    expect_counts(&data, FIRST + SECOND, 2 * TEST);
    training_data_close(&data);
    config *c = configured(first, ""); /* an ini has blanks around commas */
    snprintf(spaced, sizeof spaced, "data.root=%s , %s", first, second);
    assert_ok(config_override(c, spaced));
    assert_ok(training_data_open(c, NULL, NULL, &data));
    expect_counts(&data, FIRST + SECOND, 2 * TEST);
    training_data_close(&data);
    config_free(c);
    snprintf(odd, sizeof odd, "%s", scratch_path("one,set")); /* exists as it is written */
    assert_ok(synthesize_folder(odd, 2, 40, 4, 2, NULL, NULL));
    data = opened(odd, "", &heard);
    expect_counts(&data, 4, 2);
    assert_string_equal(dataset_name(data.train), "one,set");
    training_data_close(&data);
}

static void test_wrong_sets_and_weights(void **state) {
    (void)state;
    char text[8400];
    expect_refused(roots, "data.weights=1", STATUS_USAGE, "data.weights = 1",
                   "each of the 2 sets of data.root, found 1");
    expect_refused(first, "data.weights=1,2", STATUS_USAGE, "data.weights = 1,2",
                   "each of the 1 set of data.root, found 2");
    expect_refused(roots, "data.weights=1,0", STATUS_USAGE, "data.weights = 1,0", "above 0, at most 1000, found '0'");
    expect_refused(roots, "data.weights=-1,1", STATUS_USAGE, "data.weights = -1,1", "found '-1'");
    expect_refused(roots, "data.weights=1,nan", STATUS_USAGE, "data.weights", "found 'nan'");
    expect_refused(roots, "data.weights=1,x", STATUS_USAGE, "data.weights", "found 'x'");
    expect_refused(roots, "data.weights=1,,2", STATUS_USAGE, "data.weights = 1,,2", "found nothing");
    expect_refused(roots, "data.weights=1,0.01", STATUS_USAGE, "data.weights: ", "none of the 6 images of set 2");
    snprintf(text, sizeof text, "%s,", first);
    expect_refused(text, "", STATUS_USAGE, "data.root = ", "found nothing");
    snprintf(text, sizeof text, "%s,no-such-set", first);
    expect_refused(text, "", STATUS_INPUT, "no-such-set", "no such file or folder");
}

static void test_shared_images_are_reported(void **state) {
    (void)state;
    notices heard;
    training_data data = opened(first, "data.validation_split=val", &heard);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.last, "1 image of first is both trained on and evaluated on, e.g. scene_00003");
    training_data_close(&data);
    data = opened(first, "data.test_split=val data.holdout=0.1", &heard); /* scene_00006 is held out */
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.last, "1 image of first is both trained on and in the test split, e.g. scene_00003");
    training_data_close(&data);
    data = opened(roots, "", &heard); /* the same names in two sets are different images */
    assert_int_equal(heard.count, 0);
    training_data_close(&data);
}

static void test_augmentation(void **state) {
    (void)state;
    config *c = configured(first, "data.noise=0.01 data.gain=0.2 data.blur=1 data.rotation=15 data.scale=0.25 "
                                  "train.crop_background=0.5");
    augment_options o = training_augmentation(c, false);
    assert_int_equal(o.kind, AUGMENT_FLIPS);
    assert_true(o.grey.noise == 0.01 && o.grey.gain == 0.2 && o.grey.blur == 1);
    assert_true(o.geometry.rotation == 15 && o.geometry.scale == 0.25 && o.background == 0.5);
    o = training_augmentation(c, true);
    assert_int_equal(o.kind, AUGMENT_TARGETS);
    assert_true(o.grey.noise == 0.01 && o.geometry.scale == 0.25);
    assert_int_equal(o.whole, config_int(c, "data.size"));
    config_free(c);
    notices heard; /* of images of 40 x 40 */
    training_data data = opened(first, "data.augment=crops data.size=64", &heard);
    assert_non_null(strstr(heard.last, "side of an image is 40 pixels: data.augment = crops fills windows"));
    training_data_close(&data);
    data = opened(first, "data.augment=crops data.size=40", &heard);
    assert_int_equal(heard.count, 0);
    training_data_close(&data);
    c = configured(first, "data.augment=crops"); /* never resized */
    assert_int_equal(training_augmentation(c, true).whole, 0);
    config_free(c);
    assert_fails(runs_read((recipe){ini, "data.root=x data.blur=4"}, &c), STATUS_USAGE, "data.blur", "3");
    assert_fails(runs_read((recipe){ini, "data.root=x data.holdout=0.6"}, &c), STATUS_USAGE, "data.holdout", "0.5");
    assert_fails(runs_read((recipe){ini, "data.root=x data.noise=-1"}, &c), STATUS_USAGE, "data.noise", "0");
}

/* Every variation, within crops and behind them. */
static void test_resume_with_every_variation(void **state) {
    (void)state;
    char text[8800];
    snprintf(text, sizeof text,
             "data.root=%s data.holdout=0.2 data.noise=0.02 data.gain=0.2 data.blur=1 data.rotation=20 data.scale=0.25 "
             "train.crop_epochs=2 train.crop_size=16 train.crop_background=0.5",
             first);
    runs_expect_resumed((recipe){ini, text}, 1, "step 3 of 6");
    runs_expect_resumed((recipe){ini, text}, 2, "step 5 of 6");
}

static void test_resume_with_weighted_sets(void **state) {
    (void)state;
    char text[8800];
    snprintf(text, sizeof text, "data.root=%s data.weights=0.7,1.5", roots); /* 7 + 9 images */
    runs_expect_resumed((recipe){ini, text}, 1, "step 5 of 12");
    runs_expect_resumed((recipe){ini, text}, 2, "step 9 of 12");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_split_validates),
        cmocka_unit_test(test_seed_moves_nothing),
        cmocka_unit_test(test_several_sets),
        cmocka_unit_test(test_wrong_sets_and_weights),
        cmocka_unit_test(test_shared_images_are_reported),
        cmocka_unit_test(test_augmentation),
        cmocka_unit_test(test_resume_with_every_variation),
        cmocka_unit_test(test_resume_with_weighted_sets),
    };
    return cmocka_run_group_tests(tests, make_sets, NULL);
}
