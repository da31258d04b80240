/* PSTNN: its patches and prior, what it finds, and images and options at the edge. The published code's own results are
 * compared in compare_model_driven. */
#include "modules/classic/pstnn/corner_prior.h"
#include "modules/classic/pstnn/patch_tensor.h"
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 52, HEIGHT = 47, PIXELS = WIDTH * HEIGHT };

/* Patches of 4 x 4 every 3 pixels on 9 x 7: starts 0 3 5 across, 0 3 down. */
static void test_patches(void **state) {
    (void)state;
    patch_tensor t = patch_tensor_of(9, 7, 4, 3);
    double image[63], patches[6 * 16], back[63];
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.columns, 3);
    assert_int_equal(t.n3, 6);
    for (int i = 0; i < 63; i++)
        image[i] = i;
    patch_tensor_cut(&t, image, patches);
    assert_true(patches[0] == 0 && patches[1] == 9 && patches[4] == 1); /* down first */
    assert_true(patches[16] == 3 * 9);                                  /* the patch below comes second */
    assert_true(patches[4 * 16] == 5 && patches[5 * 16 + 15] == 62);
    patch_tensor_paste(&t, patches, back);
    assert_memory_equal(back, image, sizeof image);
    patches[5 * 16] = -1; /* pixel (5, 3): also in patches 2 and 3, which are written before */
    patch_tensor_paste(&t, patches, back);
    assert_true(back[3 * 9 + 5] == -1);
    t = patch_tensor_of(4, 4, 4, 4);
    assert_int_equal(t.n3, 1);
    t = patch_tensor_of(256, 256, 40, 40);
    assert_int_equal(t.n3, 49);
}

static void test_prior(void **state) {
    (void)state;
    enum { SIDE = 20 };
    double grey[SIDE * SIDE], prior[SIDE * SIDE];
    workspace work = {0};
    for (int i = 0; i < SIDE * SIDE; i++)
        grey[i] = 70;
    workspace_begin(&work);
    assert_ok(corner_prior(grey, SIDE, SIDE, &work, prior)); /* flat: no corner, and no 0 / 0 */
    for (int i = 0; i < SIDE * SIDE; i++)
        assert_true(prior[i] == 0);
    for (int i = 0; i < SIDE * SIDE; i++)
        grey[i] = i % SIDE < 5 ? 20 : 200;
    grey[10 * SIDE + 14] = 255; /* an edge at column 5 and a spot */
    workspace_begin(&work);
    assert_ok(corner_prior(grey, SIDE, SIDE, &work, prior));
    double most = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        assert_true(prior[i] >= 0 && prior[i] <= 1);
        most = fmax(most, prior[i]);
    }
    assert_true(most == 1);
    assert_true(prior[10 * SIDE + 13] > 0.3 && prior[10 * SIDE + 5] < 1e-3);
    workspace_free(&work);
}

static detector *method(const char *key, const char *value) {
    detector *d;
    assert_ok(golden_detector(
        (const char *[]){"model.name", "pstnn", "model.patch_size", "20", "model.patch_step", "12", key, value, NULL},
        &d));
    return d;
}

static const float *run(detector *d, const float *image) {
    detector_maps maps;
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    for (int i = 0; i < PIXELS; i++)
        assert_true(isfinite(maps.score[i]) && maps.score[i] >= 0);
    return maps.score;
}

/* A smooth sky, a step, and a spot of 2 x 2 pixels at (30, 21). */
static void sky(float *image) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double grey = 60 + 40 * sin(0.07 * x) * cos(0.05 * y) + (y > 33 ? 30 : 0) + (x * 7 + y * 13) % 5;
            image[y * WIDTH + x] = (float)rint(grey) / 255;
        }
    for (int i = 0; i < 4; i++)
        image[(21 + i / 2) * WIDTH + 30 + i % 2] = 200.0f / 255;
}

static int place_of_maximum(const float *score) {
    int place = 0;
    for (int i = 0; i < PIXELS; i++)
        place = score[i] > score[place] ? i : place;
    return place;
}

static void test_finds_a_spot(void **state) {
    (void)state;
    float image[PIXELS];
    sky(image);
    const char *const presets[] = {"authors", "community"};
    for (int i = 0; i < 2; i++) {
        detector *d = method("model.preset", presets[i]);
        int place = place_of_maximum(run(d, image)), x = place % WIDTH, y = place / WIDTH;
        assert_true(x >= 30 && x <= 31 && y >= 21 && y <= 22);
        detector_free(d);
    }
}

