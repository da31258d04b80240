/* Chains of convolutions in 8 bits: near the plain sums in double, the same bits for any number of threads and any
 * instruction set, and what lies beyond a range is cut off. */
#include "core/base/rng.h"
#include "core/conv/conv_bytes.h"
#include "core/tensor/kernels.h"
#include "tests/core/conv/plain_conv.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 5 };

typedef struct chain_case {
    int n, h, w, layers, channels[MOST + 1]; /* of x and of each layer's output */
    bool last_has_relu;
} chain_case;

static const chain_case cases[] = {{1, 21, 37, 4, {1, 32, 32, 32, 32}, true},
                                   {2, 7, 16, 3, {3, 17, 40, 70}, false},
                                   {1, 1, 5, 2, {7, 16, 33}, true},
                                   {1, 33, 3, 5, {2, 48, 16, 20, 64, 16}, false}};
enum { CASES = sizeof cases / sizeof *cases };

static tensor new_tensor(int n, int c, int h, int w) {
    tensor t = tensor_planar(n, c, h, w);
    float *memory = calloc(tensor_footprint(&t) + TENSOR_HALO, sizeof *memory);
    assert_non_null(memory);
    t.data = memory + tensor_origin(&t);
    return t;
}

static void free_tensor(const tensor *t) {
    free(t->data - tensor_origin(t));
}

/* A chain whose first layer has small integers, so that its sums are the same in any order. */
typedef struct chain {
    const chain_case *shape;
    tensor x;
    float *weight[MOST], *bias[MOST], ranges[MOST][80], means[80];
    byte_layer layers[MOST];
} chain;

static float number(rng *random, bool integer) {
    return integer ? (float)floor(rng_uniform(random) * 7) - 3 : (float)rng_normal(random);
}

static void new_chain(const chain_case *shape, chain *c) {
    rng random = rng_new(31, (uint64_t)shape->w);
    *c = (chain){.shape = shape, .x = new_tensor(shape->n, shape->channels[0], shape->h, shape->w)};
    for (int p = 0; p < c->x.n * c->x.c; p++)
        for (int i = 0; i < shape->h * shape->w; i++)
            c->x.data[p * c->x.plane + i / shape->w * c->x.row + i % shape->w] = number(&random, true);
    for (int k = 0; k < shape->layers; k++) {
        int ic = shape->channels[k], oc = shape->channels[k + 1];
        c->weight[k] = malloc((size_t)(oc * ic * 9) * sizeof(float));
        c->bias[k] = malloc((size_t)oc * sizeof(float));
        assert_true(c->weight[k] && c->bias[k]);
        for (int i = 0; i < oc * ic * 9; i++)
            c->weight[k][i] = number(&random, k == 0);
        for (int i = 0; i < oc; i++)
            c->bias[k][i] = number(&random, k == 0) * (k ? 30 : 1);
        for (int i = 0; i < oc; i++)
            c->ranges[k][i] = 1e-3f; /* of a channel that stays 0 */
        c->layers[k].ranges = c->ranges[k];
        c->layers[k].means = c->means;
        c->layers[k].conv = (streamed_conv){.channels = oc,
                                            .weight = c->weight[k],
                                            .bias = k % 2 ? NULL : c->bias[k],
                                            .relu = k + 1 < shape->layers || shape->last_has_relu};
    }
}

static void free_chain(chain *c) {
    free_tensor(&c->x);
    for (int k = 0; k < c->shape->layers; k++) {
        free(c->weight[k]);
        free(c->bias[k]);
    }
}

/* The chain as it would be without rounding, and the ranges that it needs. Free with plain_free. */
static plain_result plain_chain(chain *c) {
    const conv_options same = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};
    tensor x = c->x;
    plain_result all = {0};
    for (int k = 0; k < c->shape->layers; k++) {
        const streamed_conv *conv = &c->layers[k].conv;
        tensor y = new_tensor(x.n, conv->channels, x.h, x.w);
        plain_free(&all);
        all = plain_forward(&x, NULL, conv->weight, conv->bias, &same, conv->relu, &y);
        float *dense = malloc(all.count * sizeof *dense);
        assert_non_null(dense);
        for (size_t i = 0; i < all.count; i++) {
            dense[i] = (float)all.value[i];
            float *range = &c->ranges[k][i / (size_t)(x.h * x.w) % (size_t)y.c];
            *range = fmaxf(*range, dense[i]);
        }
        tensor_from_array(&y, dense);
        free(dense);
        if (k > 0)
            free_tensor(&x);
        x = y;
    }
    free_tensor(&x);
    return all;
}

