/* Samples as detectors see them: sizes, labels, and variations before and after resizing. */
#include "eval/measure/sample.h"

#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/check/components.h"
#include "datasets/vary/noise.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 256 };

/* A data set of one image of `side` x `side` pixels, grey(i) at pixel i, with an empty mask. */
static dataset *set_of(const char *name, int side, uint8_t (*grey)(int)) {
    char folder[512], path[4096];
    size_t pixels = (size_t)side * (size_t)side;
    snprintf(folder, sizeof folder, "%s", scratch_path(name));
    uint8_t *image = malloc(pixels), *mask = calloc(pixels, 1);
    assert_true(image && mask);
    for (size_t i = 0; i < pixels; i++)
        image[i] = grey((int)i);
    assert_ok(path_join(path, folder, "images", ""));
    assert_ok(folder_create(path));
    assert_ok(path_join(path, folder, "images/a.png", ""));
    assert_ok(png_write_8(path, side, side, 1, image));
    assert_ok(path_join(path, folder, "masks", ""));
    assert_ok(folder_create(path));
    assert_ok(path_join(path, folder, "masks/a.png", ""));
    assert_ok(png_write_8(path, side, side, 1, mask));
    assert_ok(path_join(path, folder, "test.txt", ""));
    assert_ok(file_write(path, "a\n", 2));
    free(image);
    free(mask);
    dataset *set;
    assert_ok(dataset_open(folder, "test", &set));
    return set;
}

static uint8_t flat(int i) {
    (void)i;
    return 51;
}

static uint8_t mixed(int i) {
    return (uint8_t)(i % 251);
}

static void add_noise(const void *context, const char *name, float *image, size_t pixels) {
    noise_add(context, name, image, pixels);
}

static double variance_of(const float *image, float mean) {
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        sum += pow(image[i] - mean, 2);
    return sum / (SIDE * SIDE);
}

/* Halving averages 2 x 2 pixels, so noise from before it has a quarter of the variance. */
static void test_place_of_a_variation(void **state) {
    (void)state;
    dataset *set = set_of("flat", 2 * SIDE, flat);
    noise n = {.kind = NOISE_GAUSSIAN, .level = 1e-3, .seed = 5};
    for (int before = 0; before < 2; before++) {
        sample_variation vary = {add_noise, &n, before};
        sample s;
        assert_ok(sample_read(set, 0, &(sample_options){.size = SIDE, .vary = &vary}, &s));
        assert_true(s.width == SIDE && s.height == SIDE);
        double variance = n.level / (before ? 4 : 1), deviation = variance * sqrt(2.0 / (SIDE * SIDE));
        assert_true(fabs(variance_of(s.image, 0.2f) - variance) < 5 * deviation);
        sample_free(&s);
    }
    dataset_close(set);
}

/* Without a variation the resized image is rounded to grey levels, as the reference does. */
static void test_plain(void **state) {
    (void)state;
    dataset *set = set_of("mixed", 40, mixed);
    grey_image stored, resized;
    float expected[33 * 33];
    assert_ok(dataset_read(set, 0, MASK_SIZE_MUST_MATCH, &stored, NULL));
    assert_ok(grey_image_resize_bilinear(&stored, 33, 33, &resized));
    image_to_unit(&resized, expected);
    sample s;
    assert_ok(sample_read(set, 0, &(sample_options){.size = 33}, &s));
    assert_memory_equal(s.image, expected, sizeof expected);
    for (int i = 0; i < 33 * 33; i++)
        assert_int_equal(s.label[i], 0);
    sample_free(&s);
    assert_ok(sample_read(set, 0, &(sample_options){.size = 0}, &s));
    assert_true(s.width == 40 && s.image[39] == 39 / 255.0f);
    sample_free(&s);
    grey_image_free(&stored);
    grey_image_free(&resized);
    dataset_close(set);
}

/* Targets of IRSTD-1k's test list at 256 x 256. */
static int64_t targets_of(sample_resizing resizing) {
    char path[4096];
    dataset *set;
    int64_t targets = 0;
    const sample_options options = {.size = SIDE, .resizing = resizing};
    assert_ok(path_join(path, require_shared_folder(), "data/IRSTD-1k", ""));
    assert_ok(dataset_open(path, "test", &set));
    for (int i = 0; i < dataset_count(set); i++) {
        sample s;
        component_list found;
        assert_ok(sample_read(set, i, &options, &s));
        assert_ok(components_find(s.label, s.width, s.height, &found));
        targets += found.count;
        component_list_free(&found);
        sample_free(&s);
    }
    dataset_close(set);
    return targets;
}

/* By two programs' rules: MSHNet's published fractions have the denominator 294. */
static void test_resizing(void **state) {
    (void)state;
    assert_int_equal(targets_of(RESIZE_OPENCV), 291);
    assert_int_equal(targets_of(RESIZE_PILLOW), 294);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place_of_a_variation),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_resizing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
