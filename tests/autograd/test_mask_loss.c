/* Losses against a mask beyond the formulas, which test_ops checks: logits of any size, NaN, empty masks, threads,
 * gradients that add up, names. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <string.h>

/* A loss alone on a tape, ready to run. */
typedef struct single_loss {
    tape *t;
    node *logit, *mask, *loss;
} single_loss;

static single_loss record(int n, int h, int w, const mask_loss_term *term, mask_pooling pooling) {
    single_loss s;
    assert_ok(tape_new(test_engine(), n, &s.t));
    s.logit = tape_variable(s.t, n, 1, h, w, false);
    s.mask = tape_input(s.t, n, 1, h, w);
    s.loss = mask_loss(s.t, s.logit, s.mask, term, pooling);
    assert_ok(tape_plan(s.t, s.loss));
    return s;
}

static double run(const single_loss *s, const float *logits, const float *labels, float *grad) {
    tensor_from_array(&s->logit->value, logits);
    tensor_from_array(&s->mask->value, labels);
    tape_forward(s->t);
    tape_backward(s->t);
    tensor_to_array(&s->logit->grad, grad);
    return *s->loss->value.data;
}

static void test_names(void **state) {
    (void)state;
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        assert_ptr_equal(mask_loss_find((*term)->name), *term);
    assert_ptr_equal(mask_loss_find("dice2"), &loss_dice2);
    assert_null(mask_loss_find("dice"));
}

/* sigmoid(200) is 1 in float32, and yet its distance from 0 counts. */
static void test_large_logits(void **state) {
    (void)state;
    static const float logits[] = {200, -200, 200, -200}, labels[] = {0, 1, 1, 0};
    float grad[4];
    single_loss s = record(1, 2, 2, &loss_bce, POOL_IMAGE);
    assert_true(run(&s, logits, labels, grad) == 100); /* two of four are off by 200 */
    assert_true(grad[0] == 0.25f && grad[1] == -0.25f && grad[2] == 0 && grad[3] == 0);
    tape_free(s.t);
    s = record(1, 2, 2, &loss_focal, POOL_IMAGE);
    assert_true(run(&s, logits, labels, grad) == 50); /* one weighs 0.75, the other 0.25 */
    assert_true(grad[0] == 0.1875f && grad[1] == -0.0625f && grad[2] == 0 && grad[3] == 0);
    tape_free(s.t);
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++) {
        s = record(1, 2, 2, *term, POOL_IMAGE);
        assert_true(isfinite(run(&s, logits, labels, grad)));
        for (int i = 0; i < 4; i++)
            assert_true(isfinite(grad[i]));
        tape_free(s.t);
    }
}

enum { IMAGES = 2, H = 3, W = 4, PIXELS = H * W };

/* Training stops at a loss that is NaN: none may hide one, wherever it is, on a target or off it. */
static void test_nan_reaches_every_loss(void **state) {
    (void)state;
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        for (int pooling = POOL_IMAGE; pooling <= POOL_BATCH; pooling++) {
            single_loss s = record(IMAGES, H, W, *term, pooling);
            for (int labelled = 0; labelled < 2; labelled++)
                for (int place = 0; place < IMAGES * PIXELS; place += 5) {
                    float logits[IMAGES * PIXELS] = {0}, labels[IMAGES * PIXELS] = {0}, grad[IMAGES * PIXELS];
                    logits[place] = NAN;
                    labels[place] = (float)labelled;
                    if (!isnan(run(&s, logits, labels, grad)))
                        fail_msg("%s hides a NaN", (*term)->name);
                }
            tape_free(s.t);
        }
}

/* An image without a target, and one where nothing is predicted either: every quotient is 0 / 0. */
static void test_empty_masks(void **state) {
    (void)state;
    float logits[IMAGES * PIXELS] = {0}, labels[IMAGES * PIXELS] = {0}, grad[IMAGES * PIXELS];
    for (int i = PIXELS; i < IMAGES * PIXELS; i++)
        logits[i] = -200;
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        for (int pooling = POOL_IMAGE; pooling <= POOL_BATCH; pooling++) {
            single_loss s = record(IMAGES, H, W, *term, pooling);
            double loss = run(&s, logits, labels, grad);
            assert_true(isfinite(loss));
            if (*term == &loss_iou)
                assert_true(loss == 1);
            if (*term == &loss_sls)
                assert_true(loss > 1 && loss < 2 + pooling); /* the location of the first is wrong */
            for (int i = 0; i < PIXELS; i++)
                assert_true(isfinite(grad[i]) && grad[PIXELS + i] == 0);
            tape_free(s.t);
        }
}

