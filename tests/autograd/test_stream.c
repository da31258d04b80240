/* Chains of convolutions computed two at a time, against the same chains one by one. */
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

enum { LAYERS = 4, MOST_WEIGHTS = 16 * 16 * 9 };

/* x -> conv -> conv -> conv -> conv, with a batch norm after the second. */
typedef struct chain {
    tape *t;
    node *x, *layers[LAYERS]; /* with their ReLU */
    float weights[LAYERS][MOST_WEIGHTS], biases[LAYERS][16], affine[2][16], mean[16], var[16], batches;
} chain;

typedef struct chain_shape {
    int n, channels[LAYERS + 1], h, w;
} chain_shape;

static void randomise(float *numbers, size_t count, float spread, uint64_t stream) {
    rng r = rng_new(3, stream);
    for (size_t i = 0; i < count; i++)
        numbers[i] = spread * (float)rng_normal(&r);
}

static void build(chain *c, const chain_shape *s) {
    assert_ok(tape_new(test_engine(), s->n, &c->t));
    node *x = c->x = tape_input(c->t, s->n, s->channels[0], s->h, s->w);
    for (int i = 0; i < LAYERS; i++) {
        int ic = s->channels[i], oc = s->channels[i + 1];
        randomise(c->weights[i], MOST_WEIGHTS, 1 / sqrtf(9.0f * (float)ic), (uint64_t)i);
        randomise(c->biases[i], 16, 0.1f, 10 + (uint64_t)i);
        node *weight = tape_parameter(c->t, oc, ic, 3, 3, c->weights[i], NULL);
        node *bias = i == 3 ? NULL : tape_parameter(c->t, 1, oc, 1, 1, c->biases[i], NULL);
        x = conv2d(c->t, x, weight, bias, (conv2d_options){.stride = 1, .padding = 1, .dilation = 1});
        if (i != 1) {
            x = c->layers[i] = relu(c->t, x);
            continue;
        }
        for (int k = 0; k < oc; k++) {
            c->mean[k] = 0.01f * (float)k;
            c->var[k] = 1 + 0.1f * (float)k;
            c->affine[0][k] = 1 - 0.02f * (float)k;
            c->affine[1][k] = 0.1f;
        }
        x = batch_norm(c->t, x, tape_parameter(c->t, 1, oc, 1, 1, c->affine[0], NULL),
                       tape_parameter(c->t, 1, oc, 1, 1, c->affine[1], NULL),
                       (batch_norm_options){NORM_RUNNING, c->mean, c->var, &c->batches});
        x = c->layers[i] = relu(c->t, x);
    }
    tape_pin(c->t, x);
}

static bool is_streamed(const node *n) {
    return n->op == &op_streamed_convs;
}

static float *run(chain *c) {
    const node *y = c->layers[LAYERS - 1];
    size_t in = (size_t)tensor_count(&c->x->value), out = (size_t)tensor_count(&y->value);
    float *image = malloc(in * sizeof *image), *map = malloc(out * sizeof *map);
    assert_true(image && map);
    randomise(image, in, 1, 20);
    tensor_from_array(&c->x->value, image);
    tape_forward(c->t);
    tensor_to_array(&y->value, map);
    free(image);
    return map;
}

/* Both ways round as Winograd's does, in tiles that lie differently: up to 25 times 2^-24 of the largest value here, up
 * to 35 where a build or the portable kernels round products as well as sums. What is wrong is off by thousands. */
#define ROUNDING (64 * 0x1p-24f)

static void check_chain(const chain_shape *s) {
    static chain plain, streamed;
    build(&plain, s);
    build(&streamed, s);
    tape_leave_plain(plain.t);
    assert_ok(tape_plan(plain.t, NULL));
    assert_ok(tape_plan(streamed.t, NULL));
    for (int i = 0; i < LAYERS; i++) {
        assert_false(is_streamed(plain.layers[i]));
        assert_int_equal(is_streamed(streamed.layers[i]), i % 2);
        assert_int_equal(streamed.layers[i]->plan->used, i % 2);
    }
    assert_true(tape_flops(plain.t) == tape_flops(streamed.t));
    /* The second pair works in place, unless it has more maps to write, or its second image would lie over maps of the
     * first that are still to be read. */
    bool in_place = streamed.layers[3]->value.data == streamed.layers[1]->value.data;
    assert_int_equal(in_place, s->n == 1 ? s->channels[4] <= s->channels[2] : s->channels[4] == s->channels[2]);
    float *expected = run(&plain), *got = run(&streamed), largest = 0;
    size_t count = (size_t)tensor_count(&plain.layers[LAYERS - 1]->value);
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(expected[i]));
    assert_true(largest > 0.1f);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - expected[i]) <= ROUNDING * largest))
            fail_msg("%d -> %d -> ..., %dx%d: %g at %zu, expected %g", s->channels[0], s->channels[1], s->h, s->w,
                     got[i], i, expected[i]);
    static const int threads[] = {1, 3, 5};
    for (int i = 0; i < 3; i++) {
        static chain other;
        use_threads(threads[i]);
        build(&other, s);
        assert_ok(tape_plan(other.t, NULL));
        float *again = run(&other);
        assert_memory_equal(again, got, count * sizeof *got);
        free(again);
        tape_free(other.t);
    }
    use_threads(0);
    free(expected);
    free(got);
    tape_free(plain.t);
    tape_free(streamed.t);
}

static void test_chains(void **state) {
    (void)state;
    check_chain(&(chain_shape){1, {1, 16, 16, 16, 16}, 128, 200});
    check_chain(&(chain_shape){2, {3, 16, 8, 16, 8}, 131, 260});
    check_chain(&(chain_shape){1, {8, 16, 16, 12, 16}, 161, 323});
    check_chain(&(chain_shape){1, {1, 13, 16, 16, 9}, 33, 1201});
    check_chain(&(chain_shape){2, {8, 16, 12, 16, 16}, 96, 200});
    check_chain(&(chain_shape){3, {8, 16, 16, 16, 8}, 96, 200});
}

/* A map that the caller reads stays as it is. */
static void test_what_is_pinned_is_not_overwritten(void **state) {
    (void)state;
    static chain c;
    build(&c, &(chain_shape){1, {1, 16, 16, 16, 16}, 128, 200});
    tape_pin(c.t, c.layers[1]);
    assert_ok(tape_plan(c.t, NULL));
    assert_true(is_streamed(c.layers[1]) && is_streamed(c.layers[3]));
    assert_true(c.layers[3]->value.data != c.layers[1]->value.data);
    tape_free(c.t);
}

/* Whatever somebody else reads has to exist. */
static void test_what_is_not_streamed(void **state) {
    (void)state;
    static chain c;
    build(&c, &(chain_shape){1, {1, 16, 16, 16, 16}, 128, 200});
    tape_pin(c.t, add(c.t, c.layers[0], c.layers[3]));
    tape_pin(c.t, c.layers[2]);
    assert_ok(tape_plan(c.t, NULL));
    for (int i = 0; i < LAYERS; i++)
        assert_int_equal(is_streamed(c.layers[i]), i == 2);
    tape_free(c.t);
    build(&c, &(chain_shape){1, {1, 16, 16, 16, 16}, 40, 40}); /* stays in the cache anyway */
    assert_ok(tape_plan(c.t, NULL));
    for (int i = 0; i < LAYERS; i++)
        assert_false(is_streamed(c.layers[i]));
    tape_free(c.t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_what_is_pinned_is_not_overwritten),
        cmocka_unit_test(test_what_is_not_streamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
