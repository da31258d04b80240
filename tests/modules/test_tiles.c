/* Images cut into tiles: what is put together is what the whole image gives. */
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 300, HEIGHT = 170 };

/* A slow slope with a spot every 40 pixels. */
static float *image_of(int width, int height) {
    float *image = malloc((size_t)width * (size_t)height * sizeof *image);
    assert_non_null(image);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            image[y * width + x] = 0.2f + 0.3f * (float)x / (float)width + (x % 40 < 3 && y % 40 < 2 ? 0.4f : 0) +
                                   (float)((x * 7 + y * 5) % 11) / 200;
    return image;
}

static detector *network(const char *const *settings) {
    detector *d;
    assert_ok(golden_detector(settings, &d));
    return d;
}

/* The largest difference of the logits, and of the score maps, between cutting and not. */
static double difference(const char *const *settings, detector_tiles tiles) {
    detector *d = network(settings);
    detector_maps maps;
    float *image = image_of(WIDTH, HEIGHT), *logit = malloc(WIDTH * HEIGHT * sizeof *logit);
    assert_non_null(logit);
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    memcpy(logit, maps.logit, WIDTH * HEIGHT * sizeof *logit);
    detector_set_tiles(d, &tiles);
    assert_true(detector_cuts(d, WIDTH, HEIGHT));
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    assert_true(maps.width == WIDTH && maps.height == HEIGHT && maps.stage_count == 0);
    double largest = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        largest = deviation_worse(largest, fabs(maps.logit[i] - logit[i]));
        assert_true(fabsf(maps.score[i] - 1 / (1 + expf(-maps.logit[i]))) < 1e-6f);
    }
    detector_free(d);
    free(image);
    free(logit);
    return largest;
}

/* RPCANet has no means over maps: where the overlap covers what a pixel sees (a stage reaches some 10 pixels), tiles
 * give what the whole image gives. */
static void test_a_network_of_convolutions(void **state) {
    (void)state;
    static const char *const settings[] = {"model.name", "rpcanet", "model.stages", "1", "model.total_channels",
                                           "4",          NULL};
    assert_true(difference(settings, (detector_tiles){128, 48, 0}) < 1e-5);
    assert_true(difference(settings, (detector_tiles){160, 64, 0}) < 1e-5);
}

/* MSHNet halves its maps four times, and has means over whole maps: logits differ, but by far less than they vary. */
static void test_a_network_that_halves_its_maps(void **state) {
    (void)state;
    static const char *const settings[] = {"model.name", "mshnet", "model.channels", "1", NULL};
    double largest = difference(settings, (detector_tiles){160, 64, 0});
    printf("MSHNet: logits differ by up to %g\n", largest);
    assert_true(largest < 0.01);
}

static void test_what_is_cut(void **state) {
    (void)state;
    detector *d =
        network((const char *[]){"model.name", "rpcanet", "model.stages", "1", "model.total_channels", "4", NULL});
    assert_false(detector_cuts(d, 30000, 30000));
    detector_set_tiles(d, &(detector_tiles){64, 16, 100 * 100});
    assert_false(detector_cuts(d, 100, 100));
    assert_true(detector_cuts(d, 101, 100));
    assert_false(detector_cuts(d, 64, 64));
    float *image = image_of(WIDTH, HEIGHT);
    detector_maps maps;
    assert_fails(detector_run(d, image, WIDTH, HEIGHT, DETAIL_STAGES, &maps), STATUS_USAGE, "300x170", "stage maps");
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_RECONSTRUCTION, &maps));
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        assert_true(isfinite(maps.reconstruction[i]));
    assert_ok(detector_run(d, image, 1, HEIGHT, DETAIL_SCORE, &maps)); /* after tiles, a small image again */
    assert_int_equal(detector_cut_images(d), 1);
    detector_drop_tiles(d);
    detector_free(d);
    free(image);
}