/* What conv_bytes makes of it, dense; free with free. */
static float *run(const chain *c, int threads, const char *isa) {
    const chain_case *s = c->shape;
    engine *e;
    assert_ok(engine_new_with(threads, isa, &e));
    tensor y = new_tensor(s->n, s->channels[s->layers], s->h, s->w);
    conv_bytes_plan plan = conv_bytes_plan_new(e, &c->x, s->channels + 1, s->layers, &y);
    float *scratch = aligned_alloc(64, plan.scratch * sizeof *scratch);
    float *dense = malloc((size_t)tensor_count(&y) * sizeof *dense);
    assert_true(scratch && dense);
    memset(scratch, 0xA5, plan.scratch * sizeof *scratch);
    conv_bytes(&plan, e, &c->x, c->layers, &y, scratch);
    tensor_to_array(&y, dense);
    free(scratch);
    free_tensor(&y);
    engine_free(e);
    return dense;
}

/* Rounding to 255 steps of a range and 127 of the weights: each layer adds about a hundredth. */
static void test_near_plain_sums(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        chain c;
        new_chain(&cases[i], &c);
        plain_result expected = plain_chain(&c);
        float *got = run(&c, 2, NULL);
        double size = 0, off = 0;
        for (size_t k = 0; k < expected.count; k++) {
            size += expected.value[k] * expected.value[k];
            off += (got[k] - expected.value[k]) * (got[k] - expected.value[k]);
        }
        if (!(sqrt(off) <= 0.01 * cases[i].layers * sqrt(size)))
            fail_msg("chain %d is off by %.3g of %.3g", i, sqrt(off), sqrt(size));
        free(got);
        plain_free(&expected);
        free_chain(&c);
    }
}

static void test_same_bits(void **state) {
    (void)state;
    static const char *const sets[] = {"portable", "avx2", "avx512"};
    for (int i = 0; i < CASES; i++) {
        chain c;
        new_chain(&cases[i], &c);
        plain_result expected = plain_chain(&c);
        size_t bytes = expected.count * sizeof(float);
        float *one = run(&c, 1, NULL);
        for (int threads = 2; threads <= 5; threads += 3) {
            float *several = run(&c, threads, NULL);
            assert_memory_equal(several, one, bytes);
            free(several);
        }
        for (int k = 0; k < 3 && kernels_named(sets[k]); k++) {
            float *other = run(&c, 2, sets[k]);
            assert_memory_equal(other, one, bytes);
            free(other);
        }
        free(one);
        plain_free(&expected);
        free_chain(&c);
    }
}

/* One pixel; every layer passes the first channel on, times 1. */
static void test_beyond_the_range(void **state) {
    (void)state;
    enum { C = 16 };
    static float first[C * 9], other[C * C * 9], bias[C];
    first[4] = 1;
    other[4] = 1;
    bias[1] = 1e30f; /* of a channel without weights: larger than integers are in the steps of others */
    chain c = {.shape = &(chain_case){1, 1, 2, 3, {1, C, C, C}, false}, .x = new_tensor(1, 1, 1, 2)};
    static float ranges[2][C], means[C];
    for (int i = 0; i < C; i++) {
        ranges[0][i] = 2;
        ranges[1][i] = 1;
    }
    c.layers[0] = (byte_layer){{.channels = C, .weight = first, .relu = true}, ranges[0], means};
    c.layers[1] = (byte_layer){{.channels = C, .weight = other, .relu = true}, ranges[1], means};
    c.layers[2] = (byte_layer){.conv = {.channels = C, .weight = other, .bias = bias}};
    c.x.data[0] = 5;
    c.x.data[1] = 0.5f;
    float *got = run(&c, 1, NULL);
    assert_true(fabsf(got[0] - 1) < 1e-6f);
    assert_true(fabsf(got[1] - 0.5f) < 1.f / 255);
    assert_true(fabsf(got[2] / 1e30f - 1) < 1e-6f);
    free(got);
    free_tensor(&c.x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_plain_sums),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_beyond_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
