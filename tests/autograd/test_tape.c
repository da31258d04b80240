/* The tape as a machine: shared memory, smaller batches, threads, folding. */
#include "autograd/ops.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS = 9, HEIGHT = 37, WIDTH = 51, BATCH = 3 };

/* A small network with every kind of layer of RPCANet+: conv, batch norm, gates, residual, both losses. */
typedef struct small_network {
    tape *t;
    node *image, *mask, *output, *loss;
    node *layers[4];
    float *values[PARAMETERS], *grads[PARAMETERS];
    size_t counts[PARAMETERS];
    int parameters;
    float mean[8], var[8], batches;
} small_network;

static node *parameter_of(small_network *s, int n, int c, int k) {
    int i = s->parameters++;
    s->counts[i] = (size_t)(n * c * k * k);
    s->values[i] = calloc(s->counts[i], sizeof(float));
    s->grads[i] = calloc(s->counts[i], sizeof(float));
    rng r = rng_new(11, (uint64_t)i);
    for (size_t k2 = 0; k2 < s->counts[i]; k2++)
        s->values[i][k2] = (float)(0.4 * rng_normal(&r));
    return tape_parameter(s->t, n, c, k, k, s->values[i], s->grads[i]);
}

static void build(small_network *s, int batch, norm_statistics statistics) {
    *s = (small_network){.batches = 0};
    for (int c = 0; c < 8; c++)
        s->var[c] = 1 + 0.1f * (float)c;
    assert_ok(tape_new(test_engine(), batch, &s->t));
    tape *t = s->t;
    conv2d_options same = {.stride = 1, .padding = 1, .dilation = 1};
    s->image = tape_input(t, batch, 1, HEIGHT, WIDTH);
    s->mask = tape_input(t, batch, 1, HEIGHT, WIDTH);
    node *x = conv2d(t, s->image, parameter_of(s, 8, 1, 3), parameter_of(s, 1, 8, 1), same);
    s->layers[0] = x;
    x = batch_norm(
        t, x, parameter_of(s, 1, 8, 1), parameter_of(s, 1, 8, 1),
        (batch_norm_options){
            .statistics = statistics, .running_mean = s->mean, .running_var = s->var, .batches = &s->batches});
    s->layers[1] = x = relu(t, x);
    s->layers[2] = x = relu(t, conv2d(t, x, parameter_of(s, 6, 8, 3), NULL, same));
    node *gate = sigmoid(t, conv2d(t, global_average_pool(t, x), parameter_of(s, 6, 6, 1), NULL,
                                   (conv2d_options){.stride = 1, .dilation = 1}));
    x = channel_scale(t, x, gate);
    s->layers[3] = x;
    x = conv2d(t, x, parameter_of(s, 1, 6, 3), parameter_of(s, 1, 1, 1), same);
    s->output = subtract(t, s->image, scale(t, x, parameter_of(s, 1, 1, 1)));
    s->loss = add_weighted(t, mask_loss(t, s->output, s->mask, &loss_soft_iou, POOL_IMAGE), 1,
                           mse(t, s->output, s->image), 0.1f);
    tape_pin(t, s->output);
}

static void fill(small_network *s, int images) {
    size_t pixels = (size_t)HEIGHT * WIDTH;
    float *numbers = malloc(pixels * (size_t)images * sizeof *numbers);
    assert_non_null(numbers);
    rng r = rng_new(5, 0);
    for (size_t i = 0; i < pixels * (size_t)images; i++)
        numbers[i] = (float)rng_uniform(&r);
    tensor_from_array(&s->image->value, numbers);
    for (size_t i = 0; i < pixels * (size_t)images; i++)
        numbers[i] = numbers[i] > 0.95f;
    tensor_from_array(&s->mask->value, numbers);
    free(numbers);
}

static void step(small_network *s) {
    for (int i = 0; i < s->parameters; i++)
        memset(s->grads[i], 0, s->counts[i] * sizeof(float));
    tape_forward(s->t);
    tape_backward(s->t);
}

static void release(small_network *s) {
    for (int i = 0; i < s->parameters; i++) {
        free(s->values[i]);
        free(s->grads[i]);
    }
    tape_free(s->t);
}

