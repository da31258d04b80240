/* Convolution by way of conv.h: the adjoint relations between the forward pass and its two gradients, which larger
 * layers satisfy, too. */
#include "core/base/rng.h"
#include "core/conv/conv.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

/* A planar tensor with memory of its own, halo zero. */
static tensor new_tensor(int n, int c, int h, int w) {
    tensor t = tensor_planar(n, c, h, w);
    size_t bytes = (tensor_footprint(&t) + TENSOR_HALO) * sizeof(float);
    float *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    t.data = memory + tensor_origin(&t);
    return t;
}

static void free_tensor(const tensor *t) {
    free(t->data - tensor_origin(t));
}

static void randomise(const tensor *t, uint64_t stream) {
    rng r = rng_new(1, stream);
    for (int p = 0; p < t->n * t->c; p++)
        for (int y = 0; y < t->h; y++)
            for (int x = 0; x < t->w; x++)
                t->data[p * t->plane + y * t->row + x] = (float)rng_normal(&r);
}

static float *random_array(size_t count, uint64_t stream) {
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    rng r = rng_new(2, stream);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)rng_normal(&r);
    return numbers;
}

static double dot(const tensor *a, const tensor *b) {
    double sum = 0;
    for (int p = 0; p < a->n * a->c; p++)
        for (int y = 0; y < a->h; y++)
            for (int x = 0; x < a->w; x++)
                sum += (double)a->data[p * a->plane + y * a->row + x] * b->data[p * b->plane + y * b->row + x];
    return sum;
}

/* Everything of the memory that is not a pixel. */
static void expect_zero_halo(const tensor *t) {
    const float *memory = t->data - tensor_origin(t);
    for (size_t i = 0; i < tensor_footprint(t); i++) {
        ptrdiff_t at = (ptrdiff_t)(i % (size_t)t->plane) - (ptrdiff_t)tensor_origin(t);
        bool pixel = at >= 0 && at / t->row < t->h && at % t->row < t->w;
        if (!pixel && memory[i] != 0)
            fail_msg("halo of a %dx%d plane holds %g at %zu", t->h, t->w, memory[i], i);
    }
}

/* <conv(x), y> = <x, gradient(y)> = <weight, weight gradient(x, y)>, through whichever way conv.h takes. */
static void check_adjoint(int n, int ic, int oc, int h, int w, conv_options o) {
    tensor x = new_tensor(n, ic, h, w), dx = new_tensor(n, ic, h, w);
    int oh = conv_output_size(h, o.kh, &o), ow = conv_output_size(w, o.kw, &o);
    tensor y = new_tensor(n, oc, oh, ow), dy = new_tensor(n, oc, oh, ow);
    size_t weights = (size_t)(oc * ic * o.kh * o.kw);
    float *weight = random_array(weights, 5), *dweight = calloc(weights, sizeof(float));
    conv_plan plan = conv_plan_new(test_engine(), &x, &y, &o, true);
    const conv_run run = {.engine = test_engine(), .scratch = malloc(plan.scratch * sizeof(float))};
    float *dbias = calloc((size_t)oc, sizeof(float));
    assert_true(dweight && dbias && run.scratch);
    randomise(&x, 6);
    randomise(&dy, 7);
    conv_forward(&plan, &run, &x, weight, NULL, false, &y);
    conv_input_gradient(&plan, &run, &dy, weight, false, &dx);
    conv_weight_gradient(&plan, &run, &x, &dy, dweight, dbias);
    expect_zero_halo(&y);
    expect_zero_halo(&dx);
    double forward = dot(&y, &dy), by_input = dot(&x, &dx), by_weight = 0, by_bias = 0, ones = 0;
    for (size_t i = 0; i < weights; i++)
        by_weight += (double)weight[i] * dweight[i];
    for (int c = 0; c < oc; c++)
        by_bias += dbias[c];
    for (int p = 0; p < n * oc; p++)
        for (int r = 0; r < oh; r++)
            for (int c = 0; c < ow; c++)
                ones += dy.data[p * dy.plane + r * dy.row + c];
    double size = sqrt(dot(&y, &y) * dot(&dy, &dy));
    assert_true(fabs(forward - by_input) <= 1e-6 * size);
    assert_true(fabs(forward - by_weight) <= 1e-6 * size);
    assert_true(fabs(ones - by_bias) <= 1e-6 * (double)tensor_count(&dy));
    /* a second pass with accumulation doubles */
    conv_input_gradient(&plan, &run, &dy, weight, true, &dx);
    assert_true(fabs(2 * by_input - dot(&x, &dx)) <= 1e-6 * size);
    free(weight);
    free(dweight);
    free(dbias);
    free(run.scratch);
    free_tensor(&x);
    free_tensor(&dx);
    free_tensor(&y);
    free_tensor(&dy);
}

