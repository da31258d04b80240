/* Batches for training: their order, their pixels, and what is said of an image that cannot be read. */
#include "datasets/loader.h"

#include "core/io/file_io.h"
#include "datasets/make/synthesize.h"
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

/* The sum over a batch, weighted by position: equal only for equal batches. */
static double fingerprint(const batch *b) {
    double sum = b->count;
    for (int i = 0; i < b->count * b->size * b->size; i++)
        sum = sum * 0.999 + b->images[i] + 2 * b->masks[i];
    return sum;
}

static void test_batches(void **state) {
    (void)state;
    dataset *d;
    loader *l;
    batch b;
    double first[12];
    loader_options options = {.batch_size = 4, .size = 32, .augment.kind = AUGMENT_FLIPS, .seed = 6};
    assert_ok(dataset_open(scenes, "train", &d));
    assert_ok(loader_new(d, &options, &l));
    assert_int_equal(loader_batches_per_epoch(l), 3);
    for (int i = 0; i < 12; i++) {
        assert_ok(loader_next(l, &b));
        assert_int_equal(b.count, i % 3 == 2 ? 3 : 4); /* 11 images: the last batch is smaller */
        first[i] = fingerprint(&b);
    }
    assert_true(first[0] != first[3]); /* another epoch, another order */
    for (int i = 11; i >= 0; i -= 3) { /* a batch does not depend on what went before */
        assert_ok(loader_seek(l, i / 3, i % 3));
        assert_ok(loader_next(l, &b));
        assert_true(fingerprint(&b) == first[i]);
    }
    loader_free(l);
    assert_ok(loader_new(d, &options, &l)); /* freed while it reads ahead */
    loader_free(l);
    dataset_close(d);
}

static void test_order_and_last_batch(void **state) {
    (void)state;
    dataset *d;
    loader *l;
    batch b;
    double first[2] = {0};
    loader_options options = {.batch_size = 4, .size = 32, .keep_order = true, .drop_last = true};
    assert_ok(dataset_open(scenes, "train", &d));
    assert_ok(loader_new(d, &options, &l));
    assert_int_equal(loader_batches_per_epoch(l), 2); /* 11 images */
    for (int i = 0; i < 4; i++) {
        assert_ok(loader_next(l, &b));
        assert_int_equal(b.count, 4);
        if (i < 2)
            first[i] = fingerprint(&b);
        assert_true(fingerprint(&b) == first[i % 2]);
    }
    assert_true(first[0] != first[1]);
    loader_free(l);
    options.batch_size = 12;
    assert_fails(loader_new(d, &options, &l), STATUS_USAGE, "11 images", "12");
    options.batch_size = 0;
    assert_fails(loader_new(d, &options, &l), STATUS_USAGE, "batches of 0 images", "32");
    dataset_close(d);
}

/* Without augmentation a batch holds the images and the masks as the data set has them, each in its place. */
static void test_pixels_are_those_of_the_set(void **state) {
    (void)state;
    dataset *d;
    loader *l;
    batch b;
    static float image[SIDE * SIDE], mask[SIDE * SIDE];
    assert_ok(dataset_open(scenes, "train", &d));
    assert_ok(loader_new(d, &(loader_options){.batch_size = 3, .size = SIDE, .keep_order = true}, &l));
    for (int i = 0; i < TRAIN; i++) {
        grey_image grey, label;
        if (i % 3 == 0)
            assert_ok(loader_next(l, &b));
        assert_ok(dataset_read(d, i, MASK_SIZE_MUST_MATCH, &grey, &label));
        image_to_unit(&grey, image);
        mask_to_soft(&label, mask_maximum(&label), mask);
        assert_memory_equal(b.images + i % 3 * SIDE * SIDE, image, sizeof image);
        assert_memory_equal(b.masks + i % 3 * SIDE * SIDE, mask, sizeof mask);
        grey_image_free(&grey);
        grey_image_free(&label);
    }
    loader_free(l);
    dataset_close(d);
}

/* An image that cannot be read spoils its own batch, and no other. */
static void test_a_broken_image_is_reported(void **state) {
    (void)state;
    static char root[4096];
    char folder[4096], path[4096];
    dataset *d;
    loader *l;
    batch b;
    snprintf(root, sizeof root, "%s", scratch_path("broken"));
    assert_ok(synthesize_folder(root, 9, SIDE, 4, 1, NULL, NULL));
    assert_ok(dataset_open(root, "train", &d));
    assert_ok(path_join(folder, root, "images", ""));
    assert_ok(path_join(path, folder, dataset_sample_name(d, 1), ".png"));
    assert_ok(file_write(path, "no image", 8));
    assert_ok(loader_new(d, &(loader_options){.batch_size = 1, .size = 32, .keep_order = true}, &l));
    for (int i = 0; i < 8; i++)
        if (i % 4 == 1)
            assert_fails(loader_next(l, &b), STATUS_INPUT, path, "PNG");
        else
            assert_ok(loader_next(l, &b));
    loader_free(l);
    dataset_close(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_order_and_last_batch),
        cmocka_unit_test(test_pixels_are_those_of_the_set),
        cmocka_unit_test(test_a_broken_image_is_reported),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
