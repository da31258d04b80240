/* Recomputation in the backward pass of whole networks: the same bits in less memory. */
#include "core/base/rng.h"
#include "modules/detector_type.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 21, WIDTH = 35, BATCH = 3, PIXELS = HEIGHT * WIDTH };

/* --- RPCANet+, value by value --- */

static detector *three_stages(bool recompute) {
    static const char *const options[] = {"model.name",
                                          "rpcanet_plus",
                                          "model.stages",
                                          "3",
                                          "model.bottleneck_channels",
                                          "2",
                                          "model.total_channels",
                                          "12",
                                          "model.se_reduction",
                                          "2",
                                          "model.carry_noise",
                                          "true",
                                          NULL};
    detector *d;
    assert_ok(golden_detector(options, &d));
    assert_ok(detector_begin_training(
        d, &(detector_training){
               .batch_size = BATCH, .width = WIDTH, .height = HEIGHT, .eta = 0.1, .recompute = recompute}));
    return d;
}

static void test_detector(void **state) {
    (void)state;
    static float images[BATCH * PIXELS], masks[BATCH * PIXELS];
    rng r = rng_new(9, 0);
    for (int i = 0; i < BATCH * PIXELS; i++) {
        images[i] = (float)rng_uniform(&r);
        masks[i] = images[i] > 0.95f;
    }
    detector *rich = three_stages(false), *lean = three_stages(true);
    assert_true(2 * detector_memory(lean) < detector_memory(rich));
    for (int i = 0; i < 2; i++) {
        detector_loss a, b;
        assert_ok(detector_train_step(rich, &(detector_batch){.images = images, .masks = masks, .count = BATCH}, &a));
        assert_ok(detector_train_step(lean, &(detector_batch){.images = images, .masks = masks, .count = BATCH}, &b));
        assert_true(a.total == b.total);
        const parameter_set *p = detector_parameters(rich), *q = detector_parameters(lean);
        for (int k = 0; k < p->count; k++) {
            size_t bytes = p->items[k]->count * sizeof(float);
            assert_memory_equal(p->items[k]->value, q->items[k]->value, bytes); /* statistics among them */
            if (p->items[k]->grad)
                assert_memory_equal(p->items[k]->grad, q->items[k]->grad, bytes);
        }
    }
    detector_free(rich);
    detector_free(lean);
}

/* --- every network --- */

static void begin_last_phase(detector *d, int batch, int side, bool recompute) {
    assert_ok(detector_begin_training(d, &(detector_training){.batch_size = batch,
                                                              .width = side,
                                                              .height = side,
                                                              .phase = detector_last_phase(d),
                                                              .eta = 0.1,
                                                              .recompute = recompute}));
}

static size_t count_numbers(detector *d) {
    const parameter_set *p = detector_parameters(d);
    size_t count = 0;
    for (int i = 0; i < p->count; i++)
        count += p->items[i]->count;
    return count;
}

/* The numbers of all parameters: their values, or their gradients. */
static float *copy_numbers(detector *d, bool gradients) {
    const parameter_set *p = detector_parameters(d);
    float *numbers = calloc(count_numbers(d), sizeof *numbers);
    assert_non_null(numbers);
    size_t at = 0;
    for (int i = 0; i < p->count; i++) {
        const float *from = gradients ? p->items[i]->grad : p->items[i]->value;
        if (from)
            memcpy(numbers + at, from, p->items[i]->count * sizeof *from);
        at += p->items[i]->count;
    }
    return numbers;
}

static void put_back(detector *d, const float *values) {
    const parameter_set *p = detector_parameters(d);
    for (int i = 0; i < p->count; values += p->items[i]->count, i++)
        memcpy(p->items[i]->value, values, p->items[i]->count * sizeof *values);
}

/* One step from the same values, with and without: loss, gradients and statistics. */
static void check_bits(detector *d) {
    enum { SIDE = 80, IMAGES = 2 };
    static float images[IMAGES * SIDE * SIDE], masks[IMAGES * SIDE * SIDE];
    rng r = rng_new(9, 0);
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++) {
        images[i] = (float)rng_uniform(&r);
        masks[i] = images[i] > 0.95f;
    }
    size_t bytes = count_numbers(d) * sizeof(float);
    float *start = copy_numbers(d, false), *values[2], *gradients[2];
    detector_loss loss[2];
    for (int recompute = 0; recompute < 2; recompute++) {
        put_back(d, start);
        begin_last_phase(d, IMAGES, SIDE, recompute);
        assert_ok(detector_train_step(d, &(detector_batch){.images = images, .masks = masks, .count = IMAGES},
                                      &loss[recompute]));
        values[recompute] = copy_numbers(d, false);
        gradients[recompute] = copy_numbers(d, true);
    }
    assert_true(loss[0].total == loss[1].total);
    assert_memory_equal(values[0], values[1], bytes);
    assert_memory_equal(gradients[0], gradients[1], bytes);
    free(start);
    for (int i = 0; i < 2; i++) {
        free(values[i]);
        free(gradients[i]);
    }
}

/* The share of the memory that is left, planned for a batch as in training. */
static double share_left(detector *d) {
    double bytes[2];
    for (int recompute = 0; recompute < 2; recompute++) {
        begin_last_phase(d, 8, 256, recompute);
        bytes[recompute] = (double)detector_memory(d);
    }
    return bytes[1] / bytes[0];
}

static void test_every_network(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double most; /* share of the memory that may be left */
    } networks[] = {
        {"rpcanet_plus", 0.2}, {"rpcanet", 0.15}, {"rpcanet_plusplus", 0.3}, {"drpcanet", 0.2},
        {"mshnet", 0.65},      {"agpcnet", 0.7},  {"uiunet", 0.6},
    };
    for (int i = 0; i < detector_type_count; i++) {
        size_t k = 0;
        while (k < sizeof networks / sizeof *networks && strcmp(networks[k].name, detector_types[i]->name) != 0)
            k++;
        if (detector_types[i]->build && k == sizeof networks / sizeof *networks)
            fail_msg("%s is not in the list above", detector_types[i]->name);
    }
    /* The others take most of the time, and go through the same code. */
    bool is_part = is_sanitized() || getenv("IRST_ISA");
    int count = is_part ? 2 : sizeof networks / sizeof *networks;
    for (int i = 0; i < count; i++) {
        detector *d;
        assert_ok(golden_detector((const char *[]){"model.name", networks[i].name, NULL}, &d));
        double left = share_left(d);
        if (!(left <= networks[i].most))
            fail_msg("%s: %.3f of the memory is left, expected at most %g", networks[i].name, left, networks[i].most);
        check_bits(d);
        detector_free(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detector),
        cmocka_unit_test(test_every_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
