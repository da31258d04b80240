/* What pooling does beyond the values and gradients of test_ops: sizes, equal pixels, NaN, and no memory for the places
 * of maxima where nothing is trained. */
#include "autograd/ops.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <string.h>

/* Shapes as PyTorch's MaxPool2d gives them; 0: refused. */
static void test_sizes(void **state) {
    (void)state;
    static const struct {
        int size, kernel, stride;
        bool ceil_mode;
        int expected;
    } cases[] = {{8, 2, 2, false, 4}, {9, 2, 2, false, 4}, {9, 2, 2, true, 5}, {1, 2, 2, false, 0}, {1, 2, 2, true, 1},
                 {5, 2, 3, true, 2},  {4, 1, 3, true, 2},  {7, 3, 2, true, 3}, {8, 3, 2, true, 4},  {4, 2, 5, true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t;
        assert_ok(tape_new(test_engine(), 1, &t));
        node *y =
            max_pool(t, tape_input(t, 1, 1, cases[i].size, 20), cases[i].kernel, cases[i].stride, cases[i].ceil_mode);
        if (cases[i].expected)
            assert_int_equal(y->value.h, cases[i].expected);
        else
            assert_fails(tape_plan(t, NULL), STATUS_USAGE, "max_pool", "does not fit");
        tape_free(t);
    }
}

typedef struct pooled {
    tape *t;
    node *x, *y;
} pooled;

/* Pools the c x h x w pixels, and leaves the gradient of the sum of squares of the maxima in x->grad. */
static pooled pool_and_back(node *(*pool)(tape *t, node *x), int c, int h, int w, const float *pixels) {
    pooled p;
    assert_ok(tape_new(test_engine(), 1, &p.t));
    p.x = tape_variable(p.t, 1, c, h, w, false);
    p.y = pool(p.t, p.x);
    tape_pin(p.t, p.y);
    node *zero = tape_input(p.t, 1, p.y->value.c, p.y->value.h, p.y->value.w);
    assert_ok(tape_plan(p.t, mse(p.t, p.y, zero)));
    tensor_from_array(&p.x->value, pixels);
    tape_forward(p.t);
    tape_backward(p.t);
    return p;
}

static void expect_gradient(const pooled *p, const float *expected) {
    float grad[64] = {0};
    tensor_to_array(&p->x->grad, grad);
    for (int i = 0; i < tensor_count(&p->x->value); i++)
        if (!(fabsf(grad[i] - expected[i]) < 1e-6f))
            fail_msg("gradient %d is %g, expected %g", i, (double)grad[i], (double)expected[i]);
}

static node *in_pairs(tape *t, node *x) {
    return max_pool(t, x, 2, 2, true);
}

static void test_the_first_of_equal_pixels_counts(void **state) {
    (void)state;
    const float pixels[] = {1, 1, 0, 3, 2, 1, 1, 3, 3, 2, 5, 5, 5, 5, 5};
    /* windows: [1 1 1 1], [0 3 3 3], [2 2] / [5 5], [5 5], [5]; each gradient is 2 Y / 6 */
    const float expected[] = {1 / 3.f, 0, 0, 1, 2 / 3.f, 0, 0, 0, 0, 0, 5 / 3.f, 0, 5 / 3.f, 0, 5 / 3.f};
    pooled p = pool_and_back(in_pairs, 1, 3, 5, pixels);
    expect_gradient(&p, expected);
    tape_free(p.t);
}

static node *in_one(tape *t, node *x) {
    return adaptive_max_pool(t, x, 1, 1);
}

static node *in_two_columns(tape *t, node *x) {
    return adaptive_max_pool(t, x, 1, 2);
}

static void test_the_first_counts_in_bins(void **state) {
    (void)state;
    float pixels[57] = {0}, expected[57] = {0}; /* 3 x 19: the vectors and the rest of each row */
    pixels[20] = pixels[36] = pixels[37] = pixels[39] = 3;
    expected[20] = 6;
    pooled p = pool_and_back(in_one, 1, 3, 19, pixels);
    expect_gradient(&p, expected);
    tape_free(p.t);
    expected[20] = expected[36] = 3; /* the bins share the column 9 */
    p = pool_and_back(in_two_columns, 1, 3, 19, pixels);
    expect_gradient(&p, expected);
    tape_free(p.t);
    pixels[28] = 4;
    expected[20] = expected[36] = 0;
    expected[28] = 8; /* both bins take it: the sum of their gradients */
    p = pool_and_back(in_two_columns, 1, 3, 19, pixels);
    expect_gradient(&p, expected);
    tape_free(p.t);
}

static void test_the_first_of_equal_channels_counts(void **state) {
    (void)state;
    const float pixels[] = {1, 0, 4, 1, 4, -1, -2, 4, -2};             /* three channels of 1 x 3 */
    const float mean[] = {0, 8 / 3.f, 1 / 3.f}, largest[] = {1, 4, 4}; /* their gradients: 2 Y / 6 */
    const float expected[] = {(mean[0] / 3 + largest[0]) / 3,
                              mean[1] / 9,
                              (mean[2] / 3 + largest[2]) / 3,
                              mean[0] / 9,
                              (mean[1] / 3 + largest[1]) / 3,
                              mean[2] / 9,
                              mean[0] / 9,
                              mean[1] / 9,
                              mean[2] / 9};
    pooled p = pool_and_back(channel_mean_max, 3, 1, 3, pixels);
    expect_gradient(&p, expected);
    tape_free(p.t);
}

static void test_a_nan_is_not_lost(void **state) {
    (void)state;
    for (int place = 0; place < 4; place++) {
        float pixels[4] = {1, 2, 3, 4};
        pixels[place] = NAN;
        pooled p = pool_and_back(in_pairs, 1, 2, 2, pixels);
        assert_true(isnan(*p.y->value.data));
        tape_free(p.t);
        p = pool_and_back(in_one, 1, 2, 2, pixels);
        assert_true(isnan(*p.y->value.data));
        tape_free(p.t);
        p = pool_and_back(channel_mean_max, 4, 1, 1, pixels);
        assert_true(isnan(p.y->value.data[0]) && isnan(p.y->value.data[1]));
        tape_free(p.t);
    }
}

/* Where nothing is trained, no places are kept. */
static void test_inference_keeps_no_places(void **state) {
    (void)state;
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_int_equal(in_pairs(t, tape_input(t, 1, 2, 8, 8))->saved_count, 0);
    assert_true(in_pairs(t, tape_variable(t, 1, 2, 8, 8, false))->saved_count > 0);
    tape_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_the_first_of_equal_pixels_counts),
        cmocka_unit_test(test_the_first_counts_in_bins),
        cmocka_unit_test(test_the_first_of_equal_channels_counts),
        cmocka_unit_test(test_a_nan_is_not_lost),
        cmocka_unit_test(test_inference_keeps_no_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
