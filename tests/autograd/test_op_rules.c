/* What single operations promise beside values and gradients: running statistics, dropout, large scores, shapes. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>

static void test_running_statistics(void **state) {
    (void)state;
    enum { PIXELS = 3 * 5 };
    float mean[2] = {0.5f, -1}, var[2] = {2, 3}, batches = 4;
    tape *t;
    assert_ok(tape_new(test_engine(), 2, &t));
    node *x = tape_variable(t, 2, 2, 3, 5, false);
    node *y = batch_norm(
        t, x, tape_variable(t, 1, 2, 1, 1, true), tape_variable(t, 1, 2, 1, 1, true),
        (batch_norm_options){.statistics = NORM_BATCH, .running_mean = mean, .running_var = var, .batches = &batches});
    tape_pin(t, y);
    assert_ok(tape_plan(t, NULL));
    rng r = rng_new(3, 0);
    float in[2 * 2 * PIXELS];
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        in[i] = (float)(3 * rng_uniform(&r) - 1);
    tensor_from_array(&x->value, in);
    tape_forward(t);
    const double old_mean[2] = {0.5, -1}, old_var[2] = {2, 3};
    for (int c = 0; c < 2; c++) {
        double sum = 0, squares = 0;
        for (int n = 0; n < 2; n++)
            for (int i = 0; i < PIXELS; i++)
                sum += in[(n * 2 + c) * PIXELS + i] / (2.0 * PIXELS);
        for (int n = 0; n < 2; n++)
            for (int i = 0; i < PIXELS; i++)
                squares += pow(in[(n * 2 + c) * PIXELS + i] - sum, 2);
        /* momentum 0.1; the running variance takes the unbiased one, M / (M - 1) */
        assert_true(fabs(mean[c] - (0.9 * old_mean[c] + 0.1 * sum)) < 1e-6);
        assert_true(fabs(var[c] - (0.9 * old_var[c] + 0.1 * squares / (2 * PIXELS - 1))) < 1e-6);
    }
    assert_true(batches == 5);
    tape_free(t);
}

/* The share of zeros strays by less than 5 sqrt(rate (1 - rate) / n); another step drops others; the same step, the
 * same. */
static void test_dropout(void **state) {
    (void)state;
    enum { COUNT = 40 * 50 * 60 };
    static float kept[3][COUNT];
    static const int64_t steps[] = {4, 5, 4};
    const double rate = 0.1;
    int64_t step;
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *x = tape_input(t, 1, 40, 50, 60);
    node *y = dropout(t, x, rate, 3, &step);
    assert_true(dropout(t, x, 0, 3, &step) == x);
    tape_pin(t, y);
    assert_ok(tape_plan(t, NULL));
    for (int i = 0; i < COUNT; i++)
        kept[0][i] = 1;
    tensor_from_array(&x->value, kept[0]);
    for (int run = 0; run < 3; run++) {
        step = steps[run];
        tape_forward(t);
        tensor_to_array(&y->value, kept[run]);
    }
    int zeros = 0, both = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_true(kept[0][i] == 0 || kept[0][i] == (float)(1 / (1 - rate)));
        assert_true(kept[0][i] == kept[2][i]);
        zeros += kept[0][i] == 0;
        both += kept[0][i] == 0 && kept[1][i] == 0;
    }
    assert_true(fabs(zeros / (double)COUNT - rate) < 5 * sqrt(rate * (1 - rate) / COUNT));
    assert_true(fabs(both / (double)COUNT - rate * rate) < 5 * sqrt(rate * rate * (1 - rate * rate) / COUNT));
    tape_free(t);
}

/* Scores far beyond the range of exp: the largest one takes all, and nothing overflows. */
static void test_attention_with_large_scores(void **state) {
    (void)state;
    static const float ramp[] = {-300, 200, 500, -1}, values[] = {1, 2, 3, 4};
    float out[4], grad[4];
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *query = tape_variable(t, 1, 1, 1, 4, false), *key = tape_variable(t, 1, 1, 1, 4, false);
    node *value = tape_variable(t, 1, 1, 1, 4, false), *target = tape_input(t, 1, 1, 1, 4);
    node *y = attention(t, query, key, value, 1);
    tape_pin(t, y);
    assert_ok(tape_plan(t, mse(t, y, target)));
    tensor_from_array(&query->value, ramp);
    tensor_from_array(&key->value, ramp);
    tensor_from_array(&value->value, values);
    tape_forward(t);
    tensor_to_array(&y->value, out);
    static const float chosen[] = {1, 3, 3, 1}; /* the key of the opposite or the same sign that is largest */
    for (int i = 0; i < 4; i++)
        assert_true(out[i] == chosen[i]);
    tape_backward(t);
    tensor_to_array(&value->grad, grad);
    static const float expected[] = {1, 0, 3, 0}; /* 2 / 4 of the outputs that chose it */
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(grad[i] - expected[i]) < 1e-6f);
    tape_free(t);
}

static void test_bad_shapes_are_refused(void **state) {
    (void)state;
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *x = tape_input(t, 1, 3, 8, 8), *y = tape_input(t, 1, 3, 8, 9);
    assert_null(add(t, x, y));
    assert_null(relu(t, NULL));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "add", "1x3x8x9");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    x = tape_input(t, 1, 3, 8, 8);
    node *weight = tape_variable(t, 4, 2, 3, 3, true);
    assert_null(conv2d(t, x, weight, NULL, (conv2d_options){.stride = 1, .padding = 1, .dilation = 1}));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "conv2d", "3");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_null(concat(t, 2, (node *[]){tape_input(t, 1, 3, 8, 8), tape_input(t, 1, 2, 8, 7)}));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "concat", "1x2x8x7");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_null(spatial_scale(t, tape_input(t, 1, 3, 8, 8), tape_input(t, 1, 3, 8, 8)));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "spatial_scale", "expected one channel");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    x = tape_input(t, 1, 1, 8, 8);
    node *too_many[NODE_INPUTS + 1];
    for (int i = 0; i <= NODE_INPUTS; i++)
        too_many[i] = x;
    assert_null(concat(t, NODE_INPUTS + 1, too_many));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "concat", "31 inputs");
    tape_free(t);
}

/* Parameters lie without a halo: as a map, or beside one, they would be read in the wrong places. */
static void test_parameters_are_no_maps(void **state) {
    (void)state;
    static const conv2d_options same = {.stride = 1, .padding = 1, .dilation = 1};
    for (int trial = 0; trial < 6; trial++) {
        tape *t;
        assert_ok(tape_new(test_engine(), 1, &t));
        node *x = tape_input(t, 1, 1, 8, 8), *w = tape_variable(t, 1, 1, 8, 8, true);
        node *kernel = tape_variable(t, 1, 1, 3, 3, true);
        assert_null(trial == 0   ? add(t, x, w)
                    : trial == 1 ? multiply(t, w, x)
                    : trial == 2 ? concat(t, 2, (node *[]){x, w})
                    : trial == 3 ? spatial_scale(t, x, w)
                    : trial == 4 ? conv2d(t, w, kernel, NULL, same)
                                 : channel_mean(t, w));
        assert_fails(tape_plan(t, NULL), STATUS_USAGE, "parameter", "8x8");
        tape_free(t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running_statistics),          cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_attention_with_large_scores), cmocka_unit_test(test_bad_shapes_are_refused),
        cmocka_unit_test(test_parameters_are_no_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
