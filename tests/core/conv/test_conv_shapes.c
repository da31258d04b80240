/* Convolutions of thousands of random shapes, by each strategy of conv.def that applies to them and by the one that a
 * plan chooses, against plain sums in double, with every instruction set that this processor has. Memory around each
 * tensor and after the scratch is watched, scratch begins as NaN, and some of the shapes run with several numbers of
 * threads, whose results must be the same bits. */
#include "core/conv/conv_strategy.h"
#include "core/tensor/kernels.h"
#include "tests/core/conv/plain_conv.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TINY = 1500, SMALL = 500, WIDE = 60, BROAD = 16, NARROW = 40 };

typedef struct shape {
    int n, ic, oc, h, w;
    conv_options o;
    bool dense_x, dense_y, relu, bias, accumulate;
} shape;

static int between(rng *r, int low, int high) {
    return low + (int)rng_below(r, (uint32_t)(high - low + 1));
}

static bool chance(rng *r) {
    return rng_below(r, 2) == 0;
}

static shape draw_shape(rng *r, int index) {
    shape s = {.n = between(r, 1, 2), .o = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1}};
    if (index >= TINY + SMALL + WIDE + BROAD) { /* many channels, dilated: tiles of several images at once */
        s.n = between(r, 1, 5), s.ic = between(r, 1, 50), s.oc = between(r, 1, 50);
        s.h = between(r, 1, 48), s.w = between(r, 1, 32);
        s.o.padding = s.o.dilation = chance(r) ? 1 : between(r, 1, 8);
    } else if (index >= TINY + SMALL + WIDE) { /* kernels that are wide themselves */
        s.n = between(r, 1, 2), s.ic = between(r, 1, 3), s.oc = between(r, 1, 3);
        s.h = between(r, 1, 70), s.w = between(r, 1, 70);
        s.o.kh = between(r, 7, 17), s.o.kw = chance(r) ? s.o.kh : between(r, 7, 17), s.o.padding = between(r, 0, 9);
    } else if (index < TINY) {
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
    s.o.normalised = chance(r), s.relu = chance(r), s.bias = chance(r), s.accumulate = chance(r), s.o.exact = chance(r);
    return s;
}

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

