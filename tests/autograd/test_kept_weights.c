/* Inference keeps packed weights from run to run: whatever changes under the tape, it computes what a new one does. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdlib.h>

enum { LAYERS = 4, MOST_CHANNELS = 24, MOST_WEIGHTS = MOST_CHANNELS * MOST_CHANNELS * 9 };

/* What a network has besides its tape: parameters, statistics and an image. */
typedef struct world {
    int channels[LAYERS + 1], h, w;
    float weights[LAYERS][MOST_WEIGHTS], biases[LAYERS][MOST_CHANNELS];
    float gamma[MOST_CHANNELS], beta[MOST_CHANNELS], mean[MOST_CHANNELS], var[MOST_CHANNELS], batches;
    float *image;
} world;

static void randomise(float *numbers, size_t count, float spread, uint64_t stream) {
    rng r = rng_new(4, stream);
    for (size_t i = 0; i < count; i++)
        numbers[i] = spread * (float)rng_normal(&r);
}

static size_t weight_count(const world *w, int layer) {
    return (size_t)(w->channels[layer] * w->channels[layer + 1] * 9);
}

static void fill(world *w, uint64_t stream) {
    for (int i = 0; i < LAYERS; i++) {
        randomise(w->weights[i], weight_count(w, i), 0.1f, stream + (uint64_t)i);
        randomise(w->biases[i], MOST_CHANNELS, 0.1f, stream + 10 + (uint64_t)i);
    }
    randomise(w->gamma, MOST_CHANNELS, 1, stream + 20);
    randomise(w->beta, MOST_CHANNELS, 1, stream + 21);
    randomise(w->mean, MOST_CHANNELS, 0.1f, stream + 22);
    for (int c = 0; c < MOST_CHANNELS; c++)
        w->var[c] = 0.5f + 0.01f * (float)c;
}

/* Convolutions, the second followed by a batch norm, which inference folds into the weights. */
static tape *record(world *w, node **x, node **y) {
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    *y = *x = tape_input(t, 1, w->channels[0], w->h, w->w);
    for (int i = 0; i < LAYERS; i++) {
        int ic = w->channels[i], oc = w->channels[i + 1];
        *y = conv2d(t, *y, tape_parameter(t, oc, ic, 3, 3, w->weights[i], NULL),
                    tape_parameter(t, 1, oc, 1, 1, w->biases[i], NULL), (conv2d_options){1, 1, 1});
        if (i == 1)
            *y = batch_norm(t, *y, tape_parameter(t, 1, oc, 1, 1, w->gamma, NULL),
                            tape_parameter(t, 1, oc, 1, 1, w->beta, NULL),
                            (batch_norm_options){NORM_RUNNING, w->mean, w->var, &w->batches});
    }
    tape_pin(t, *y);
    assert_ok(tape_plan(t, NULL));
    return t;
}

static float *run(const world *w, tape *t, const node *x, const node *y) {
    float *map = malloc((size_t)tensor_count(&y->value) * sizeof *map);
    assert_non_null(map);
    tensor_from_array(&x->value, w->image);
    tape_forward(t);
    tensor_to_array(&y->value, map);
    return map;
}

static void expect_same_as_new(world *w, tape *t, const node *x, const node *y) {
    node *new_x, *new_y;
    tape *new = record(w, &new_x, &new_y);
    float *expected = run(w, new, new_x, new_y), *got = run(w, t, x, y);
    assert_memory_equal(got, expected, (size_t)tensor_count(&y->value) * sizeof *got);
    free(expected);
    free(got);
    tape_free(new);
}

static void check_world(world *w) {
    size_t pixels = (size_t)(w->channels[0] * w->h * w->w);
    w->image = malloc(pixels * sizeof *w->image);
    assert_non_null(w->image);
    randomise(w->image, pixels, 1, 40);
    fill(w, 1);
    node *x, *y;
    tape *t = record(w, &x, &y);
    expect_same_as_new(w, t, x, y);
    expect_same_as_new(w, t, x, y);
    for (int i = 0; i < LAYERS; i++) { /* a step of training, as far as the last bit of one weight */
        w->weights[i][weight_count(w, i) / 2] *= 1 + 0x1p-23f;
        expect_same_as_new(w, t, x, y);
    }
    float *const folded[] = {w->biases[1], w->gamma, w->beta, w->mean, w->var}; /* into the second layer's weights */
    for (size_t i = 0; i < sizeof folded / sizeof *folded; i++) {
        folded[i][w->channels[2] - 1] *= 2;
        expect_same_as_new(w, t, x, y);
    }
    fill(w, 50); /* another checkpoint */
    expect_same_as_new(w, t, x, y);
    tape_free(t);
    free(w->image);
}

static void test_changes_are_seen(void **state) {
    (void)state;
    static world w;
    w = (world){.channels = {4, 8, 16, 24, 1}, .h = 21, .w = 40}; /* direct and Winograd */
    check_world(&w);
    w = (world){.channels = {1, 24, 24, 24, 24}, .h = 100, .w = 130}; /* two at a time */
    check_world(&w);
    w = (world){.channels = {24, 24, 24, 24, 24}, .h = 7, .w = 9}; /* matrix products */
    check_world(&w);
}

/* Of five layers whose packed weights take 144 MiB each, 512 MiB hold three; the others share the scratch. */
static void test_memory_is_capped(void **state) {
    (void)state;
    enum { CHANNELS = 1024, KEPT = 3, TRIED = KEPT + 2 };
    float *weights = calloc((size_t)CHANNELS * CHANNELS * 9, sizeof *weights);
    assert_non_null(weights);
    int64_t memory[TRIED + 1];
    use_threads(1);
    for (int layers = 0; layers <= TRIED; layers++) {
        tape *t;
        assert_ok(tape_new(test_engine(), 1, &t));
        node *y = tape_input(t, 1, CHANNELS, 2, 33);
        for (int i = 0; i < layers; i++)
            y = conv2d(t, y, tape_parameter(t, CHANNELS, CHANNELS, 3, 3, weights, NULL), NULL,
                       (conv2d_options){1, 1, 1});
        tape_pin(t, y);
        assert_ok(tape_plan(t, NULL));
        memory[layers] = tape_memory(t);
        tape_free(t);
    }
    int64_t packed = (int64_t)CHANNELS * CHANNELS * 36 * 4, rest = 16 << 20; /* maps, transformed tiles */
    for (int i = 1; i <= TRIED; i++) {
        int64_t more = memory[i] - memory[i - 1], least = i <= KEPT ? packed : i == KEPT + 1 ? packed - rest : 0;
        assert_true(more >= least && more <= (i <= KEPT + 1 ? packed : 0) + rest);
    }
    use_threads(0);
    free(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_are_seen),
        cmocka_unit_test(test_memory_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
