/* Convolution kernels: each instruction set against plain loops over a grid of shapes, the halo, and the adjoint
 * relations between the forward pass and its two gradients. */
#include "core/base/rng.h"
#include "core/conv/conv.h"
#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"
#include "tests/expect.h"

#include <math.h>
#include <stdio.h>
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

typedef struct shape {
    int ic, oc, h, w, kh, kw, dilation;
} shape;

static double plain_pixel(const shape *s, const tensor *x, const float *weight, int pad_h, int pad_w, int o, int y,
                          int z) {
    double sum = 0;
    for (int i = 0; i < s->ic; i++)
        for (int ky = 0; ky < s->kh; ky++)
            for (int kx = 0; kx < s->kw; kx++) {
                int iy = y - pad_h + ky * s->dilation, ix = z - pad_w + kx * s->dilation;
                if (iy >= 0 && iy < x->h && ix >= 0 && ix < x->w)
                    sum += (double)x->data[i * x->plane + iy * x->row + ix] *
                           weight[((o * s->ic + i) * s->kh + ky) * s->kw + kx];
            }
    return sum;
}

/* One kernel call in two bands, against plain loops. The bound: 2^-24 for each of the k terms of a pixel, of a
 * standard deviation sqrt(k), and a factor for the tail of the normal numbers. */
static void check_rows(const kernel_table *table, const shape *s, bool relu, bool accumulate) {
    int pad_h = s->kh > 1, pad_w = s->kw / 2 * s->dilation;
    tensor x = new_tensor(1, s->ic, s->h, s->w);
    int oh = s->h + 2 * pad_h - s->dilation * (s->kh - 1), ow = s->w + 2 * pad_w - s->dilation * (s->kw - 1);
    if (oh < 1 || ow < 1) {
        free_tensor(&x);
        return;
    }
    tensor y = new_tensor(1, s->oc, oh, ow), before = new_tensor(1, s->oc, oh, ow);
    randomise(&x, 1);
    randomise(&y, 2);
    randomise(&before, 2);
    float *weight = random_array((size_t)(s->oc * s->ic * s->kh * s->kw), 3), *bias = random_array((size_t)s->oc, 4);
    float *packed = malloc(conv_packed_count(s->oc, s->ic, s->kh, s->kw) * sizeof *packed);
    assert_non_null(packed);
    conv_pack_weights(weight, s->oc, s->ic, s->kh, s->kw, false, packed);
    conv_rows k = {.input = x.data - pad_h * x.row - pad_w,
                   .input_row = x.row,
                   .input_plane = x.plane,
                   .output = y.data,
                   .output_row = y.row,
                   .output_plane = y.plane,
                   .ic = s->ic,
                   .oc = s->oc,
                   .width = ow,
                   .kh = s->kh,
                   .kw = s->kw,
                   .dilation = s->dilation,
                   .weight = packed,
                   .bias = accumulate ? NULL : bias,
                   .relu = relu,
                   .accumulate = accumulate};
    table->conv_rows(&k, 0, oh / 2);
    table->conv_rows(&k, oh / 2, oh);
    expect_zero_halo(&y);
    int terms = s->ic * s->kh * s->kw + 2;
    for (int o = 0; o < s->oc; o++)
        for (int r = 0; r < oh; r++)
            for (int c = 0; c < ow; c++) {
                double expected = plain_pixel(s, &x, weight, pad_h, pad_w, o, r, c);
                expected += accumulate ? before.data[o * before.plane + r * before.row + c] : bias[o];
                expected = relu && expected < 0 ? 0 : expected;
                double got = y.data[o * y.plane + r * y.row + c];
                if (!(fabs(got - expected) <= 8 * terms * 0x1p-24))
                    fail_msg("%s, %d->%d, %dx%d kernel, %dx%d at (%d, %d, %d): %.9g, expected %.9g", table->name, s->ic,
                             s->oc, s->kh, s->kw, s->h, s->w, o, r, c, got, expected);
            }
    free(weight);
    free(bias);
    free(packed);
    free_tensor(&x);
    free_tensor(&y);
    free_tensor(&before);
}

static void test_rows_of_every_instruction_set(void **state) {
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512"};
    static const int widths[] = {1, 7, 16, 17, 33, 64, 65, 130};
    static const int channels[][2] = {{1, 4}, {4, 4}, {3, 5}, {8, 1}, {2, 9}, {17, 32}};
    static const int kernels_[][3] = {{3, 3, 1}, {1, 1, 1}, {2, 4, 1}, {1, 3, 2}};
    for (int n = 0; n < 3; n++) {
        const kernel_table *table = kernels_named(names[n]);
        for (int w = 0; table && w < 8; w++)
            for (int c = 0; c < 6; c++)
                for (int k = 0; k < 4; k++) {
                    shape s = {channels[c][0], channels[c][1], 2 + (3 * w + c) % 11, widths[w],
                               kernels_[k][0], kernels_[k][1], kernels_[k][2]};
                    check_rows(table, &s, (w + c + k) % 2 == 0, (w + c + k) % 2 == 1);
                }
    }
}

/* Winograd's way, in two bands, against plain loops over the normalised input. Its rounding is that of sums of 36
 * products with factors of up to 2.5^2 and 2^2 around them: some 16 times the bound of the direct sum covers them. */