static conv_options options_of(int kernel, int stride, int padding, int dilation) {
    return (conv_options){.kh = kernel, .kw = kernel, .stride = stride, .padding = padding, .dilation = dilation};
}

static void test_gradients_are_adjoint(void **state) {
    (void)state;
    const conv_options same = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};
    check_adjoint(2, 4, 4, 64, 200, same);
    check_adjoint(1, 1, 32, 40, 70, same);
    check_adjoint(1, 32, 1, 40, 70, same);
    check_adjoint(2, 8, 5, 33, 47, same);
    check_adjoint(2, 12, 20, 38, 75, same);                   /* Winograd */
    check_adjoint(5, 320, 300, 3, 33, same);                  /* Winograd: several bands to one partial sum */
    check_adjoint(1, 40, 24, 12, 12, same);                   /* GEMM: narrow */
    check_adjoint(2, 6, 10, 31, 45, options_of(3, 2, 1, 1));  /* GEMM: stride */
    check_adjoint(1, 5, 6, 30, 50, options_of(5, 1, 2, 1));   /* GEMM: padding */
    check_adjoint(1, 5, 6, 30, 50, options_of(3, 1, 4, 4));   /* GEMM: dilation */
    check_adjoint(2, 20, 33, 17, 40, options_of(1, 1, 0, 1)); /* GEMM: 1x1 */
}

/* A single bright pixel gives back the kernel, turned by the correlation. */
static void test_impulse(void **state) {
    (void)state;
    tensor x = new_tensor(1, 1, 9, 20), y = new_tensor(1, 1, 9, 20);
    const conv_options o = options_of(3, 1, 1, 1);
    const float weight[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    conv_plan plan = conv_plan_new(test_engine(), &x, &y, &o, false);
    const conv_run run = {.engine = test_engine(), .scratch = malloc(plan.scratch * sizeof(float))};
    assert_non_null(run.scratch);
    x.data[4 * x.row + 10] = 1;
    conv_forward(&plan, &run, &x, weight, NULL, false, &y);
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++)
            assert_true(y.data[(5 - ky) * y.row + 11 - kx] == weight[ky * 3 + kx]);
    free(run.scratch);
    free_tensor(&x);
    free_tensor(&y);
}

static size_t inference_scratch(int size, int channels) {
    const conv_options o = options_of(3, 2, 1, 1);
    tensor x = tensor_planar(1, channels, size, size), y = tensor_planar(1, channels, (size + 1) / 2, (size + 1) / 2);
    return conv_plan_new(test_engine(), &x, &y, &o, false).scratch;
}

/* Inference needs a block of columns in each thread, however large the map is. */
static void test_scratch_of_large_maps(void **state) {
    (void)state;
    use_threads(2);
    size_t floats = inference_scratch(4096, 16);
    assert_true(floats > 0 && floats * sizeof(float) <= 2 * 700 * 1024);
    assert_true(inference_scratch(9, 16) <= 2 * (16 * 9 + 16) * 25);
    use_threads(0);
}

