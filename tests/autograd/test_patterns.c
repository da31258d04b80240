/* The patterns of the tape, one by one: what they replace, what they must leave alone, and parameters that are results
 * themselves. */
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/rng.h"
#include "core/conv/conv_strategy.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IC = 8, HIDDEN = 2 };

/* What is done to one of the values inside a pattern, so that it may not vanish. */
typedef enum spoiler { PINNED, READ_AGAIN, BORDER, SPOILERS } spoiler;

/* A tape on which a pattern is recorded. */
typedef struct recording {
    tape *t;
    node *x;
    bool trained;  /* parameters have gradients */
    bool computed; /* parameters are results of the tape, not leaves */
    norm_statistics statistics;
    int h, w, kernel, channels, dilation; /* of the last convolution */
    int spoiled;                          /* number of the inner value that is spoiled; -1: none */
    spoiler how;
    int inner; /* inner values so far */
    float mean[32], var[32], batches;
} recording;

/* A value that vanishes if the pattern is replaced. */
static node *inside(recording *r, node *n) {
    if (r->inner++ != r->spoiled)
        return n;
    if (r->how == PINNED)
        tape_pin(r->t, n);
    else if (r->how == READ_AGAIN)
        tape_pin(r->t, sigmoid(r->t, n));
    else
        tape_end_segment(r->t);
    return n;
}

static node *parameter_of(recording *r, int n, int c, int k) {
    node *p = tape_variable(r->t, n, c, k, k, true);
    p->requires_grad = r->trained;
    return r->computed ? relu(r->t, p) : p;
}

static node *conv(recording *r, node *x, int channels, int kernel, int dilation) {
    return conv2d(r->t, x, parameter_of(r, channels, x->value.c, kernel), parameter_of(r, 1, channels, 1),
                  (conv2d_options){.stride = 1, .padding = dilation * (kernel / 2), .dilation = dilation});
}

static node *norm(recording *r, node *x) {
    return batch_norm(r->t, x, parameter_of(r, 1, x->value.c, 1), parameter_of(r, 1, x->value.c, 1),
                      (batch_norm_options){r->statistics, r->mean, r->var, &r->batches});
}

static node *norm_relu(recording *r, node *x) {
    return inside(r, relu(r->t, inside(r, norm(r, x))));
}

static node *gated(recording *r, node *x) {
    node *g = inside(r, global_average_pool(r->t, x));
    g = inside(r, relu(r->t, inside(r, conv(r, g, HIDDEN, 1, 1))));
    g = inside(r, sigmoid(r->t, inside(r, conv(r, g, x->value.c, 1, 1))));
    return inside(r, channel_scale(r->t, x, g));
}

static node *last_conv(recording *r, node *x) {
    return conv(r, x, r->channels, r->kernel, r->dilation);
}

static node *record_conv_relu(recording *r) {
    return relu(r->t, inside(r, last_conv(r, r->x)));
}

static node *record_norm_relu(recording *r) {
    return relu(r->t, inside(r, norm(r, r->x)));
}

static node *record_norm_conv(recording *r) {
    return last_conv(r, norm_relu(r, r->x));
}

static node *record_gated(recording *r) {
    return last_conv(r, gated(r, norm_relu(r, r->x)));
}

static node *record_pair(recording *r) {
    return last_conv(r, gated(r, inside(r, conv(r, norm_relu(r, r->x), 12, 3, 1))));
}

static node *record_fold(recording *r) {
    return norm(r, inside(r, last_conv(r, r->x)));
}

static node *record_fold_relu(recording *r) {
    return relu(r->t, inside(r, record_fold(r)));
}

static node *record_stream(recording *r) {
    node *x = norm(r, inside(r, conv(r, r->x, 16, 3, 1)));
    return last_conv(r, inside(r, relu(r->t, inside(r, x))));
}

/* The first input is a sum itself, and so is the last. */
static node *record_sums(recording *r) {
    node *a = sigmoid(r->t, r->x), *b = relu(r->t, r->x);
    node *first = inside(r, subtract(r->t, inside(r, add_weighted(r->t, a, 2, b, 3)), a));
    return subtract(r->t, first, inside(r, add(r->t, b, a)));
}