static void check_winograd(const kernel_table *table, int ic, int oc, int h, int w, bool norm, bool accumulate) {
    tensor x = new_tensor(1, ic, h, w), y = new_tensor(1, oc, h, w), before = new_tensor(1, oc, h, w);
    randomise(&x, 1);
    randomise(&y, 2);
    randomise(&before, 2);
    float *weight = random_array((size_t)(oc * ic * 9), 3), *bias = random_array((size_t)oc, 4);
    float *scale = random_array((size_t)ic, 8), *shift = random_array((size_t)ic, 9);
    float *packed = malloc(conv_winograd_packed_count(oc, ic) * sizeof *packed);
    float *scratch = malloc(table->winograd_scratch(ic, oc) * sizeof *scratch);
    assert_true(packed && scratch);
    conv_winograd_pack(weight, oc, ic, false, packed);
    winograd_rows k = {.input = {.pixels = x.data,
                                 .row = x.row,
                                 .plane = x.plane,
                                 .channels = ic,
                                 .height = h,
                                 .width = w,
                                 .scale = norm ? scale : NULL,
                                 .shift = norm ? shift : NULL},
                       .output = y.data,
                       .output_row = y.row,
                       .output_plane = y.plane,
                       .oc = oc,
                       .weight = packed,
                       .bias = accumulate ? NULL : bias,
                       .relu = !accumulate,
                       .accumulate = accumulate};
    int half = h / 8 * 4;
    table->winograd_rows(&k, 0, half, scratch);
    table->winograd_rows(&k, half, h, scratch);
    expect_zero_halo(&y);
    for (int i = 0; norm && i < ic; i++)
        for (int r = 0; r < h; r++)
            for (int c = 0; c < w; c++) {
                float *pixel = &x.data[i * x.plane + r * x.row + c];
                *pixel = fmaxf(0, scale[i] * *pixel + shift[i]);
            }
    shape s = {ic, oc, h, w, 3, 3, 1};
    double scale_of = norm ? 4 : 1;
    for (int o = 0; o < oc; o++)
        for (int r = 0; r < h; r++)
            for (int c = 0; c < w; c++) {
                double expected = plain_pixel(&s, &x, weight, 1, 1, o, r, c);
                expected += accumulate ? before.data[o * before.plane + r * before.row + c] : bias[o];
                expected = !accumulate && expected < 0 ? 0 : expected;
                double got = y.data[o * y.plane + r * y.row + c];
                if (!(fabs(got - expected) <= 16 * scale_of * 8 * sqrt(9 * ic + 2) * 0x1p-24))
                    fail_msg("%s, Winograd %d->%d, %dx%d at (%d, %d, %d): %.9g, expected %.9g", table->name, ic, oc, h,
                             w, o, r, c, got, expected);
            }
    free(weight);
    free(bias);
    free(scale);
    free(shift);
    free(packed);
    free(scratch);
    free_tensor(&x);
    free_tensor(&y);
    free_tensor(&before);
}

static void test_winograd_of_every_instruction_set(void **state) {
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512"};
    static const int sizes[][2] = {{1, 2}, {4, 16}, {21, 33}, {15, 64}, {8, 127}, {9, 128}, {11, 129}, {13, 260}};
    static const int channels[][2] = {{8, 8}, {32, 32}, {9, 17}, {16, 3}};
    for (int n = 0; n < 3; n++) {
        const kernel_table *table = kernels_named(names[n]);
        for (int i = 0; table && i < 8; i++)
            for (int c = 0; c < 4; c++)
                check_winograd(table, channels[c][0], channels[c][1], sizes[i][0], sizes[i][1], (i + c) % 2 == 0,
                               (i + c) % 3 == 0);
    }
}

/* <conv(x), y> = <x, gradient(y)> = <weight, weight gradient(x, y)>, through whichever way conv.h takes. */
static void check_adjoint(int n, int ic, int oc, int h, int w, conv_options o) {
    tensor x = new_tensor(n, ic, h, w), dx = new_tensor(n, ic, h, w);
    int oh = conv_output_size(h, o.kh, &o), ow = conv_output_size(w, o.kw, &o);
    tensor y = new_tensor(n, oc, oh, ow), dy = new_tensor(n, oc, oh, ow);
    size_t weights = (size_t)(oc * ic * o.kh * o.kw);
    float *weight = random_array(weights, 5), *dweight = calloc(weights, sizeof(float));
    float *dbias = calloc((size_t)oc, sizeof(float)), *scratch = malloc(conv_scratch(&x, &y, &o) * sizeof(float));
    assert_true(dweight && dbias && scratch);
    randomise(&x, 6);
    randomise(&dy, 7);
    conv_forward(&x, weight, NULL, &o, false, &y, scratch);
    conv_input_gradient(&dy, weight, &o, false, &dx, scratch);
    conv_weight_gradient(&x, &dy, &o, dweight, dbias, scratch);
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
    conv_input_gradient(&dy, weight, &o, true, &dx, scratch);
    assert_true(fabs(2 * by_input - dot(&x, &dx)) <= 1e-6 * size);
    free(weight);
    free(dweight);
    free(dbias);
    free(scratch);
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
    const conv_options o = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};
    const float weight[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float *scratch = malloc(conv_scratch(&x, &y, &o) * sizeof(float));
    assert_non_null(scratch);
    x.data[4 * x.row + 10] = 1;
    conv_forward(&x, weight, NULL, &o, false, &y, scratch);
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++)
            assert_true(y.data[(5 - ky) * y.row + 11 - kx] == weight[ky * 3 + kx]);
    free(scratch);
    free_tensor(&x);
    free_tensor(&y);
}

static void test_unknown_instruction_set(void **state) {
    (void)state;
    assert_null(kernels_named("sse9"));
    setenv("IRST_ISA", "sse9", 1);
    assert_fails(kernels_check(), STATUS_USAGE, "sse9", "avx2");
    unsetenv("IRST_ISA");
    assert_ok(kernels_check());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_every_instruction_set), cmocka_unit_test(test_winograd_of_every_instruction_set),
        cmocka_unit_test(test_gradients_are_adjoint),         cmocka_unit_test(test_impulse),
        cmocka_unit_test(test_unknown_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