static void test_a_narrow_image(void **state) {
    (void)state;
    detector *d =
        network((const char *[]){"model.name", "rpcanet", "model.stages", "1", "model.total_channels", "4", NULL});
    float *image = image_of(900, 5), whole[900 * 5];
    detector_maps maps;
    assert_ok(detector_run(d, image, 900, 5, DETAIL_SCORE, &maps));
    memcpy(whole, maps.logit, sizeof whole);
    detector_set_tiles(d, &(detector_tiles){128, 48, 0});
    assert_ok(detector_run(d, image, 900, 5, DETAIL_SCORE, &maps));
    for (int i = 0; i < 900 * 5; i++)
        assert_true(fabsf(maps.logit[i] - whole[i]) < 1e-5f);
    detector_free(d);
    free(image);
}

/* A model-driven method with a local measure gives the same, too. */
static void test_a_method_without_parameters(void **state) {
    (void)state;
    detector *d = network((const char *[]){"model.name", "mpcm", NULL});
    float *image = image_of(WIDTH, HEIGHT), *whole = malloc(WIDTH * HEIGHT * sizeof *whole);
    detector_maps maps;
    assert_non_null(whole);
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    memcpy(whole, maps.score, WIDTH * HEIGHT * sizeof *whole);
    detector_set_tiles(d, &(detector_tiles){128, 64, 0});
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_RECONSTRUCTION, &maps));
    assert_null(maps.logit);
    assert_null(maps.reconstruction);
    float most = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        most = fmaxf(most, fabsf(whole[i]));
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        assert_true(fabsf(maps.score[i] - whole[i]) <= 1e-5f * most);
    detector_free(d);
    free(image);
    free(whole);
}

/* A spot on a sky on the left, the same half as strong on the right: each in a tile of its own. */
static float *two_skies(void) {
    float *image = malloc((size_t)WIDTH * HEIGHT * sizeof *image);
    assert_non_null(image);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int left = x < WIDTH / 2, spot = left ? x / 2 == 40 && y / 2 == 40 : x / 2 == 110 && y / 2 == 60;
            double sky = 20 * sin(0.07 * x) * cos(0.05 * y) + (x * 7 + y * 13) % 5 + (spot ? 120 : 0);
            sky = 60 + (left ? 1 : 0.5) * sky;
            image[y * WIDTH + x] = (float)sky / 255;
        }
    return image;
}

/* A model-driven method decomposes each tile by itself, but one unit holds in all of them: the bright spot stays
 * brighter, by about as much as in the whole image. */
static void test_one_scale_for_all_tiles(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"ipi", "authors"}, {"ipi", "community"}, {"pstnn", "authors"}, {"pstnn", "community"}};
    float *image = two_skies();
    for (int i = 0; i < 4; i++) {
        const char *name = cases[i][0], *preset = cases[i][1];
        detector *d = network((const char *[]){"model.name", name, "model.preset", preset, "model.patch_size", "20",
                                               "model.patch_step", "10", NULL});
        detector_maps maps;
        detector_set_tiles(d, &(detector_tiles){160, 32, 0});
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
        float bright = 0, faint = 0;
        for (int k = 0; k < WIDTH * HEIGHT; k++) {
            float *side = k % WIDTH < WIDTH / 2 ? &bright : &faint;
            *side = fmaxf(*side, maps.score[k]);
        }
        printf("%s, %s: %g and %g\n", name, preset, (double)bright, (double)faint);
        assert_true(faint > 0 && bright > 1.8f * faint);
        detector_free(d);
    }
    free(image);
}

/* Whatever an image's sides, no tile is a sliver: here windows of 50 pixels fit into all of them. */
static void test_tiles_are_of_about_one_size(void **state) {
    (void)state;
    detector *d = network((const char *[]){"model.name", "ipi", "model.iterations", "1", NULL});
    float *image = image_of(400, 100);
    detector_maps maps;
    detector_set_tiles(d, &(detector_tiles){128, 0, 0});
    for (int width = 129; width <= 400; width += 13) {
        assert_true(detector_cuts(d, width, 100));
        assert_ok(detector_run(d, image, width, 100, DETAIL_SCORE, &maps));
    }
    detector_free(d);
    free(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_network_of_convolutions),
        cmocka_unit_test(test_a_network_that_halves_its_maps),
        cmocka_unit_test(test_what_is_cut),
        cmocka_unit_test(test_a_narrow_image),
        cmocka_unit_test(test_a_method_without_parameters),
        cmocka_unit_test(test_one_scale_for_all_tiles),
        cmocka_unit_test(test_tiles_are_of_about_one_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
