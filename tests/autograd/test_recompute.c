/* Recomputation in backward: the same bits in less memory. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGES = 5,
    CHANNELS = 6,
    HEIGHT = 21,
    WIDTH = 35,
    BATCH = 3,
    PIXELS = HEIGHT * WIDTH,
    MOST_PARAMETERS = 120,
    NORMS = 2
};

/* Stages that refine an image, all of them with a look at features of the first one: values that cross one border of
 * segments and values that cross several. */
typedef struct staged_network {
    tape *t;
    node *image, *mask, *loss;
    node *output; /* a map from inside a segment, asked for by the caller */
    node *parameters[MOST_PARAMETERS];
    int parameter_count;
    struct {
        float mean[CHANNELS], var[CHANNELS], batches;
    } statistics[STAGES][NORMS];
} staged_network;

static node *parameter_of(staged_network *s, int n, int c, int k) {
    node *p = tape_variable(s->t, n, c, k, k, true);
    assert_non_null(p);
    assert_true(s->parameter_count < MOST_PARAMETERS);
    rng r = rng_new(7, (uint64_t)s->parameter_count);
    for (int64_t i = 0; i < tensor_count(&p->value); i++)
        p->value.data[i] = (float)(0.3 * rng_normal(&r));
    return s->parameters[s->parameter_count++] = p;
}

static node *conv_of(staged_network *s, node *x, int channels, int kernel) {
    return conv2d(s->t, x, parameter_of(s, channels, x->value.c, kernel), parameter_of(s, 1, channels, 1),
                  (conv2d_options){.stride = 1, .padding = kernel / 2, .dilation = 1});
}

static node *norm_of(staged_network *s, node *x, int stage, int number) {
    return batch_norm(s->t, x, parameter_of(s, 1, CHANNELS, 1), parameter_of(s, 1, CHANNELS, 1),
                      (batch_norm_options){.running_mean = s->statistics[stage][number].mean,
                                           .running_var = s->statistics[stage][number].var,
                                           .batches = &s->statistics[stage][number].batches});
}

static node *gated_of(staged_network *s, node *x, int hidden) {
    node *gate = relu(s->t, conv_of(s, global_average_pool(s->t, x), hidden, 1));
    return channel_scale(s->t, x, sigmoid(s->t, conv_of(s, gate, CHANNELS, 1)));
}

static node *stage(staged_network *s, int k, node *x, node *features) {
    node *y = conv_of(s, x, CHANNELS, 3);
    y = add(s->t, y, conv_of(s, features, CHANNELS, 1));
    y = relu(s->t, norm_of(s, y, k, 0));
    y = relu(s->t, conv_of(s, y, CHANNELS, 3));
    if (k == 1)
        tape_pin(s->t, s->output = y);
    node *gate = sigmoid(s->t, conv_of(s, global_average_pool(s->t, y), CHANNELS, 1));
    y = conv_of(s, channel_scale(s->t, y, gate), CHANNELS, 3);
    y = conv_of(s, gated_of(s, relu(s->t, norm_of(s, y, k, 1)), 2), 1, 3);
    return subtract(s->t, x, scale(s->t, y, parameter_of(s, 1, 1, 1)));
}

static void build(staged_network *s, bool recompute) {
    *s = (staged_network){0};
    assert_ok(tape_new(test_engine(), BATCH, &s->t));
    s->image = tape_input(s->t, BATCH, 1, HEIGHT, WIDTH);
    s->mask = tape_input(s->t, BATCH, 1, HEIGHT, WIDTH);
    node *features = relu(s->t, conv_of(s, s->image, 2, 3)), *x = s->image;
    for (int k = 0; k < STAGES; k++) {
        x = stage(s, k, x, features);
        tape_end_segment(s->t);
    }
    s->loss =
        add_weighted(s->t, mask_loss(s->t, x, s->mask, &loss_soft_iou, POOL_IMAGE), 1, mse(s->t, x, s->image), 0.1f);
    tape_set_recompute(s->t, recompute);
    assert_ok(tape_plan(s->t, s->loss));
}