static void expect_same_bits(const small_network *a, const small_network *b) {
    assert_memory_equal(a->loss->value.data, b->loss->value.data, sizeof(float));
    for (int i = 0; i < a->parameters; i++)
        assert_memory_equal(a->grads[i], b->grads[i], a->counts[i] * sizeof(float));
}

/* Values that share planes over time are the values that had memory of their own. */
static void test_planned_memory(void **state) {
    (void)state;
    small_network lean, rich;
    build(&lean, BATCH, NORM_BATCH);
    assert_ok(tape_plan(lean.t, lean.loss));
    build(&rich, BATCH, NORM_BATCH);
    for (int i = 0; i < tape_node_count(rich.t); i++)
        tape_pin(rich.t, tape_node(rich.t, i));
    assert_ok(tape_plan(rich.t, rich.loss));
    assert_true(tape_memory(lean.t) < tape_memory(rich.t));
    fill(&lean, BATCH);
    fill(&rich, BATCH);
    for (int repeat = 0; repeat < 2; repeat++) { /* the second step meets what the first one left in memory */
        step(&lean);
        step(&rich);
        expect_same_bits(&lean, &rich);
    }
    release(&lean);
    release(&rich);
}

static void test_threads_do_not_change_bits(void **state) {
    (void)state;
    const int threads[] = {2, 3, 5};
    small_network one, many;
    use_threads(1);
    build(&one, BATCH, NORM_BATCH);
    assert_ok(tape_plan(one.t, one.loss));
    fill(&one, BATCH);
    step(&one);
    for (int i = 0; i < 3; i++) {
        use_threads(threads[i]);
        build(&many, BATCH, NORM_BATCH);
        assert_ok(tape_plan(many.t, many.loss));
        fill(&many, BATCH);
        step(&many);
        expect_same_bits(&one, &many);
        release(&many);
    }
    use_threads(0);
    release(&one);
}

/* The last batch of an epoch runs on the graph of a full one. */
static void test_smaller_batch(void **state) {
    (void)state;
    small_network large, exact;
    build(&large, BATCH, NORM_BATCH);
    assert_ok(tape_plan(large.t, large.loss));
    fill(&large, BATCH);
    step(&large);
    tape_set_batch(large.t, 2);
    fill(&large, 2);
    step(&large);
    build(&exact, 2, NORM_BATCH);
    assert_ok(tape_plan(exact.t, exact.loss));
    fill(&exact, 2);
    step(&exact);
    expect_same_bits(&large, &exact);
    release(&large);
    release(&exact);
}

static void test_no_allocation_in_a_steady_state(void **state) {
    (void)state;
    small_network s;
    use_threads(1); /* so that no other thread's heap moves */
    build(&s, BATCH, NORM_BATCH);
    assert_ok(tape_plan(s.t, s.loss));
    fill(&s, BATCH);
    step(&s);
    int64_t memory = tape_memory(s.t);
    size_t heap = mallinfo2().uordblks;
    for (int i = 0; i < 3; i++)
        step(&s);
    assert_int_equal(mallinfo2().uordblks, heap);
    assert_int_equal(tape_memory(s.t), memory);
    use_threads(0);
    release(&s);
}

/* What neither an output nor the loss depends on costs no memory and is not run. */
static void test_unused_branches(void **state) {
    (void)state;
    small_network with, without;
    build(&without, 1, NORM_BATCH);
    assert_ok(tape_plan(without.t, without.loss));
    build(&with, 1, NORM_BATCH);
    node *unused = relu(with.t, relu(with.t, with.layers[3]));
    assert_ok(tape_plan(with.t, with.loss));
    assert_false(unused->plan->used);
    assert_int_equal(tape_memory(with.t), tape_memory(without.t));
    release(&with);
    release(&without);
}

static void exceed_the_batch(void *context) {
    const small_network *s = context;
    tape_set_batch(s->t, BATCH + 1);
}

static void run_backward(void *context) {
    const small_network *s = context;
    tape_backward(s->t);
}

