/* Convolutions of thousands of random shapes, each way that applies to them, against plain sums in double, with every
 * instruction set that this processor has. Memory around each tensor and behind the scratch is watched, scratch begins
 * as NaN, and some of the shapes run with several numbers of threads, whose results must be the same bits. */
#include "core/conv/conv_gemm.h"
#include "core/conv/conv_winograd.h"
#include "core/tensor/kernels.h"
#include "tests/core/conv/plain_conv.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TINY = 1500, SMALL = 500, WIDE = 60 };

typedef struct shape {
    int n, ic, oc, h, w;
    conv_options o; /* without norm and hook */
    bool dense_x, dense_y, norm, relu, bias, accumulate;
} shape;

static int between(rng *r, int low, int high) {
    return low + (int)rng_below(r, (uint32_t)(high - low + 1));
}

static bool chance(rng *r) {
    return rng_below(r, 2) == 0;
}

static shape draw_shape(rng *r, int index) {
    shape s = {.n = between(r, 1, 2), .o = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1}};
    if (index < TINY) {
        s.ic = between(r, 1, 9), s.oc = between(r, 1, 9), s.h = between(r, 1, 6), s.w = between(r, 1, 6);
    } else if (index < TINY + SMALL) {
        s.ic = between(r, 1, 20), s.oc = between(r, 1, 20), s.h = between(r, 1, 18), s.w = between(r, 1, 50);
    } else { /* Winograd's */
        s.ic = between(r, 8, 24), s.oc = between(r, 8, 24), s.h = between(r, 1, 20), s.w = between(r, 32, 140);
    }
    if (index < TINY + SMALL && !(index % 4 == 0)) {
        s.o.kh = between(r, 1, 5), s.o.kw = chance(r) ? s.o.kh : between(r, 1, 5);
        s.o.stride = chance(r) ? 1 : between(r, 1, 3);
        s.o.dilation = chance(r) ? 1 : between(r, 1, 3);
        s.o.padding = between(r, 0, 3);
    }
    s.dense_x = between(r, 0, 3) == 0, s.dense_y = between(r, 0, 3) == 0;
    s.norm = chance(r), s.relu = chance(r), s.bias = chance(r), s.accumulate = chance(r), s.o.exact = chance(r);
    return s;
}

/* --- ways --- */

typedef struct way {
    const char *name;
    bool (*applies)(const shape *s, const tensor *x, const tensor *y);
    bool norm_and_hook; /* knows them */
    size_t (*scratch)(const engine *e, const tensor *x, const tensor *y, const conv_options *o);
    void (*forward)(engine *e, const tensor *x, const float *weight, const float *bias, const conv_options *o,
                    bool relu, const tensor *y, float *scratch);
    void (*input_gradient)(engine *e, const tensor *dy, const float *weight, const conv_options *o, bool accumulate,
                           const tensor *dx, float *scratch);
    void (*weight_gradient)(engine *e, const tensor *x, const tensor *dy, const conv_options *o, float *dweight,
                            float *dbias, float *scratch);
} way;

static bool always(const shape *s, const tensor *x, const tensor *y) {
    (void)s, (void)x, (void)y;
    return true;
}

static bool is_winograd(const shape *s, const tensor *x, const tensor *y) {
    const conv_options *o = &s->o;
    return o->kh == 3 && o->kw == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1 && !tensor_is_dense(x) &&
           !tensor_is_dense(y);
}

static size_t gemm_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    size_t forward = conv_gemm_forward_scratch(e, x, y, o), gradients = conv_gemm_gradient_scratch(e, y, o);
    return forward > gradients ? forward : gradients;
}

static size_t winograd_scratch(const engine *e, const tensor *x, const tensor *y, const conv_options *o) {
    (void)o;
    size_t pass = conv_winograd_scratch(e, x->c, y->c), weight = conv_winograd_weight_scratch(e, x, y);
    return pass > weight ? pass : weight;
}

static void winograd_forward(engine *e, const tensor *x, const float *weight, const float *bias, const conv_options *o,
                             bool relu, const tensor *y, float *scratch) {
    conv_winograd(e, x, weight, bias, &(conv_winograd_options){.norm = o->norm, .relu = relu, .hook = o->hook}, y,
                  scratch);
}

static void winograd_input_gradient(engine *e, const tensor *dy, const float *weight, const conv_options *o,
                                    bool accumulate, const tensor *dx, float *scratch) {
    conv_winograd(e, dy, weight, NULL,
                  &(conv_winograd_options){.transposed = true, .accumulate = accumulate, .hook = o->hook}, dx, scratch);
}

static void winograd_weight_gradient(engine *e, const tensor *x, const tensor *dy, const conv_options *o,
                                     float *dweight, float *dbias, float *scratch) {
    conv_winograd_weight_gradient(e, x, o->norm, dy, dweight, dbias, scratch);
}