/* A step of gradient descent on `images` random images. */
static void step(staged_network *s, int images, uint64_t seed) {
    static float numbers[BATCH * PIXELS];
    tape_set_batch(s->t, images);
    rng r = rng_new(5, seed);
    for (int i = 0; i < images * PIXELS; i++)
        numbers[i] = (float)rng_uniform(&r);
    tensor_from_array(&s->image->value, numbers);
    for (int i = 0; i < images * PIXELS; i++)
        numbers[i] = numbers[i] > 0.95f;
    tensor_from_array(&s->mask->value, numbers);
    for (int i = 0; i < s->parameter_count; i++)
        memset(s->parameters[i]->grad.data, 0, (size_t)tensor_count(&s->parameters[i]->grad) * sizeof(float));
    tape_forward(s->t);
    tape_backward(s->t);
    for (int i = 0; i < s->parameter_count; i++)
        for (int64_t k = 0; k < tensor_count(&s->parameters[i]->value); k++)
            s->parameters[i]->value.data[k] -= 0.01f * s->parameters[i]->grad.data[k];
}

static void expect_same_bits(const staged_network *a, const staged_network *b, int images) {
    static float outputs[2][BATCH * CHANNELS * PIXELS];
    assert_memory_equal(a->loss->value.data, b->loss->value.data, sizeof(float));
    assert_memory_equal(a->statistics, b->statistics, sizeof a->statistics);
    for (int i = 0; i < a->parameter_count; i++) {
        size_t bytes = (size_t)tensor_count(&a->parameters[i]->grad) * sizeof(float);
        assert_memory_equal(a->parameters[i]->grad.data, b->parameters[i]->grad.data, bytes);
    }
    tensor_to_array(&a->output->value, outputs[0]);
    tensor_to_array(&b->output->value, outputs[1]);
    assert_memory_equal(outputs[0], outputs[1], (size_t)(images * CHANNELS * PIXELS) * sizeof(float));
}

/* Two whole batches, a smaller last one, and a whole one again. */
static void test_same_bits(void **state) {
    (void)state;
    static const int images[] = {BATCH, BATCH, BATCH - 1, BATCH};
    for (int threads = 1; threads <= 2; threads++) {
        use_threads(threads);
        staged_network rich, lean;
        build(&rich, false);
        build(&lean, true);
        for (int i = 0; i < 4; i++) {
            step(&rich, images[i], (uint64_t)i);
            step(&lean, images[i], (uint64_t)i);
            expect_same_bits(&rich, &lean, images[i]);
        }
        for (int k = 0; k < NORMS; k++)
            assert_true(lean.statistics[0][k].batches == 4);
        tape_free(rich.t);
        tape_free(lean.t);
    }
    use_threads(0);
}

/* Four of five stages give back what they hold inside. */
static void test_less_memory(void **state) {
    (void)state;
    staged_network rich, lean;
    build(&rich, false);
    build(&lean, true);
    assert_true(2 * tape_memory(lean.t) < tape_memory(rich.t));
    tape_free(rich.t);
    tape_free(lean.t);
}

static void test_no_allocation_in_a_steady_state(void **state) {
    (void)state;
    staged_network s;
    use_threads(1); /* so that no other thread's heap moves */
    build(&s, true);
    step(&s, BATCH, 0);
    int64_t memory = tape_memory(s.t);
    size_t heap = mallinfo2().uordblks;
    for (int i = 0; i < 3; i++)
        step(&s, BATCH, 0);
    assert_int_equal(mallinfo2().uordblks, heap);
    assert_int_equal(tape_memory(s.t), memory);
    use_threads(0);
    tape_free(s.t);
}

/* --- which operations run twice: twice x, which counts its runs and pretends to need its input backward --- */

typedef struct run_counts {
    int first, again;
} run_counts;

static status double_infer_shape(node *n) {
    n->value = n->input[0]->value;
    return STATUS_OK;
}