/* One run with the weights as they are now; whether packed weights are kept is up to `memory`. */
static void run_kept(conv_plan *plan, const tensor *x, const float *weight, const tensor *y) {
    const conv_run run = {.engine = test_engine(), .scratch = aligned_alloc(64, (plan->scratch * 4 + 127) / 64 * 64)};
    assert_non_null(run.scratch);
    conv_forward(plan, &run, x, weight, NULL, false, y);
    free(run.scratch);
}

/* Kept weights give the bits of those packed anew, the first time and the next, and after a change of any one weight,
 * of the last bit of it, of all of them, and back. */
static void check_kept(int ic, int oc, int h, int w, conv_options o) {
    tensor x = new_tensor(1, ic, h, w), y = new_tensor(1, oc, h, w), expected = new_tensor(1, oc, h, w);
    size_t weights = (size_t)(oc * ic * o.kh * o.kw), bytes = tensor_footprint(&y) * sizeof(float);
    float *weight = random_array(weights, 5), *first = random_array(weights, 5), *other = random_array(weights, 9);
    conv_plan plain = conv_plan_new(test_engine(), &x, &y, &o, false), kept = plain;
    size_t floats = conv_plan_keeps(&kept);
    assert_true(floats > 0 && floats % 16 == 0);
    float *memory = aligned_alloc(64, floats * sizeof *memory);
    assert_non_null(memory);
    conv_plan_keep(&kept, memory);
    randomise(&x, 6);
    rng r = rng_new(3, 1);
    for (int step = 0; step < 12; step++) {
        if (step % 6 == 5)
            memcpy(weight, step == 5 ? other : first, weights * sizeof *weight);
        else if (step % 3 != 0)
            weight[step == 1 ? weights - 1 : rng_below(&r, (uint32_t)weights)] *= step % 2 ? 1 + 0x1p-23f : -1;
        run_kept(&plain, &x, weight, &expected);
        run_kept(&kept, &x, weight, &y);
        assert_memory_equal(y.data - tensor_origin(&y), expected.data - tensor_origin(&expected), bytes);
    }
    free(weight);
    free(first);
    free(other);
    free(memory);
    free_tensor(&x);
    free_tensor(&y);
    free_tensor(&expected);
}

static void test_kept_weights_are_never_stale(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        use_threads(threads);
        check_kept(4, 4, 20, 40, options_of(3, 1, 1, 1));
        check_kept(12, 20, 18, 37, options_of(3, 1, 1, 1));  /* Winograd */
        check_kept(130, 120, 8, 33, options_of(3, 1, 1, 1)); /* several pieces to one fingerprint */
    }
    use_threads(0);
    tensor x = tensor_planar(1, 16, 512, 512);
    const conv_options o = options_of(3, 1, 1, 1);
    conv_plan large = conv_plan_new(test_engine(), &x, &x, &o, false);
    assert_int_equal(conv_plan_keeps(&large), 0);
}

/* No weight may change without a change of the fingerprint, wherever it stands; and it is that of any engine. */
static void test_fingerprints(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        size_t count = i < 20 ? (size_t)i + 1 : (size_t)i * 2777;
        float *weight = random_array(count, 5);
        use_threads(1);
        uint64_t before = weights_fingerprint(test_engine(), weight, count);
        use_threads(3);
        assert_true(before == weights_fingerprint(test_engine(), weight, count));
        assert_true(before != weights_fingerprint(test_engine(), weight, count - 1));
        for (size_t at = 0; at < count; at += 1 + count / 50) {
            float old = weight[at];
            weight[at] = -old;
            assert_true(before != weights_fingerprint(test_engine(), weight, count));
            weight[at] = old;
        }
        free(weight);
    }
    use_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_are_adjoint), cmocka_unit_test(test_impulse),
        cmocka_unit_test(test_scratch_of_large_maps), cmocka_unit_test(test_kept_weights_are_never_stale),
        cmocka_unit_test(test_fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