typedef node *(*recorder)(recording *r);

static int count_of(const tape *t, const op *operation, int inputs) {
    int count = 0;
    for (int i = 0; i < tape_node_count(t); i++) {
        const node *n = tape_node(t, i);
        count += n->op == operation && n->input_count == inputs && n->plan->used;
    }
    return count;
}

/* The number of operations of that kind, with that number of inputs, on the tape in the end. */
static int count_rewritten(recording r, recorder record, bool loss, const op *operation, int inputs) {
    assert_ok(tape_new(test_engine(), 2, &r.t));
    r.x = tape_input(r.t, 2, IC, r.h, r.w);
    r.x->requires_grad = loss && r.trained;
    node *y = record(&r);
    tape_end_segment(r.t);
    node *total = loss ? mse(r.t, y, tape_input(r.t, 2, y->value.c, y->value.h, y->value.w)) : NULL;
    tape_pin(r.t, y);
    assert_ok(tape_plan(r.t, total));
    int count = count_of(r.t, operation, inputs);
    tape_free(r.t);
    return count;
}

typedef struct pattern_case {
    const char *name;
    recorder record;
    const op *fused;
    int inputs, inner; /* of the fused operation; values that vanish into it */
    bool training, inference;
    int channels, h, w;
} pattern_case;

static const pattern_case cases[] = {
    {"conv2d, ReLU", record_conv_relu, &op_conv2d_relu, 3, 1, true, true, 4, 9, 20},
    {"batch norm, ReLU", record_norm_relu, &op_batch_norm_relu, 3, 1, true, true, 4, 9, 20},
    {"batch norm, ReLU, conv2d", record_norm_conv, &op_norm_conv2d, 5, 2, true, false, 4, 9, 20},
    {"batch norm, ReLU, gates, conv2d", record_gated, &op_gated_conv2d, 9, 8, true, false, 4, 9, 20},
    {"batch norm, ReLU, conv2d, gates, conv2d", record_pair, &op_gated_conv_pair, 11, 9, true, false, 1, 9, 20},
    {"conv2d, batch norm", record_fold, &op_folded_conv2d, 5, 1, false, true, 4, 9, 20},
    {"conv2d, batch norm, ReLU", record_fold_relu, &op_folded_conv2d, 5, 1, false, true, 4, 9, 20},
    {"sums of sums", record_sums, &op_weighted_sum, 5, 3, true, true, 4, 9, 20},
    {"streamed pair", record_stream, &op_streamed_convs, 7, 3, false, true, 16, 128, 200},
};

static recording recording_of(const pattern_case *c) {
    recording r = {.trained = true, .statistics = NORM_RUNNING, .h = c->h, .w = c->w, .spoiled = -1};
    r.kernel = 3;
    r.dilation = 1;
    r.channels = c->channels;
    return r;
}

static void test_fires(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pattern_case *c = &cases[i];
        for (int loss = 0; loss < 2; loss++)
            if (count_rewritten(recording_of(c), c->record, loss, c->fused, c->inputs) !=
                (loss ? c->training : c->inference))
                fail_msg("%s, %s: %s", c->name, loss ? "training" : "inference", c->fused->name);
    }
}

static void test_what_is_wanted_stays(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pattern_case *c = &cases[i];
        recording r = recording_of(c);
        for (r.spoiled = 0; r.spoiled < c->inner; r.spoiled++)
            for (r.how = PINNED; r.how < (c->training ? SPOILERS : BORDER); r.how++)
                if (count_rewritten(r, c->record, c->training, c->fused, c->inputs) != 0)
                    fail_msg("%s: replaced although value %d is wanted (%d)", c->name, r.spoiled, r.how);
    }
}