static text describe(const experiment *e, const char *strategy, const char *what) {
    text t;
    const conv_options *o = &e->s.o;
    snprintf(t.text, sizeof t.text, "%s, %s %s: %d x %d -> %d, %dx%d%s -> %dx%d%s, kernel %dx%d s%d p%d d%d",
             engine_kernels(e->by->one)->name, strategy, what, e->s.n, e->s.ic, e->s.oc, e->s.h, e->s.w,
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

static void expect_each_row(const row_count *rows, int images, const char *where) {
    for (int row = 0; row < images * rows->h; row++)
        if (rows->told[row] != 1)
            fail_msg("%s: row %d was told of %d times", where, row, rows->told[row]);
}

/* What one run of a plan leaves; of the directions that it has. */
static void run(experiment *e, conv_plan *plan, engine *by, const char *strategy) {
    const shape *s = &e->s;
    const conv_norm *norm = s->o.normalised ? &e->norm : NULL;
    watched scratch = watched_new(plan->scratch, NAN);
    row_count forward = {e->y.t.h, calloc((size_t)(s->n * e->y.t.h), 1)};
    row_count backward = {e->x.t.h, calloc((size_t)(s->n * e->x.t.h), 1)};
    assert_true(forward.told && backward.told);
    const conv_hook on_y = {count_rows, &forward}, on_dx = {count_rows, &backward};
    const conv_run there = {.engine = by, .scratch = scratch.data, .norm = norm, .hook = &on_y},
                   back = {.engine = by, .scratch = scratch.data, .hook = &on_dx};
    const conv_run sums = {.engine = by, .scratch = scratch.data, .norm = norm};
    if (plan->by[CONV_FORWARD]) {
        conv_forward(plan, &there, &e->x.t, e->weight.data, s->bias ? e->bias.data : NULL, s->relu, &e->y.t);
        expect_each_row(&forward, s->n, describe(e, strategy, "forward").text);
    }
    watched_tensor_copy(&e->dx_before, &e->dx);
    if (plan->by[CONV_INPUT_GRADIENT]) {
        conv_input_gradient(plan, &back, &e->dy.t, e->weight.data, s->accumulate, &e->dx.t);
        expect_each_row(&backward, s->n, describe(e, strategy, "input gradient").text);
    }
    memcpy(e->dweight.data, e->dweight_before.data, e->dweight.count * sizeof(float));
    memcpy(e->dbias.data, e->dbias_before.data, e->dbias.count * sizeof(float));
    if (plan->by[CONV_WEIGHT_GRADIENT])
        conv_weight_gradient(plan, &sums, &e->x.t, &e->dy.t, e->dweight.data, s->bias ? e->dbias.data : NULL);
    expect_watched(&scratch, describe(e, strategy, "scratch").text);
    watched_free(&scratch);
    free(forward.told);
    free(backward.told);
}

/* The same by three threads. */
static void check_threads(experiment *e, conv_plan *plan, const char *strategy) {
    watched *results[] = {&e->y.room, &e->dx.room, &e->dweight, &e->dbias};
    float *copies[4];
    for (int i = 0; i < 4; i++) {
        copies[i] = malloc(results[i]->count * sizeof(float));
        assert_non_null(copies[i]);
        memcpy(copies[i], results[i]->data, results[i]->count * sizeof(float));
    }
    conv_plan wider = conv_plan_by(e->by->three, &plan->task, plan->by);
    run(e, &wider, e->by->three, strategy);
    for (int i = 0; i < 4; i++) {
        if (memcmp(copies[i], results[i]->data, results[i]->count * sizeof(float)) != 0)
            fail_msg("%s", describe(e, strategy, "depends on the number of threads").text);
        free(copies[i]);
    }
}

typedef struct oracle {
    plain_result y, dx, dweight, dbias;
} oracle;

static oracle oracle_of(const experiment *e) {
    const shape *s = &e->s;
    const conv_norm *norm = s->o.normalised ? &e->norm : NULL;
    const float *bias = s->bias ? e->bias.data : NULL;
    return (oracle){
        plain_forward(&e->x.t, norm, e->weight.data, bias, &s->o, s->relu, &e->y.t),
        plain_input_gradient(&e->dy.t, e->weight.data, &s->o, s->accumulate ? &e->dx_before.t : NULL, &e->dx.t),
        plain_weight_gradient(&e->x.t, norm, &e->dy.t, &s->o, e->dweight_before.data),
        plain_bias_gradient(&e->dy.t, e->dbias_before.data),
    };
}

static void check_plan(experiment *e, const oracle *expected, conv_plan plan, const char *strategy, bool threads) {
    run(e, &plan, e->by->one, strategy);
    text forward = describe(e, strategy, "forward"), input = describe(e, strategy, "input gradient");
    text weight = describe(e, strategy, "weight gradient"), bias = describe(e, strategy, "bias gradient");
    if (plan.by[CONV_FORWARD])
        compare_tensor(&e->y, &expected->y, &forward);
    if (plan.by[CONV_INPUT_GRADIENT])
        compare_tensor(&e->dx, &expected->dx, &input);
    if (plan.by[CONV_WEIGHT_GRADIENT])
        compare_array(&e->dweight, &expected->dweight, &weight);
    if (plan.by[CONV_WEIGHT_GRADIENT] && e->s.bias)
        compare_array(&e->dbias, &expected->dbias, &bias);
    if (threads)
        check_threads(e, &plan, strategy);
}

static void check_shape(const engines *by, const shape *s, rng *r, bool threads) {
    experiment e;
    experiment_new(by, s, r, &e);
    oracle expected = oracle_of(&e);
    conv_plan chosen = conv_plan_new(by->one, &e.x.t, &e.y.t, &s->o, true);
    check_plan(&e, &expected, chosen, "chosen", threads);
    for (const conv_strategy *const *strategy = conv_strategies; *strategy; strategy++) {
        const conv_strategy *of_all[CONV_DIRECTIONS];
        for (conv_direction d = CONV_FORWARD; d < CONV_DIRECTIONS; d++)
            of_all[d] = (*strategy)->applies(d, &chosen.task) ? *strategy : NULL;
        check_plan(&e, &expected, conv_plan_by(by->one, &chosen.task, of_all), (*strategy)->name, threads);
    }
    plain_free(&expected.y);
    plain_free(&expected.dx);
    plain_free(&expected.dweight);
    plain_free(&expected.dbias);
    experiment_free(&e);
}

static void check_shapes(const engines *by, int first, int step) {
    for (int i = first; i < TINY + SMALL + WIDE + BROAD + NARROW; i += step) {
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
    const int step = is_sanitized() ? 6 : 1; /* slow there: every second shape, by one set of kernels */
    for (int i = 0; i < 3; i++) {
        if (!kernels_named(names[i]))
            continue;
        engines of_set;
        setenv("IRST_ISA", names[i], 1);
        assert_ok(engine_new(1, &of_set.one));
        assert_ok(engine_new(3, &of_set.three));
        unsetenv("IRST_ISA");
        check_shapes(&of_set, i % step, step);
        engine_free(of_set.one);
        engine_free(of_set.three);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_instruction_set)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