static const way ways[] = {
    {"chosen", always, true, conv_scratch, conv_forward, conv_input_gradient, conv_weight_gradient},
    {"gemm", always, false, gemm_scratch, conv_gemm_forward, conv_gemm_input_gradient, conv_gemm_weight_gradient},
    {"winograd", is_winograd, true, winograd_scratch, winograd_forward, winograd_input_gradient,
     winograd_weight_gradient},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* --- one shape --- */

/* The rows that a hook was told of. */
typedef struct row_count {
    int h;
    unsigned char *told;
} row_count;

static void count_rows(const worker *w, void *context, int image, int y0, int y1) {
    (void)w;
    row_count *rows = context;
    assert_true(y0 % CONV_BAND == 0);
    for (int y = y0; y < y1; y++)
        rows->told[image * rows->h + y]++;
}

/* Of one instruction set. */
typedef struct engines {
    engine *one, *three; /* threads */
} engines;

typedef struct experiment {
    const engines *by;
    shape s;
    watched_tensor x, y, dy, dx, dx_before;
    watched weight, bias, dweight, dbias, dweight_before, dbias_before, scale, shift;
    conv_norm norm;
} experiment;

static watched random_floats(rng *r, size_t count) {
    watched w = watched_new(count, 0);
    fill_normal(r, w.data, count);
    return w;
}

static void experiment_new(const engines *by, const shape *s, rng *r, experiment *e) {
    int oh = conv_output_size(s->h, s->o.kh, &s->o), ow = conv_output_size(s->w, s->o.kw, &s->o);
    tensor x = s->dense_x ? tensor_dense(s->n, s->ic, s->h, s->w) : tensor_planar(s->n, s->ic, s->h, s->w);
    tensor y = s->dense_y ? tensor_dense(s->n, s->oc, oh, ow) : tensor_planar(s->n, s->oc, oh, ow);
    size_t weights = (size_t)(s->oc * s->ic * s->o.kh * s->o.kw), outputs = (size_t)s->oc, inputs = (size_t)s->ic;
    *e = (experiment){.by = by,
                      .s = *s,
                      .x = watched_tensor_new(&x, r),
                      .y = watched_tensor_new(&y, r),
                      .dy = watched_tensor_new(&y, r),
                      .dx = watched_tensor_new(&x, r),
                      .dx_before = watched_tensor_new(&x, r),
                      .weight = random_floats(r, weights),
                      .bias = random_floats(r, outputs),
                      .dweight = watched_new(weights, 0),
                      .dbias = watched_new(outputs, 0),
                      .dweight_before = random_floats(r, weights),
                      .dbias_before = random_floats(r, outputs),
                      .scale = random_floats(r, inputs),
                      .shift = random_floats(r, inputs)};
    e->norm = (conv_norm){e->scale.data, e->shift.data};
}

static void experiment_free(experiment *e) {
    watched_tensor *tensors[] = {&e->x, &e->y, &e->dy, &e->dx, &e->dx_before};
    watched *arrays[] = {&e->weight,         &e->bias,         &e->dweight, &e->dbias,
                         &e->dweight_before, &e->dbias_before, &e->scale,   &e->shift};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        watched_free(&tensors[i]->room);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        watched_free(arrays[i]);
}

typedef struct text {
    char text[160];
} text;

static text describe(const experiment *e, const way *w, const char *what) {
    text t;
    const conv_options *o = &e->s.o;
    snprintf(t.text, sizeof t.text, "%s, %s %s: %d x %d -> %d, %dx%d%s -> %dx%d%s, kernel %dx%d s%d p%d d%d",
             engine_kernels(e->by->one)->name, w->name, what, e->s.n, e->s.ic, e->s.oc, e->s.h, e->s.w,
             e->s.dense_x ? " dense" : "", e->y.t.h, e->y.t.w, e->s.dense_y ? " dense" : "", o->kh, o->kw, o->stride,
             o->padding, o->dilation);
    return t;
}

/* Rounding: 2^-24 of the sum of magnitudes, times a few for the way that sums are ordered; some 16 times as much for
 * Winograd's, whose transforms have factors of up to 2.5^2 and 2^2. */
static void compare(const double *got, const plain_result *expected, const text *where) {
    double limit = 128 * 0x1p-24 * plain_largest(expected);
    for (size_t i = 0; i < expected->count; i++)
        if (!(fabs(got[i] - expected->value[i]) <= limit))
            fail_msg("%s: %.9g at %zu, expected %.9g", where->text, got[i], i, expected->value[i]);
}

static void compare_array(const watched *got, const plain_result *expected, const text *where) {
    expect_watched(got, where->text);
    double *numbers = malloc(got->count * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < got->count; i++)
        numbers[i] = got->data[i];
    compare(numbers, expected, where);
    free(numbers);
}

static void compare_tensor(const watched_tensor *got, const plain_result *expected, const text *where) {
    expect_watched_tensor(got, where->text);
    watched dense = watched_new(expected->count, 0);
    tensor_to_array(&got->t, dense.data);
    compare_array(&dense, expected, where);
    watched_free(&dense);
}

/* What one run leaves. */
static void run(experiment *e, const way *w, engine *by) {
    const shape *s = &e->s;
    conv_options o = s->o;
    o.norm = s->norm && w->norm_and_hook ? &e->norm : NULL;
    watched scratch = watched_new(w->scratch(by, &e->x.t, &e->y.t, &o), NAN);
    row_count forward = {e->y.t.h, calloc((size_t)(s->n * e->y.t.h), 1)};
    row_count backward = {e->x.t.h, calloc((size_t)(s->n * e->x.t.h), 1)};
    assert_true(forward.told && backward.told);
    o.hook = &(conv_hook){count_rows, &forward};
    w->forward(by, &e->x.t, e->weight.data, s->bias ? e->bias.data : NULL, &o, s->relu, &e->y.t, scratch.data);
    watched_tensor_copy(&e->dx_before, &e->dx);
    o.hook = &(conv_hook){count_rows, &backward};
    w->input_gradient(by, &e->dy.t, e->weight.data, &o, s->accumulate, &e->dx.t, scratch.data);
    memcpy(e->dweight.data, e->dweight_before.data, e->dweight.count * sizeof(float));
    memcpy(e->dbias.data, e->dbias_before.data, e->dbias.count * sizeof(float));
    o.hook = NULL;
    w->weight_gradient(by, &e->x.t, &e->dy.t, &o, e->dweight.data, s->bias ? e->dbias.data : NULL, scratch.data);
    expect_watched(&scratch, describe(e, w, "scratch").text);
    for (int row = 0; w->norm_and_hook && row < s->n * e->y.t.h; row++)
        assert_int_equal(forward.told[row], 1);
    for (int row = 0; w->norm_and_hook && row < s->n * e->x.t.h; row++)
        assert_int_equal(backward.told[row], 1);
    free(forward.told);
    free(backward.told);
    watched_free(&scratch);
}

static void check_threads(experiment *e, const way *w) {
    watched *results[] = {&e->y.room, &e->dx.room, &e->dweight, &e->dbias};
    float *copies[4];
    for (int i = 0; i < 4; i++) {
        copies[i] = malloc(results[i]->count * sizeof(float));
        assert_non_null(copies[i]);
        memcpy(copies[i], results[i]->data, results[i]->count * sizeof(float));
    }
    run(e, w, e->by->three);
    for (int i = 0; i < 4; i++) {
        if (memcmp(copies[i], results[i]->data, results[i]->count * sizeof(float)) != 0)
            fail_msg("%s", describe(e, w, "depends on the number of threads").text);
        free(copies[i]);
    }
}

static void check_shape(const engines *by, const shape *s, rng *r, bool threads) {
    experiment e;
    experiment_new(by, s, r, &e);
    for (int norm = 0; norm < 2; norm++) {
        conv_options o = s->o;
        o.norm = norm && s->norm ? &e.norm : NULL;
        plain_result y = plain_forward(&e.x.t, e.weight.data, s->bias ? e.bias.data : NULL, &o, s->relu, &e.y.t);
        plain_result dx =
            plain_input_gradient(&e.dy.t, e.weight.data, &o, s->accumulate ? &e.dx_before.t : NULL, &e.dx.t);
        plain_result dweight = plain_weight_gradient(&e.x.t, &e.dy.t, &o, e.dweight_before.data);
        plain_result dbias = plain_bias_gradient(&e.dy.t, e.dbias_before.data);
        for (int i = 0; i < WAYS; i++) {
            const way *w = &ways[i];
            if (w->norm_and_hook != norm || !w->applies(s, &e.x.t, &e.y.t))
                continue;
            run(&e, w, by->one);
            text forward = describe(&e, w, "forward"), input = describe(&e, w, "input gradient");
            text weight = describe(&e, w, "weight gradient"), bias = describe(&e, w, "bias gradient");
            compare_tensor(&e.y, &y, &forward);
            compare_tensor(&e.dx, &dx, &input);
            compare_array(&e.dweight, &dweight, &weight);
            if (s->bias)
                compare_array(&e.dbias, &dbias, &bias);
            if (threads)
                check_threads(&e, w);
        }
        plain_free(&y);
        plain_free(&dx);
        plain_free(&dweight);
        plain_free(&dbias);
    }
    experiment_free(&e);
}

static void check_shapes(const engines *by) {
    for (int i = 0; i < TINY + SMALL + WIDE; i++) {
        rng r = rng_new(5, (uint64_t)i);
        shape s = draw_shape(&r, i);
        while (conv_output_size(s.h, s.o.kh, &s.o) < 1 || conv_output_size(s.w, s.o.kw, &s.o) < 1)
            s = draw_shape(&r, i);
        check_shape(by, &s, &r, i % 8 == 0);
    }
}

static void test_every_instruction_set(void **state) {
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512"};
    for (int i = 0; i < 3; i++) {
        if (!kernels_named(names[i]))
            continue;
        engines of_set;
        setenv("IRST_ISA", names[i], 1);
        assert_ok(engine_new(1, &of_set.one));
        assert_ok(engine_new(3, &of_set.three));
        unsetenv("IRST_ISA");
        check_shapes(&of_set);
        engine_free(of_set.one);
        engine_free(of_set.three);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_instruction_set)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