static void double_forward(node *n, const op_run *run) {
    run_counts *const *counts = n->options;
    *(run->is_recomputation ? &(*counts)->again : &(*counts)->first) += 1;
    for (int y = 0; y < n->value.h; y++)
        for (int x = 0; x < n->value.w; x++)
            n->value.data[y * n->value.row + x] = 2 * n->input[0]->value.data[y * n->value.row + x];
}

static void double_backward(node *n, const op_run *run) {
    (void)run;
    bool accumulate;
    const tensor *dx = node_grad(n, 0, &accumulate);
    for (int y = 0; y < dx->h; y++)
        for (int x = 0; x < dx->w; x++) {
            float *to = &dx->data[y * dx->row + x];
            *to = (accumulate ? *to : 0) + 2 * n->grad.data[y * dx->row + x];
        }
}

static node *doubled(tape *t, node *x, run_counts *counts) {
    static const op op_double = {.name = "double",
                                 .infer_shape = double_infer_shape,
                                 .forward = double_forward,
                                 .backward = double_backward,
                                 .backward_reads = READS_INPUT_0};
    return tape_record(t, &op_double, &counts, sizeof counts, 1, &x);
}

/* Three segments of three operations, one after the other; the loss also sees the second value through a tenth. */
static void test_what_runs_again(void **state) {
    (void)state;
    enum { SEGMENTS = 3, EACH = 3, ALL = SEGMENTS * EACH + 1 };
    static const bool again[ALL] = {
        [0] = true, /* not [1]: the last segment reads it; not [2] and [5]: the next one does */
        [3] = true, /* not [4]: an output; and none of the last segment and after it */
    };
    run_counts counts[ALL] = {0};
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *image = tape_input(t, 1, 1, 8, 9), *x = tape_variable(t, 1, 1, 8, 9, false), *second = NULL;
    for (int i = 0; i < SEGMENTS * EACH; i++) {
        x = doubled(t, x, &counts[i]);
        if (i == 1)
            second = x;
        if (i == 4)
            tape_pin(t, x);
        if (i % EACH == EACH - 1)
            tape_end_segment(t);
    }
    node *loss = mse(t, add(t, x, doubled(t, second, &counts[ALL - 1])), image);
    tape_set_recompute(t, true);
    assert_ok(tape_plan(t, loss));
    tape_forward(t);
    tape_backward(t);
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(counts[i].first, 1);
        assert_int_equal(counts[i].again, again[i]);
    }
    tape_free(t);
}

static bool always(const node *n) {
    (void)n;
    return true;
}

/* What is cheap runs again without being asked for, what stands between does not: of the first of two segments. */
static void test_cheap_runs_again(void **state) {
    (void)state;
    enum { EACH = 4 };
    static const op op_cheap = {.name = "cheap",
                                .infer_shape = double_infer_shape,
                                .forward = double_forward,
                                .backward = double_backward,
                                .is_cheap = always,
                                .backward_reads = READS_INPUT_0};
    run_counts counts[2 * EACH] = {{0}};
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *image = tape_input(t, 1, 1, 8, 9), *x = tape_variable(t, 1, 1, 8, 9, false);
    for (int i = 0; i < 2 * EACH; i++) {
        run_counts *at = &counts[i];
        x = i % 2 ? doubled(t, x, at) : tape_record(t, &op_cheap, &at, sizeof at, 1, &x);
        if (i == EACH - 1)
            tape_end_segment(t);
    }
    tape_end_segment(t);
    assert_ok(tape_plan(t, mse(t, x, image)));
    tape_forward(t);
    tape_backward(t);
    for (int i = 0; i < 2 * EACH; i++) {
        assert_int_equal(counts[i].first, 1);
        assert_int_equal(counts[i].again, i == 0 || i == 2);
    }
    tape_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_less_memory),
        cmocka_unit_test(test_no_allocation_in_a_steady_state),
        cmocka_unit_test(test_what_runs_again),
        cmocka_unit_test(test_cheap_runs_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
