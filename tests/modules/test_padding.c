/* Images of any size: padded to what the network takes, in detection and in training, and cropped back. */
#include "modules/detector.h"
#include "modules/padding.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <stdlib.h>

enum { LARGEST = 96 };

static void test_sides(void **state) {
    (void)state;
    const side_rule any = {0}, sixteen = {.multiple = 16}, least = {.multiple = 4, .least = 76};
    assert_int_equal(padded_side(any, 37), 37);
    assert_int_equal(padded_side(sixteen, 1), 16);
    assert_int_equal(padded_side(sixteen, 16), 16);
    assert_int_equal(padded_side(sixteen, 17), 32);
    assert_int_equal(padded_side(least, 5), 76);
    assert_int_equal(padded_side(least, 77), 80);
}

/* MSHNet on one channel halves its maps four times. */
static const char *const settings[] = {"model.name", "mshnet", "model.channels", "1", NULL};
enum { SIDE = 64, WIDTH = SIDE - 7, HEIGHT = SIDE - 13 };
static const float blank = 0.485f; /* the grey value that its input shows as zero */

static float grey(int x, int y) {
    return (float)((x * 37 + y * 53) % 101) / 101;
}

static float *image_of(int width, int height, int shown_width, int shown_height) {
    float *image = malloc((size_t)(width * height) * sizeof *image);
    assert_non_null(image);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            image[y * width + x] = x < shown_width && y < shown_height ? grey(x, y) : blank;
    return image;
}

/* A cropped image gives what the same image gives with the blank value around it, cropped. */
static void test_maps_are_those_of_the_padded_image(void **state) {
    (void)state;
    detector *d;
    assert_ok(golden_detector(settings, &d));
    float *whole = image_of(SIDE, SIDE, WIDTH, HEIGHT), *part = image_of(WIDTH, HEIGHT, WIDTH, HEIGHT);
    detector_maps maps;
    assert_ok(detector_run(d, whole, SIDE, SIDE, DETAIL_SCORE, &maps));
    float *expected = malloc((size_t)(SIDE * SIDE) * sizeof *expected);
    assert_non_null(expected);
    memcpy(expected, maps.logit, (size_t)(SIDE * SIDE) * sizeof *expected);
    assert_ok(detector_run(d, part, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    assert_int_equal(maps.width, WIDTH);
    assert_int_equal(maps.height, HEIGHT);
    double largest = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            largest = deviation_worse(largest, fabs(maps.logit[y * WIDTH + x] - expected[y * SIDE + x]));
    assert_true(largest < 1e-4);
    detector_free(d);
    free(whole);
    free(part);
    free(expected);
}

static void test_every_network_takes_every_size(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {83, 20}, {17, 90}};
    float *image = image_of(LARGEST, LARGEST, LARGEST, LARGEST);
    for (int m = 0; m < detector_method_count(); m++) {
        detector *d;
        if (detector_method_score_kind(m) != SCORE_PROBABILITY)
            continue;
        assert_ok(golden_detector((const char *[]){"model.name", detector_method_name(m), NULL}, &d));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            detector_maps maps;
            assert_ok(detector_run(d, image, sizes[i][0], sizes[i][1], DETAIL_SCORE, &maps));
            for (int k = 0; k < sizes[i][0] * sizes[i][1]; k++)
                assert_true(isfinite(maps.score[k]) && isfinite(maps.logit[k]));
        }
        detector_free(d);
    }
    free(image);
}

/* One step on a padded size is the step on the image and the mask that are padded by hand: the same loss and
 * gradients. */
static void test_training_on_padded_images(void **state) {
    (void)state;
    float *whole = image_of(SIDE, SIDE, WIDTH, HEIGHT), *part = image_of(WIDTH, HEIGHT, WIDTH, HEIGHT);
    float *mask = calloc((size_t)(SIDE * SIDE), sizeof *mask);
    float *part_mask = calloc((size_t)(WIDTH * HEIGHT), sizeof *mask);
    assert_true(mask && part_mask);
    for (int y = 10; y < 14; y++)
        for (int x = 20; x < 25; x++)
            mask[y * SIDE + x] = part_mask[y * WIDTH + x] = 1;
    detector *d;
    detector_loss losses[2];
    float *gradient = NULL;
    assert_ok(golden_detector(settings, &d));
    for (int i = 0; i < 2; i++) {
        detector_training training = {
            .batch_size = 2, .width = i ? WIDTH : SIDE, .height = i ? HEIGHT : SIDE, .phase = 1};
        detector_batch batch = {.images = i ? part : whole, .masks = i ? part_mask : mask, .count = 1};
        assert_ok(detector_begin_training(d, &training));
        assert_ok(detector_train_step(d, &batch, &losses[i]));
        const parameter *p = parameter_find(detector_parameters(d), "conv_init.weight");
        if (i == 0) {
            gradient = malloc(p->count * sizeof *gradient);
            assert_non_null(gradient);
            memcpy(gradient, p->grad, p->count * sizeof *gradient);
        } else {
            for (size_t k = 0; k < p->count; k++)
                assert_true(fabsf(p->grad[k] - gradient[k]) <= 1e-5f + 1e-4f * fabsf(gradient[k]));
        }
    }
    assert_true(fabs(losses[0].total - losses[1].total) < 1e-6);
    detector_free(d);
    free(gradient);
    free(whole);
    free(part);
    free(mask);
    free(part_mask);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_maps_are_those_of_the_padded_image),
        cmocka_unit_test(test_every_network_takes_every_size),
        cmocka_unit_test(test_training_on_padded_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
