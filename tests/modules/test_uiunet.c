/* UIU-Net: parameter counts, images of any size, input preparation, both losses fall. */
#include "core/base/rng.h"
#include "modules/detector.h"
#include "modules/input.h"
#include "modules/tensor_options.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <string.h>

static detector *network(const char *channels, const char *loss) {
    detector *d;
    assert_ok(golden_detector(
        (const char *[]){"model.name", "uiunet", "model.channels", channels, "model.loss", loss, NULL}, &d));
    return d;
}

static void test_parameter_counts(void **state) {
    (void)state;
    static const struct {
        const char *channels;
        int64_t parameters;
    } cases[] = {{"3", 50541461}, {"1", 50540309}};
    for (int i = 0; i < 2; i++) {
        detector *d = network(cases[i].channels, "bce");
        assert_int_equal(parameter_count_trained(detector_parameters(d)), cases[i].parameters);
        assert_string_equal(detector_parameters(d)->items[0]->name, "stage1.rebnconvin.conv_s1.weight");
        detector_free(d);
    }
}

/* Uniform within 1 / sqrt(fan-in), weights and biases alike. */
static void test_initialisation(void **state) {
    (void)state;
    detector *d = network("1", "bce");
    const parameter_set *set = detector_parameters(d);
    const parameter *weight = parameter_find(set, "stage5.rebnconvin.conv_s1.weight");
    const parameter *bias = parameter_find(set, "stage5.rebnconvin.conv_s1.bias");
    const double bound = 1 / sqrt(512 * 9);
    double largest = 0, squares = 0;
    for (size_t i = 0; i < weight->count; i++) {
        largest = fmax(largest, fabs(weight->value[i]));
        squares += (double)weight->value[i] * weight->value[i] / (double)weight->count;
    }
    assert_true(largest <= bound && largest > 0.999 * bound);
    assert_true(fabs(squares / (bound * bound) * 3 - 1) < 0.01);
    for (size_t i = 0; i < bias->count; i++)
        assert_true(fabs(bias->value[i]) <= bound);
    detector_free(d);
}

static void test_any_image_size(void **state) {
    (void)state;
    enum { WIDTH = 75, HEIGHT = 33 };
    float image[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        image[i] = (float)((i * 37) % 101) / 101;
    detector *d = network("3", "bce");
    detector_maps maps;
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        assert_true(isfinite(maps.logit[i]));
    detector_free(d);
}

/* An image divided by its own maximum, then normalised; a black one is not divided. */
static void test_input(void **state) {
    (void)state;
    static const float images[2][4] = {{0, 0.1f, 0.2f, 0.4f}, {0, 0, 0, 0}};
    const input_format format = {.channels = 2, .own_maximum = true, .mean = {0.5f, 0}, .std = {0.25f, 1}};
    float memory[4 * 4], *first = memory;
    tensor to = tensor_dense(2, 2, 2, 2);
    to.data = first;
    input_fill(&format, images[0], &to);
    static const float expected[4][4] = {{-2, -1, 0, 2}, {0, 0.25f, 0.5f, 1}, {-2, -2, -2, -2}, {0, 0, 0, 0}};
    for (int plane = 0; plane < 4; plane++)
        for (int i = 0; i < 4; i++)
            assert_true(fabsf(memory[4 * plane + i] - expected[plane][i]) < 1e-6f);
}

enum { SIDE = 32, BATCH = 2, PIXELS = SIDE * SIDE };

/* Noise, and a bright target of 3x3 pixels in each image. */
static void synthesize(float images[BATCH * PIXELS], float masks[BATCH * PIXELS]) {
    rng r = rng_new(5, 0);
    for (int i = 0; i < BATCH * PIXELS; i++) {
        images[i] = (float)(0.3 * rng_uniform(&r));
        masks[i] = 0;
    }
    for (int n = 0; n < BATCH; n++)
        for (int y = 8; y < 11; y++)
            for (int x = 12 + 6 * n; x < 15 + 6 * n; x++)
                images[n * PIXELS + y * SIDE + x] = masks[n * PIXELS + y * SIDE + x] = 1;
}

/* A step against each gradient's sign, as Adam's first ones are: their sizes differ by orders of magnitude. */
static void step_down(const parameter_set *set) {
    const float rate = 1e-3f;
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        for (size_t j = 0; p->grad && j < p->count; j++)
            p->value[j] -= p->grad[j] == 0 ? 0 : copysignf(rate, p->grad[j]);
    }
}

static void test_loss_falls(void **state) {
    (void)state;
    skip_if_sanitized();
    static float images[BATCH * PIXELS], masks[BATCH * PIXELS];
    static const char *const losses[] = {"bce", "soft_iou"};
    synthesize(images, masks);
    for (int k = 0; k < 2; k++) {
        detector *d = network("1", losses[k]);
        assert_ok(detector_begin_training(
            d, &(detector_training){.batch_size = BATCH, .width = SIDE, .height = SIDE, .eta = 0.1}));
        detector_loss first, last;
        assert_ok(detector_train_step(d, &(detector_batch){.images = images, .masks = masks, .count = BATCH}, &first));
        assert_int_equal(first.part_count, 7);
        double sum = 0;
        for (int i = 0; i < 7; i++)
            sum += first.parts[i].value;
        assert_true(fabs(first.total - (k ? sum / 7 : sum)) < 1e-5);
        for (int step = 0; step < 4; step++) {
            step_down(detector_parameters(d));
            assert_ok(
                detector_train_step(d, &(detector_batch){.images = images, .masks = masks, .count = BATCH}, &last));
        }
        assert_true(last.total < 0.99 * first.total);
        detector_free(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts), cmocka_unit_test(test_initialisation),
        cmocka_unit_test(test_any_image_size),   cmocka_unit_test(test_input),
        cmocka_unit_test(test_loss_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
