/* MSHNet: parameter counts, its two phases, options told from tensors. */
#include "modules/detector.h"
#include "modules/tensor_options.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <stdlib.h>

static detector *network(const char *channels, const char *head_kernel) {
    detector *d;
    assert_ok(golden_detector(
        (const char *[]){"model.name", "mshnet", "model.channels", channels, "model.head_kernel", head_kernel, NULL},
        &d));
    return d;
}

static void test_parameter_counts(void **state) {
    (void)state;
    static const struct {
        const char *channels, *head_kernel;
        int64_t count;
    } cases[] = {{"3", "1", 4065513}, {"1", "1", 4065481}, {"3", "3", 4067433}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        detector *d = network(cases[i].channels, cases[i].head_kernel);
        assert_int_equal(parameter_count_trained(detector_parameters(d)), cases[i].count);
        detector_free(d);
    }
}

static void test_phases(void **state) {
    (void)state;
    detector *d = network("3", "1");
    assert_int_equal(detector_phase(d, 0), 0);
    assert_int_equal(detector_phase(d, 5), 0);
    assert_int_equal(detector_phase(d, 6), 1);
    assert_int_equal(detector_last_phase(d), 1);
    detector_free(d);
}

enum { IMAGES = 2, SIDE = 32, PIXELS = SIDE * SIDE };

/* A slope with a bright square on each image, and the squares' masks. */
static void draw(float *images, float *masks) {
    for (int i = 0; i < IMAGES * PIXELS; i++) {
        int x = i % SIDE, y = i / SIDE % SIDE, at = 8 + 10 * (i / PIXELS);
        masks[i] = x >= at && x < at + 4 && y >= at && y < at + 4;
        images[i] = 0.2f + 0.01f * (float)x + 0.5f * masks[i];
    }
}

/* A step of one length in each parameter, against its gradient. */
static void descend(const parameter_set *set, float length) {
    for (int i = 0; i < set->count; i++)
        for (size_t k = 0; set->items[i]->kind == PARAMETER_TRAINED && k < set->items[i]->count; k++) {
            float grad = set->items[i]->grad[k];
            set->items[i]->value[k] -= grad > 0 ? length : grad < 0 ? -length : 0;
        }
}

static int parts_present(const detector_loss *loss) {
    int present = 0;
    for (int i = 0; i < loss->part_count; i++)
        present += !isnan(loss->parts[i].value);
    return present;
}

static void test_the_loss_falls_in_both_phases(void **state) {
    (void)state;
    static float images[IMAGES * PIXELS], masks[IMAGES * PIXELS];
    draw(images, masks);
    detector *d = network("3", "1");
    const float *untouched = parameter_find(detector_parameters(d), "final.weight")->value, before = *untouched;
    for (int phase = 0; phase < 2; phase++) {
        detector_training training = {.batch_size = IMAGES, .width = SIDE, .height = SIDE, .phase = phase};
        assert_ok(detector_begin_training(d, &training));
        detector_loss first, loss;
        for (int step = 0; step < 12; step++) {
            assert_ok(detector_train_step(d, &(detector_batch){.images = images, .masks = masks, .count = IMAGES},
                                          step ? &loss : &first));
            descend(detector_parameters(d), 0.002f);
        }
        assert_int_equal(first.part_count, 5);
        assert_int_equal(parts_present(&first), phase == 0 ? 1 : 5);
        assert_true(loss.total < first.total - 0.01);
        assert_true((*untouched == before) == (phase == 0)); /* only the second phase trains `final` */
    }
    detector_free(d);
}

static float *gradient_of(detector *d, const char *name, size_t *bytes) {
    const parameter *p = parameter_find(detector_parameters(d), name);
    *bytes = p->count * sizeof *p->grad;
    return p->grad;
}

/* Keeping the levels' results only and computing the rest twice gives the same bits: pooling finds the same places. */
static void test_recomputation_changes_nothing(void **state) {
    (void)state;
    static float images[IMAGES * PIXELS], masks[IMAGES * PIXELS];
    static const char *const names[] = {"conv_init.weight", "encoder_1.0.ca.fc1.weight", "middle_layer.0.conv1.weight"};
    draw(images, masks);
    detector *kept = network("3", "1"), *twice = network("3", "1");
    detector_training training = {.batch_size = IMAGES, .width = SIDE, .height = SIDE, .phase = 1};
    assert_ok(detector_begin_training(kept, &training));
    training.recompute = true;
    assert_ok(detector_begin_training(twice, &training));
    assert_true(detector_memory(twice) < detector_memory(kept));
    detector_loss loss, same;
    assert_ok(detector_train_step(kept, &(detector_batch){.images = images, .masks = masks, .count = IMAGES}, &loss));
    assert_ok(detector_train_step(twice, &(detector_batch){.images = images, .masks = masks, .count = IMAGES}, &same));
    assert_true(loss.total == same.total);
    for (int i = 0; i < 3; i++) {
        size_t bytes;
        const float *a = gradient_of(kept, names[i], &bytes), *b = gradient_of(twice, names[i], &bytes);
        assert_memory_equal(a, b, bytes);
    }
    detector_free(kept);
    detector_free(twice);
}

static const named_shape published[] = {
    {"conv_init.weight", 4, {16, 1, 1, 1}},
    {"middle_layer.0.ca.fc1.weight", 4, {16, 256, 1, 1}},
    {"output_0.weight", 4, {1, 16, 3, 3}},
};

static void test_options_from_tensors(void **state) {
    (void)state;
    config *c;
    assert_ok(config_new(&c));
    assert_ok(detector_options_from_tensors(published, 3, c));
    assert_string_equal(config_text(c, "model.name"), "mshnet");
    assert_int_equal(config_int(c, "model.channels"), 1);
    assert_string_equal(config_text(c, "model.head_kernel"), "3");
    config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_the_loss_falls_in_both_phases),
        cmocka_unit_test(test_recomputation_changes_nothing),
        cmocka_unit_test(test_options_from_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
