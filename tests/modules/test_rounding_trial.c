/* int8 chain by chain: each chain is found whole and tried alone, and one whose ranges are no good is told from the
 * others. With trained weights that have their ranges and detect what is drawn, kept beside the test: what ships as
 * `nudt` is trained anew from time to time, and need not. */
#include "modules/checkpoint.h"
#include "modules/rounding_trial.h"
#include "tests/expect.h"
#include "tests/modules/formula_network.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

enum { STEP = 20, W = 6 * STEP, H = 5 * STEP, PIXELS = W * H, STAGES = 6, LAYERS = 3 };

/* Clouds, and spots of several sizes and strengths. */
static void draw(float *image) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float clouds = 0.3f + 0.2f * sinf(0.11f * (float)x) * cosf(0.07f * (float)y);
            int column = x / STEP, row = y / STEP, dx = x % STEP - STEP / 2, dy = y % STEP - STEP / 2;
            float width = 1 + 0.3f * (float)column, strength = 0.05f + 0.08f * (float)row;
            image[y * W + x] = clouds + strength * expf(-(float)(dx * dx + dy * dy) / (2 * width * width));
        }
}

static detector *trained(void) {
    detector *d;
    assert_ok(checkpoint_load(test_engine(), "tests/modules/rounding_trial.h5", &d));
    return d;
}

static parameter *weight_of(detector *d, int stage, int layer) {
    char name[64];
    snprintf(name, sizeof name, "decos.%d.merge.mapping.%d.weight", stage, 3 * layer);
    parameter *p = parameter_find(detector_parameters(d), name);
    assert_non_null(p);
    return p;
}

/* Leaves one of 255 steps. */
static void spoil(detector *d, int stage) {
    for (int layer = 0; layer < LAYERS; layer++) {
        parameter *p = weight_of(d, stage, layer);
        for (int i = 0; i < p->shape[0]; i++)
            p->ranges[i] *= 200;
    }
}

static void test_chains(void **state) {
    (void)state;
    detector *d = trained();
    rounding_trial *t;
    assert_ok(rounding_trial_new(d, &t));
    assert_int_equal(rounding_trial_chains(t), STAGES);
    for (int k = 0; k < STAGES; k++) {
        assert_string_equal(rounding_trial_name(t, k), weight_of(d, k, 0)->name);
        assert_int_equal(rounding_trial_layers(t, k), LAYERS);
        assert_true(rounding_trial_changed(t, k) == 0);
    }
    rounding_trial_free(t);
    for (int k = 0; k < STAGES; k++)
        for (int layer = 0; layer < LAYERS; layer++)
            assert_non_null(weight_of(d, k, layer)->ranges);
    detector_free(d);
}

static rounding_trial *tried(detector *d, const float *image) {
    rounding_trial *t;
    assert_ok(rounding_trial_new(d, &t));
    assert_ok(rounding_trial_add(t, image, W, H));
    return t;
}

static void test_what_is_spoilt_is_found(void **state) {
    (void)state;
    enum { SPOILT = 3 };
    static float image[PIXELS], before[PIXELS];
    detector_maps maps;
    draw(image);
    detector *d = trained();
    assert_ok(detector_run(d, image, W, H, DETAIL_SCORE, &maps));
    memcpy(before, maps.score, sizeof before);
    rounding_trial *t = tried(d, image);
    double changed[STAGES];
    for (int k = 0; k < STAGES; k++)
        changed[k] = rounding_trial_changed(t, k);
    assert_true(changed[SPOILT] < 0.1);
    assert_true(changed[STAGES - 1] == 0); /* its reconstruction is in no score */
    rounding_trial_free(t);

    spoil(d, SPOILT);
    t = tried(d, image);
    for (int k = 0; k < STAGES; k++)
        assert_true(k == SPOILT ? rounding_trial_changed(t, k) > 0.5 : rounding_trial_changed(t, k) == changed[k]);
    rounding_trial_drop(t, SPOILT);
    rounding_trial_free(t);
    for (int k = 0; k < STAGES; k++)
        for (int layer = 0; layer < LAYERS; layer++)
            assert_true((weight_of(d, k, layer)->ranges == NULL) == (k == SPOILT));
    assert_ok(detector_run(d, image, W, H, DETAIL_SCORE, &maps));
    assert_memory_equal(maps.score, before, sizeof before);
    assert_ok(detector_set_precision(d, PRECISION_INT8)); /* the others are known */
    detector_free(d);
}

/* Without any ranges there is no chain. */
static void test_nothing_to_try(void **state) {
    (void)state;
    detector *d;
    rounding_trial *t;
    assert_ok(formula_network("rpcanet_plus", "model.stages=1", &d));
    assert_ok(rounding_trial_new(d, &t));
    assert_int_equal(rounding_trial_chains(t), 0);
    rounding_trial_free(t);
    rounding_trial_free(NULL);
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_what_is_spoilt_is_found),
        cmocka_unit_test(test_nothing_to_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