static void fill(float *logits, float *labels, int count) {
    rng r = rng_new(12, 0);
    for (int i = 0; i < count; i++) {
        logits[i] = (float)(6 * rng_uniform(&r) - 4);
        labels[i] = rng_uniform(&r) < 0.1;
    }
}

/* Sums are taken image by image, whatever thread does it. */
static void test_threads_change_nothing(void **state) {
    (void)state;
    enum { MANY = 7, SIDE = 19, ALL = MANY * SIDE * SIDE };
    static float logits[ALL], labels[ALL], one[ALL], several[ALL];
    fill(logits, labels, ALL);
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        for (int pooling = POOL_IMAGE; pooling <= POOL_BATCH; pooling++) {
            use_threads(1);
            single_loss alone = record(MANY, SIDE, SIDE, *term, pooling);
            double loss = run(&alone, logits, labels, one);
            use_threads(3);
            single_loss shared = record(MANY, SIDE, SIDE, *term, pooling);
            assert_true(run(&shared, logits, labels, several) == loss);
            assert_memory_equal(one, several, sizeof one);
            tape_free(alone.t);
            tape_free(shared.t);
        }
    use_threads(0);
}

/* Two terms on one map, and fewer images than the tape was laid out for: the second gradient adds to the first. */
static void test_gradients_add_up(void **state) {
    (void)state;
    float logits[IMAGES * PIXELS], labels[IMAGES * PIXELS], one[IMAGES * PIXELS], two[IMAGES * PIXELS];
    fill(logits, labels, IMAGES * PIXELS);
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        for (int pooling = POOL_IMAGE; pooling <= POOL_BATCH; pooling++) {
            single_loss s = record(IMAGES, H, W, *term, pooling), both;
            assert_ok(tape_new(test_engine(), IMAGES, &both.t));
            both.logit = tape_variable(both.t, IMAGES, 1, H, W, false);
            both.mask = tape_input(both.t, IMAGES, 1, H, W);
            node *first = mask_loss(both.t, both.logit, both.mask, *term, pooling);
            both.loss = add_weighted(both.t, first, 1, mask_loss(both.t, both.logit, both.mask, *term, pooling), 1);
            assert_ok(tape_plan(both.t, both.loss));
            for (int images = IMAGES; images >= 1; images--) {
                tape_set_batch(s.t, images);
                tape_set_batch(both.t, images);
                double loss = run(&s, logits, labels, one);
                assert_true(run(&both, logits, labels, two) == 2 * loss);
                for (int i = 0; i < images * PIXELS; i++)
                    assert_true(two[i] == 2 * one[i]);
            }
            tape_free(s.t);
            tape_free(both.t);
        }
}

static void test_shapes(void **state) {
    (void)state;
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_null(mask_loss(t, tape_input(t, 1, 1, 8, 8), tape_input(t, 1, 1, 8, 9), &loss_bce, POOL_IMAGE));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "mask_loss", "1x1x8x9");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_null(mask_loss(t, tape_input(t, 1, 2, 8, 8), tape_input(t, 1, 2, 8, 8), &loss_bce, POOL_IMAGE));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "mask_loss", "2 channels");
    tape_free(t);
    assert_ok(tape_new(test_engine(), 1, &t));
    assert_null(mask_loss(t, tape_input(t, 1, 1, 8, 8), tape_variable(t, 1, 1, 8, 8, false), &loss_bce, POOL_IMAGE));
    assert_fails(tape_plan(t, NULL), STATUS_USAGE, "mask_loss", "must not depend");
    tape_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_large_logits),
        cmocka_unit_test(test_nan_reaches_every_loss),
        cmocka_unit_test(test_empty_masks),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_gradients_add_up),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