/* 4 x 4 patches across and down: no middle frequency is dropped, so rounding is the only difference of the presets. */
static void test_community_rounds(void **state) {
    (void)state;
    float image[PIXELS], exact[PIXELS];
    sky(image);
    detector *d = method("model.patch_step", "12");
    memcpy(exact, run(d, image), sizeof exact);
    detector_free(d);
    float most = exact[place_of_maximum(exact)], brightest = 0;
    for (int i = 0; i < PIXELS; i++)
        brightest = fmaxf(brightest, image[i] * 255);
    d = method("model.preset", "community");
    const float *score = run(d, image);
    for (int i = 0; i < PIXELS; i++)
        assert_true(fabsf(score[i] - rintf(exact[i] / most * brightest)) < 1e-3f);
    detector_free(d);
}

/* 3 x 3 patches: the community's spectrum has a hole, and its background and so its target another shape. */
static void test_community_drops_a_frequency(void **state) {
    (void)state;
    float image[PIXELS], exact[PIXELS], brightest = 0;
    sky(image);
    for (int i = 0; i < 5; i++) /* more spots, of different brightness */
        image[(5 + 8 * i) * WIDTH + 9 + 7 * i] = (float)(120 + 25 * i) / 255;
    for (int i = 0; i < PIXELS; i++)
        brightest = fmaxf(brightest, image[i] * 255);
    detector *d = method("model.patch_step", "16");
    memcpy(exact, run(d, image), sizeof exact);
    detector_free(d);
    assert_ok(golden_detector((const char *[]){"model.name", "pstnn", "model.patch_size", "20", "model.patch_step",
                                               "16", "model.preset", "community", NULL},
                              &d));
    const float *score = run(d, image);
    float most = exact[place_of_maximum(exact)], difference = 0;
    for (int i = 0; i < PIXELS; i++)
        difference = fmaxf(difference, fabsf(score[i] - rintf(exact[i] / most * brightest)));
    assert_true(difference >= 2);
    detector_free(d);
}

static void test_flat_images(void **state) {
    (void)state;
    float image[PIXELS];
    const char *const presets[] = {"authors", "community"};
    for (int p = 0; p < 2; p++) {
        detector *d = method("model.preset", presets[p]);
        for (int grey = 0; grey <= 255; grey += 85) {
            for (int i = 0; i < PIXELS; i++)
                image[i] = (float)grey / 255;
            const float *score = run(d, image);
            for (int i = 0; i < PIXELS; i++)
                assert_true(score[i] < 1e-9f);
        }
        detector_free(d);
    }
}

static void test_threads(void **state) {
    (void)state;
    float image[PIXELS], one[PIXELS];
    sky(image);
    for (int threads = 1; threads <= 3; threads++) {
        use_threads(threads);
        detector *d = method("model.patch_step", "9");
        const float *score = run(d, image);
        if (threads == 1)
            memcpy(one, score, sizeof one);
        assert_memory_equal(score, one, sizeof one);
        detector_free(d);
    }
    use_threads(0);
}

static void test_sizes_and_options(void **state) {
    (void)state;
    float image[PIXELS] = {0};
    detector_maps maps;
    detector *d = method("model.patch_step", "20");
    image[5] = 1;
    assert_fails(detector_run(d, image, 19, 30, DETAIL_SCORE, &maps), STATUS_INPUT, "19x30", "model.patch_size");
    assert_fails(detector_run(d, image, 30, 19, DETAIL_SCORE, &maps), STATUS_INPUT, "30x19", "20x20");
    assert_ok(detector_run(d, image, 20, 20, DETAIL_SCORE, &maps)); /* a single patch */
    for (int i = 0; i < 400; i++)
        assert_true(isfinite(maps.score[i]));
    detector_free(d);
    assert_fails(golden_detector((const char *[]){"model.name", "pstnn", "model.patch_step", "41", NULL}, &d),
                 STATUS_USAGE, "model.patch_step is 41", "40");
    assert_fails(golden_detector((const char *[]){"model.name", "pstnn", "model.lambda", "0", NULL}, &d), STATUS_USAGE,
                 "model.lambda", "0");
    assert_fails(golden_detector((const char *[]){"model.name", "pstnn", "model.tolerance", "nan", NULL}, &d),
                 STATUS_USAGE, "model.tolerance", "nan");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_prior),
        cmocka_unit_test(test_finds_a_spot),
        cmocka_unit_test(test_community_rounds),
        cmocka_unit_test(test_community_drops_a_frequency),
        cmocka_unit_test(test_flat_images),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_sizes_and_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