static void test_misuse(void **state) {
    (void)state;
    small_network s;
    build(&s, BATCH, NORM_BATCH);
    assert_fails(tape_plan(s.t, s.layers[3]), STATUS_USAGE, "a loss of", "single number");
    assert_ok(tape_plan(s.t, NULL));
    assert_fails(tape_plan(s.t, NULL), STATUS_USAGE, "planned once", "another");
    assert_true(aborts(exceed_the_batch, &s));
    tape_forward(s.t);
    assert_true(aborts(run_backward, &s)); /* without a loss */
    release(&s);
    build(&s, BATCH, NORM_BATCH);
    assert_ok(tape_plan(s.t, s.loss));
    fill(&s, BATCH);
    assert_true(aborts(run_backward, &s));
    step(&s);
    assert_true(aborts(run_backward, &s)); /* a second time */
    release(&s);
}

static node *weights(tape *t, int oc, int ic, int kernel) {
    return tape_variable(t, oc, ic, kernel, kernel, true);
}

/* Floating-point operations of a tape that ends in `last`. */
static double count_flops(tape *t, node *last) {
    tape_pin(t, last);
    assert_ok(tape_plan(t, NULL));
    double flops = tape_flops(t);
    tape_free(t);
    return flops;
}

/* conv2d, batch norm, ReLU, gates, conv2d: fused operations count as the plain ones that they stand for. */
static void test_flops(void **state) {
    (void)state;
    enum { IMAGES = 2, IC = 4, OC = 8, HIDDEN = 3, H = 20, W = 36 };
    static float mean[OC], var[OC], batches;
    const double pixels = IMAGES * H * W, first = 2 * 9 * IC * OC * pixels, second = 2 * 9 * OC * pixels;
    const double gates = 2 * 2 * OC * HIDDEN * IMAGES;
    const conv2d_options same = {.stride = 1, .padding = 1, .dilation = 1}, pointwise = {.stride = 1, .dilation = 1};
    for (int plain = 0; plain < 2; plain++) {
        tape *t;
        assert_ok(tape_new(test_engine(), IMAGES, &t));
        if (plain)
            tape_leave_plain(t);
        node *x = conv2d(t, tape_input(t, IMAGES, IC, H, W), weights(t, OC, IC, 3), weights(t, 1, OC, 1), same);
        x = relu(t, batch_norm(t, x, weights(t, 1, OC, 1), weights(t, 1, OC, 1),
                               (batch_norm_options){NORM_RUNNING, mean, var, &batches}));
        node *g = global_average_pool(t, x);
        g = relu(t, conv2d(t, g, weights(t, HIDDEN, OC, 1), weights(t, 1, HIDDEN, 1), pointwise));
        g = sigmoid(t, conv2d(t, g, weights(t, OC, HIDDEN, 1), weights(t, 1, OC, 1), pointwise));
        x = conv2d(t, channel_scale(t, x, g), weights(t, 1, OC, 3), weights(t, 1, 1, 1), same);
        assert_true(count_flops(t, x) == first + gates + second);
    }
}

/* The gradient of computed weights begins at zero in every step: two steps on the same image leave a parameter behind
 * them twice the gradient of one. */
static void test_computed_weights(void **state) {
    (void)state;
    enum { OC = 3, IC = 2, TAPS = 9, COUNT = OC * IC * TAPS };
    float weight[COUNT], grad[COUNT] = {0}, once[COUNT];
    rng r = rng_new(3, 0);
    for (int i = 0; i < COUNT; i++)
        weight[i] = (float)rng_normal(&r);
    tape *t;
    assert_ok(tape_new(test_engine(), 1, &t));
    node *x = tape_input(t, 1, IC, 6, 20), *w = tape_parameter(t, OC, IC, 3, 3, weight, grad);
    node *y = conv2d(t, x, kernel_sums(t, w), NULL, (conv2d_options){.stride = 1, .dilation = 1});
    assert_ok(tape_plan(t, mse(t, y, tape_input(t, 1, OC, 6, 20))));
    float image[IC * 6 * 20];
    for (int i = 0; i < IC * 6 * 20; i++)
        image[i] = (float)rng_normal(&r);
    tensor_from_array(&x->value, image);
    for (int step = 0; step < 2; step++) {
        tape_forward(t);
        tape_backward(t);
        if (step == 0)
            memcpy(once, grad, sizeof once);
    }
    for (int i = 0; i < COUNT; i++)
        assert_true(once[i] != 0 && grad[i] == 2 * once[i]);
    tape_free(t);
}

