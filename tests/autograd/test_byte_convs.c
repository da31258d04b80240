/* Chains of convolutions in 8 bits: which convolutions join one, and which are left alone. Values are in test_ops.c. */
#include "autograd/fused/fused.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "tests/expect.h"
#include "tests/support.h"

enum { MOST = 16, SIDE = 12 };

/* What a chain is spoiled by, at one of its layers. */
typedef enum spoiler { NOTHING, PINNED, READ_AGAIN, NO_RANGE, NO_RELU, KERNEL_5, DILATED } spoiler;

typedef struct chain {
    tape *t;
    int count;
    node *layers[MOST], *weights[MOST];
    float mean[64], var[64], batches;
} chain;

static node *parameter_of(tape *t, int n, int c, int kernel, bool trained) {
    node *p = tape_variable(t, n, c, kernel, kernel, true);
    p->requires_grad = trained;
    return p;
}

typedef struct chain_shape {
    int layers, first, channels; /* of x and of all layers */
    bool has_norms, trained;
    spoiler spoiled;
    int at; /* that layer */
} chain_shape;

static void record(chain *c, const chain_shape *s) {
    *c = (chain){.count = s->layers};
    assert_ok(tape_new(test_engine(), 1, &c->t));
    node *x = tape_input(c->t, 1, s->first, SIDE, SIDE);
    for (int i = 0; i < s->layers; i++) {
        spoiler how = i == s->at ? s->spoiled : NOTHING;
        int kernel = how == KERNEL_5 ? 5 : 3, dilation = how == DILATED ? 2 : 1;
        node *weight = c->weights[i] = parameter_of(c->t, s->channels, x->value.c, kernel, s->trained);
        x = conv2d(c->t, x, weight, parameter_of(c->t, 1, s->channels, 1, s->trained),
                   (conv2d_options){.stride = 1, .padding = dilation * (kernel / 2), .dilation = dilation});
        if (s->has_norms)
            x = batch_norm(c->t, x, parameter_of(c->t, 1, s->channels, 1, s->trained),
                           parameter_of(c->t, 1, s->channels, 1, s->trained),
                           (batch_norm_options){NORM_RUNNING, c->mean, c->var, &c->batches});
        if (how != NO_RELU)
            x = relu(c->t, x);
        if (how == PINNED)
            tape_pin(c->t, x);
        if (how == READ_AGAIN)
            tape_pin(c->t, sigmoid(c->t, x));
        if (how != NO_RANGE)
            tape_set_ranges(c->t, weight, c->mean);
        c->layers[i] = x;
    }
    tape_pin(c->t, x);
    node *loss = s->trained ? mse(c->t, x, tape_input(c->t, 1, s->channels, SIDE, SIDE)) : NULL;
    assert_ok(tape_plan(c->t, loss));
}

/* How many layers the chain that ends with this one has; 0: none ends there. */
static int chain_length(const node *n) {
    return n->op == &op_byte_convs && n->plan->used ? ((const byte_convs_options *)n->options)->count : 0;
}

/* The tape has chains of these numbers of layers, in order of their ends; 0 ends the list. */
static void expect_chains(const chain_shape *s, const int *lengths) {
    static chain c;
    record(&c, s);
    for (int i = 0; i < c.count; i++) {
        int length = chain_length(c.layers[i]);
        if (length == 0)
            continue;
        if (length != *lengths)
            fail_msg("%d layers end at layer %d (spoiler %d at %d), expected %d", length, i, (int)s->spoiled, s->at,
                     *lengths);
        lengths++;
        for (int k = 0; k < c.count; k++)
            if (tape_rounds(c.weights[k]) && k > i)
                fail_msg("layer %d is rounded, after the end of the chain", k);
        for (int k = i - length + 1; k < i; k++)
            assert_true(tape_rounds(c.weights[k]));
        assert_false(tape_rounds(c.weights[i]));
    }
    assert_int_equal(*lengths, 0);
    tape_free(c.t);
}

static void test_chains(void **state) {
    (void)state;
    expect_chains(&(chain_shape){.layers = 4, .first = 1, .channels = 32, .has_norms = true}, (int[]){4, 0});
    expect_chains(&(chain_shape){.layers = 2, .first = 3, .channels = 16}, (int[]){2, 0});
    /* As many as a node has inputs for: 1 + 4 each; then layers in float32. */
    expect_chains(&(chain_shape){.layers = 9, .first = 1, .channels = 16, .has_norms = true}, (int[]){7, 0});
    expect_chains(&(chain_shape){.layers = 16, .first = 1, .channels = 16}, (int[]){14, 0});
}

static void test_what_is_left_alone(void **state) {
    (void)state;
    expect_chains(&(chain_shape){.layers = 4, .first = 8, .channels = 32}, (int[]){0});
    expect_chains(&(chain_shape){.layers = 4, .first = 1, .channels = 8}, (int[]){0});
    expect_chains(&(chain_shape){.layers = 1, .first = 1, .channels = 32}, (int[]){0});
    expect_chains(&(chain_shape){.layers = 4, .first = 1, .channels = 16, .has_norms = true, .trained = true},
                  (int[]){0});
}

static void test_where_a_chain_ends(void **state) {
    (void)state;
    chain_shape s = {.layers = 5, .first = 1, .channels = 16, .has_norms = true, .at = 2};
    for (s.spoiled = PINNED; s.spoiled <= NO_RELU; s.spoiled++)
        expect_chains(&s, (int[]){3, 0});
    for (s.spoiled = KERNEL_5; s.spoiled <= DILATED; s.spoiled++)
        expect_chains(&s, (int[]){2, 0});
    s.spoiled = NO_RANGE;
    s.at = 0; /* nothing may follow it, and nothing else begins */
    expect_chains(&s, (int[]){0});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_what_is_left_alone),
        cmocka_unit_test(test_where_a_chain_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