/* Where a part has to stay, the rest is replaced all the same. */
static void test_parts(void **state) {
    (void)state;
    recording r = recording_of(&cases[3]);
    r.spoiled = 1;
    assert_int_equal(count_rewritten(r, record_gated, true, &op_gated_conv2d, 7), 1);
    assert_int_equal(count_rewritten(r, record_gated, true, &op_batch_norm_relu, 3), 1);
    assert_int_equal(count_rewritten(r, record_gated, false, &op_gated_conv2d, 7), 1);
    r = recording_of(&cases[4]);
    r.spoiled = 1;
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv_pair, 9), 1);
    r.spoiled = 2; /* the wide map */
    assert_int_equal(count_rewritten(r, record_pair, true, &op_norm_conv2d, 5), 1);
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv2d, 7), 1);
    r = recording_of(&cases[6]);
    assert_int_equal(count_rewritten(r, record_fold_relu, false, &op_relu, 1), 0);
    r.spoiled = 1; /* the norm */
    assert_int_equal(count_rewritten(r, record_fold_relu, false, &op_relu, 1), 1);
    assert_int_equal(count_rewritten(r, record_fold_relu, false, &op_folded_conv2d, 5), 1);
}

static void test_other_shapes(void **state) {
    (void)state;
    recording r = recording_of(&cases[4]);
    r.channels = 2; /* a pair ends in one map */
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv_pair, 11), 0);
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv2d, 7), 1);
    r.channels = 1;
    r.h = 2; /* too few rows for it */
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv_pair, 11), 0);
    assert_int_equal(count_rewritten(r, record_pair, true, &op_gated_conv2d, 7), 1);
    r = recording_of(&cases[3]);
    r.dilation = 2;
    assert_int_equal(count_rewritten(r, record_gated, true, &op_gated_conv2d, 9), 0);
    r.dilation = 1;
    r.kernel = 5;
    assert_int_equal(count_rewritten(r, record_gated, true, &op_gated_conv2d, 9), 0);
    r = recording_of(&cases[2]);
    r.h = r.w = 1;
    assert_int_equal(count_rewritten(r, record_norm_conv, true, &op_norm_conv2d, 5), 0);
    r = recording_of(&cases[8]);
    r.dilation = 2;
    assert_int_equal(count_rewritten(r, record_stream, false, &op_streamed_convs, 7), 0);
    r = recording_of(&cases[5]);
    r.statistics = NORM_BATCH; /* not known before */
    assert_int_equal(count_rewritten(r, record_fold, false, &op_folded_conv2d, 5), 0);
}

/* No backward pass runs through what is frozen from the beginning: it is as in inference. */
static void test_frozen(void **state) {
    (void)state;
    recording r = recording_of(&cases[5]);
    r.trained = false;
    assert_int_equal(count_rewritten(r, record_fold, true, &op_folded_conv2d, 5), 1);
    assert_int_equal(count_rewritten(r, record_norm_conv, true, &op_norm_conv2d, 5), 0);
}

static bool is_trained_leaf(const node *n) {
    return !n->op && n->requires_grad && tensor_is_dense(&n->value);
}

/* Small and above 0: no ReLU and no gate is flat there. */
static void fill_leaves(const tape *t) {
    rng r = rng_new(8, 0);
    for (int i = 0; i < tape_node_count(t); i++) {
        const tensor *v = &tape_node(t, i)->value;
        if (tape_node(t, i)->op)
            continue;
        float *numbers = malloc((size_t)tensor_count(v) * sizeof *numbers);
        assert_non_null(numbers);
        for (int64_t k = 0; k < tensor_count(v); k++)
            numbers[k] = (float)(0.01 + 0.2 * rng_uniform(&r));
        tensor_from_array(v, numbers);
        free(numbers);
    }
}

/* All gradients of trained leaves, one after the other; returns how many numbers. */
static size_t copy_gradients(const tape *t, float *to) {
    size_t count = 0;
    for (int i = 0; i < tape_node_count(t); i++) {
        const node *n = tape_node(t, i);
        if (!is_trained_leaf(n))
            continue;
        memcpy(to + count, n->grad.data, (size_t)tensor_count(&n->grad) * sizeof *to);
        count += (size_t)tensor_count(&n->grad);
    }
    return count;
}