/* The gradient of a leaf whose sigmoid is taken times itself, in the second of two steps. */
static void gradient_of_square(node *(*product)(tape *t, node *x, node *y), const int shape[4], float *grad) {
    float values[2 * 9 * 21];
    tape *t;
    assert_ok(tape_new(test_engine(), shape[0], &t));
    node *leaf = tape_variable(t, shape[0], shape[1], shape[2], shape[3], false), *x = sigmoid(t, leaf);
    node *target = tape_input(t, shape[0], shape[1], shape[2], shape[3]);
    assert_ok(tape_plan(t, mse(t, product(t, x, x), target)));
    rng r = rng_new(4, 0);
    for (int64_t i = 0; i < tensor_count(&leaf->value); i++)
        values[i] = (float)rng_normal(&r);
    tensor_from_array(&leaf->value, values);
    for (int step = 0; step < 2; step++) {
        if (tensor_is_dense(&leaf->grad)) /* adds up */
            memset(leaf->grad.data, 0, (size_t)tensor_count(&leaf->grad) * sizeof *values);
        tape_forward(t);
        tape_backward(t);
    }
    tensor_to_array(&leaf->grad, grad);
    tape_free(t);
}

/* Two inputs that are one value: by every operation that multiplies, it has the gradient of its square. */
static void test_a_value_times_itself(void **state) {
    (void)state;
    static const struct {
        node *(*product)(tape *t, node *x, node *y);
        int shape[4];
    } cases[] = {{spatial_scale, {2, 1, 9, 21}},
                 {channel_scale, {2, 5, 1, 1}},
                 {patch_scale, {2, 3, 4, 4}},
                 {scale, {1, 1, 1, 1}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float grad[2 * 9 * 21] = {0}, expected[2 * 9 * 21] = {0};
        gradient_of_square(cases[i].product, cases[i].shape, grad);
        gradient_of_square(multiply, cases[i].shape, expected);
        for (size_t k = 0; k < sizeof grad / sizeof *grad; k++)
            if (!(fabsf(grad[k] - expected[k]) <= 1e-6f * fabsf(expected[k])))
                fail_msg("product %zu: gradient %zu is %g, expected %g", i, k, grad[k], expected[k]);
    }
}

/* What a listener has been told of one gradient. */
typedef struct told {
    const float *grad;
    int times;
    float then[4];
} told;

static void note_gradient(void *context, float *grad, size_t count) {
    told *of = context;
    if (grad != of->grad)
        return;
    of->times++;
    assert_int_equal(count, 4);
    memcpy(of->then, grad, sizeof of->then);
}

/* A parameter that several leaves stand for, in either order, or that an operation takes twice: told of once, when it
 * is complete. */
static void test_a_gradient_is_told_once(void **state) {
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        float value[4] = {0.5f, -0.25f, 1, 2}, grad[4] = {0};
        told of = {.grad = grad};
        tape *t;
        assert_ok(tape_new(test_engine(), 1, &t));
        node *x = tape_variable(t, 1, 4, 1, 1, true), *target = tape_input(t, 1, 4, 1, 1);
        node *a = tape_parameter(t, 1, 4, 1, 1, value, grad), *b = tape_parameter(t, 1, 4, 1, 1, value, grad);
        node *y = kind == 2 ? multiply(t, multiply(t, a, a), x)
                            : multiply(t, sigmoid(t, multiply(t, x, kind ? a : b)), kind ? b : a);
        assert_ok(tape_plan(t, mse(t, y, target)));
        assert_true(tape_writes_gradient(t, grad));
        for (int i = 0; i < 4; i++)
            x->value.data[i] = target->value.data[i] = 1;
        tape_tell_gradients(t, &(gradient_listener){note_gradient, &of});
        tape_forward(t);
        tape_backward(t);
        assert_int_equal(of.times, 1);
        assert_memory_equal(of.then, grad, sizeof grad);
        tape_free(t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planned_memory),
        cmocka_unit_test(test_threads_do_not_change_bits),
        cmocka_unit_test(test_smaller_batch),
        cmocka_unit_test(test_no_allocation_in_a_steady_state),
        cmocka_unit_test(test_unused_branches),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_flops),
        cmocka_unit_test(test_computed_weights),
        cmocka_unit_test(test_a_value_times_itself),
        cmocka_unit_test(test_a_gradient_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
