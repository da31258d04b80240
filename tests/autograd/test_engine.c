/* Tapes on engines of their own: in two threads of one process at once, and with every instruction set, they compute
 * what they compute alone, to the last bit. usage: test_engine [STEPS]; many steps are for a race detector. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "core/tensor/kernels.h"
#include "tests/expect.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, HEIGHT = 18, WIDTH = 40, PIXELS = HEIGHT * WIDTH, WEIGHTS = 8192, CHANNELS = 8 };

enum { FEW_STEPS = 20 };
static int steps_at_once = FEW_STEPS;

/* A small network that convolves in every way: direct, Winograd's, by BLAS. */
typedef struct training {
    tape *t;
    node *image, *mask, *loss;
    float values[WEIGHTS], grads[WEIGHTS]; /* of all parameters */
    int used;
    float mean[CHANNELS], var[CHANNELS], batches;
} training;

static node *weights(training *s, int n, int c, int k) {
    int first = s->used;
    s->used += n * c * k * k;
    return tape_parameter(s->t, n, c, k, k, s->values + first, s->grads + first);
}

static node *convolve(training *s, node *x, int channels, int stride) {
    return conv2d(s->t, x, weights(s, channels, x->value.c, 3), weights(s, 1, channels, 1),
                  (conv2d_options){.stride = stride, .padding = 1, .dilation = 1});
}

static void record(training *s) {
    tape *t = s->t;
    s->image = tape_input(t, BATCH, 1, HEIGHT, WIDTH);
    s->mask = tape_input(t, BATCH, 1, HEIGHT, WIDTH);
    node *x = convolve(s, s->image, CHANNELS, 1);
    x = batch_norm(
        t, x, weights(s, 1, CHANNELS, 1), weights(s, 1, CHANNELS, 1),
        (batch_norm_options){
            .statistics = NORM_BATCH, .running_mean = s->mean, .running_var = s->var, .batches = &s->batches});
    x = convolve(s, relu(t, x), 2 * CHANNELS, 1);
    node *small = relu(t, convolve(s, x, CHANNELS, 2));
    x = concat(t, 2, (node *[]){x, resize_bilinear(t, small, HEIGHT, WIDTH, false)});
    x = convolve(s, x, 1, 1);
    s->loss = add(t, mask_loss(t, x, s->mask, &loss_soft_iou, POOL_IMAGE), mse(t, x, s->image));
}

static void fill(training *s) {
    float numbers[BATCH * PIXELS];
    rng r = rng_new(3, 0);
    for (int i = 0; i < s->used; i++)
        s->values[i] = (float)(0.1 * rng_normal(&r));
    for (int i = 0; i < BATCH * PIXELS; i++)
        numbers[i] = (float)rng_uniform(&r);
    tensor_from_array(&s->image->value, numbers);
    for (int i = 0; i < BATCH * PIXELS; i++)
        numbers[i] = numbers[i] > 0.9f;
    tensor_from_array(&s->mask->value, numbers);
}

static void descend(training *s) {
    memset(s->grads, 0, sizeof s->grads);
    tape_forward(s->t);
    tape_backward(s->t);
    for (int i = 0; i < s->used; i++)
        s->values[i] -= 0.001f * s->grads[i];
}

/* What a whole training leaves, run by whichever thread calls. */
typedef struct outcome {
    int threads; /* of its engine */
    int steps;
    status result;
    float values[WEIGHTS], loss;
    const char *kernels;
} outcome;

static status train(outcome *out, engine *e, training *s) {
    TRY(tape_new(e, BATCH, &s->t));
    record(s);
    TRY(tape_plan(s->t, s->loss));
    fill(s);
    for (int i = 0; i < out->steps; i++)
        descend(s);
    memcpy(out->values, s->values, sizeof out->values);
    out->loss = *s->loss->value.data;
    return STATUS_OK;
}

static void *run(void *context) {
    outcome *out = context;
    engine *e;
    training *s = calloc(1, sizeof *s);
    out->result = s ? engine_new(out->threads, &e) : STATUS_MEMORY;
    if (out->result == STATUS_OK) {
        out->kernels = engine_kernels(e)->name;
        out->result = train(out, e, s);
        tape_free(s->t);
        engine_free(e);
    }
    free(s);
    return NULL;
}

static void expect_same(const outcome *a, const outcome *b) {
    assert_int_equal(a->result, STATUS_OK);
    assert_int_equal(b->result, STATUS_OK);
    assert_true(a->loss > 0 && a->loss < 10);
    assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
    assert_memory_equal(a->values, b->values, sizeof a->values);
}

static void test_two_at_once(void **state) {
    (void)state;
    static outcome alone, together[2];
    pthread_t threads[2];
    alone.threads = 1;
    alone.steps = steps_at_once;
    run(&alone);
    for (int i = 0; i < 2; i++) {
        together[i].threads = 2;
        together[i].steps = steps_at_once;
        assert_int_equal(pthread_create(&threads[i], NULL, run, &together[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        expect_same(&alone, &together[i]);
}

/* An instruction set is the engine's, not the process's. */
static void test_every_instruction_set(void **state) {
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512"};
    for (int i = 0; i < 3; i++) {
        if (!kernels_named(names[i]))
            continue;
        static outcome one, three;
        one.threads = 1;
        three.threads = 3;
        one.steps = three.steps = FEW_STEPS;
        setenv("IRST_ISA", names[i], 1);
        run(&one);
        run(&three);
        unsetenv("IRST_ISA");
        assert_string_equal(one.kernels, names[i]);
        expect_same(&one, &three);
    }
}

static void test_unknown_instruction_set(void **state) {
    (void)state;
    engine *e;
    setenv("IRST_ISA", "sse9", 1);
    assert_fails(engine_new(1, &e), STATUS_USAGE, "sse9", "avx2");
    assert_null(e);
    unsetenv("IRST_ISA");
    assert_ok(engine_new(1, &e));
    engine_free(e);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_every_instruction_set),
        cmocka_unit_test(test_unknown_instruction_set),
    };
    if (count > 1 && sscanf(arguments[1], "%d", &steps_at_once) != 1)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