/* What a step adds to the gradients of leaves it adds again in the next one, and nothing of the step before: numbers
 * are doubled exactly. */
static void test_computed_parameters(void **state) {
    (void)state;
    static float once[16384], twice[16384];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recording r = recording_of(&cases[i]);
        r.computed = true;
        for (int c = 0; c < 32; c++)
            r.var[c] = 1;
        assert_ok(tape_new(test_engine(), 2, &r.t));
        r.x = tape_input(r.t, 2, IC, r.h, r.w);
        r.x->requires_grad = true;
        node *y = cases[i].record(&r);
        assert_ok(tape_plan(r.t, mse(r.t, y, tape_input(r.t, 2, y->value.c, y->value.h, y->value.w))));
        assert_int_equal(count_of(r.t, cases[i].fused, cases[i].inputs), cases[i].training);
        fill_leaves(r.t);
        tape_forward(r.t);
        tape_backward(r.t);
        size_t count = copy_gradients(r.t, once);
        tape_forward(r.t);
        tape_backward(r.t);
        copy_gradients(r.t, twice);
        for (size_t k = 0; k < count; k++)
            if (once[k] == 0 || twice[k] != 2 * once[k])
                fail_msg("%s: gradient %zu is %g, then %g", cases[i].name, k, once[k], twice[k]);
        tape_free(r.t);
    }
}

/* How the gated convolution of a training step is computed forward. */
static const conv_strategy *gated_strategy(bool fast) {
    recording r = recording_of(&cases[3]);
    r.channels = 16;
    r.w = 64;
    assert_ok(tape_new(test_engine(), 2, &r.t));
    r.x = tape_input(r.t, 2, IC, r.h, r.w);
    node *y = record_gated(&r);
    tape_set_fast(r.t, fast);
    assert_ok(tape_plan(r.t, mse(r.t, y, tape_input(r.t, 2, r.channels, r.h, r.w))));
    assert_ptr_equal(y->op, &op_gated_conv2d);
    const conv_strategy *forward = ((const conv_plan *)y->prepared)->by[CONV_FORWARD];
    tape_free(r.t);
    return forward;
}

/* Gates in the weights are no reason to round more than tape_set_fast allows. */
static void test_gated_rounding(void **state) {
    (void)state;
    assert_ptr_equal(gated_strategy(true), &conv_winograd);
    assert_ptr_not_equal(gated_strategy(false), &conv_winograd);
}

/* The loss of one pattern behind another. */
static float loss_in_a_row(const pattern_case *first, const pattern_case *second, bool plain) {
    recording r = recording_of(first);
    r.statistics = NORM_BATCH;
    assert_ok(tape_new(test_engine(), 2, &r.t));
    r.x = tape_input(r.t, 2, IC, r.h, r.w);
    r.x->requires_grad = true;
    r.x = first->record(&r);
    r.channels = second->channels;
    node *y = second->record(&r);
    node *loss = mse(r.t, y, tape_input(r.t, 2, y->value.c, y->value.h, y->value.w));
    if (plain)
        tape_leave_plain(r.t);
    assert_ok(tape_plan(r.t, loss));
    fill_leaves(r.t);
    tape_forward(r.t);
    float value = *loss->value.data;
    tape_free(r.t);
    return value;
}

/* What the second one asks of the value between must still be so when the first one is replaced. */
static void test_in_a_row(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            if (!cases[i].training || !cases[k].training)
                continue;
            float expected = loss_in_a_row(&cases[i], &cases[k], true);
            float loss = loss_in_a_row(&cases[i], &cases[k], false);
            if (!(fabsf(loss - expected) <= 1e-5f * expected))
                fail_msg("%s, then %s: a loss of %g, expected %g", cases[i].name, cases[k].name, loss, expected);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires),          cmocka_unit_test(test_what_is_wanted_stays),
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_frozen),         cmocka_unit_test(test_computed_parameters),
        cmocka_unit_test(test_gated_rounding), cmocka_unit_test(test_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
