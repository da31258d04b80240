/* Optimizers against PyTorch's (scripts/make_training_golden.py) and against their formulas. */
#include "core/base/rng.h"
#include "core/linalg/linalg.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"
#include "train/optimizer.h"
#include "train/rules/average.h"

#include <math.h>
#include <stdlib.h>

#define GOLDEN "tests/golden/training.h5"

enum { ELEMENTS = 24, STEPS = 12, SETTINGS = 3 };

static void *read_golden(const h5_file *file, const char *name, h5_type type, size_t expected) {
    void *values;
    size_t count;
    assert_ok(golden_read(file, name, type, &values, &count));
    assert_int_equal(count, expected);
    return values;
}

/* Steps from `start`; after each, the value against `expected`. A step rounds a value a few times, in an order that
 * a compiler may change: half a unit in the last place for each. */
static void follow(const optimizer_options *options, double rate, const float *start, const float *gradients,
                   const float *expected) {
    parameter_set set = {0};
    optimizer o;
    parameter *p = parameter_add(&set, PARAMETER_TRAINED, 1, (int[]){ELEMENTS}, "p");
    assert_non_null(p);
    assert_non_null(parameter_add(&set, PARAMETER_STATISTIC, 1, (int[]){3}, "s")); /* stays as it is */
    memcpy(p->value, start, ELEMENTS * sizeof *start);
    assert_ok(optimizer_new(test_engine(), &set, options, &o));
    double largest[ELEMENTS] = {0};
    for (int step = 0; step < STEPS; step++) {
        memcpy(p->grad, gradients + step * ELEMENTS, ELEMENTS * sizeof *gradients);
        optimizer_step(&o, rate, 0);
        for (int i = 0; i < ELEMENTS; i++) {
            double wanted = expected[step * ELEMENTS + i];
            largest[i] = fmax(largest[i], fmax(fabs(wanted), fabs(start[i])));
            if (!(fabs(p->value[i] - wanted) <= 4 * (step + 1) * 0x1p-24 * largest[i]))
                fail_msg("%s, step %d, element %d: %.9g, expected %.9g", options->rule->name, step + 1, i, p->value[i],
                         wanted);
        }
    }
    assert_int_equal(o.step, STEPS);
    assert_true(set.items[1]->value[0] == 0);
    optimizer_free(&o);
    parameter_set_free(&set);
}

static void test_equal_to_pytorch(void **state) {
    (void)state;
    h5_file *file;
    char **names;
    int count;
    assert_ok(h5_open(GOLDEN, &file));
    assert_ok(h5_read_strings(file, "optimizer/name", &names, &count));
    assert_true(count >= 7);
    double *settings = read_golden(file, "optimizer/settings", H5_FLOAT64, (size_t)count * SETTINGS);
    float *start = read_golden(file, "optimizer/start", H5_FLOAT32, ELEMENTS);
    float *gradients = read_golden(file, "optimizer/gradients", H5_FLOAT32, STEPS * ELEMENTS);
    float *values = read_golden(file, "optimizer/values", H5_FLOAT32, (size_t)count * STEPS * ELEMENTS);
    for (int i = 0; i < count; i++) {
        const double *s = settings + SETTINGS * i;
        optimizer_options options = optimizer_defaults(optimizer_find(names[i]));
        assert_non_null(options.rule);
        options.momentum = s[0];
        options.weight_decay = s[1];
        follow(&options, s[2], start, gradients, values + i * STEPS * ELEMENTS);
        free(names[i]);
    }
    free(names);
    free(settings);
    free(start);
    free(gradients);
    free(values);
    h5_close(file);
}

/* Two steps by hand, on the first and the last of more elements than a thread takes at a time. */
static void test_formulas(void **state) {
    (void)state;
    enum { COUNT = 100001 };
    static const double g[2][2] = {{0.5, -2e-4}, {-1, 3e-4}};
    const optimizer_rule *const rules[] = {&optimizer_adam, &optimizer_sgd, &optimizer_adagrad};
    for (int r = 0; r < 3; r++) {
        parameter_set set = {0};
        optimizer o;
        parameter *p = parameter_add(&set, PARAMETER_TRAINED, 1, (int[]){COUNT}, "p");
        assert_non_null(p);
        p->value[0] = 1;
        optimizer_options options = optimizer_defaults(rules[r]);
        options.momentum = 0.5;
        assert_ok(optimizer_new(test_engine(), &set, &options, &o));
        double m[2] = {0}, v[2] = {0}, value[2] = {1, 0};
        for (int t = 1; t <= 2; t++) {
            p->grad[0] = (float)g[t - 1][0];
            p->grad[COUNT - 1] = (float)g[t - 1][1];
            optimizer_step(&o, 1e-2, 0);
            for (int i = 0; i < 2; i++) {
                double grad = g[t - 1][i];
                m[i] = r == 0 ? 0.9 * m[i] + 0.1 * grad : 0.5 * m[i] + grad;
                v[i] = r == 0 ? 0.999 * v[i] + 0.001 * grad * grad : v[i] + grad * grad;
                const double step[] = {m[i] / (1 - pow(0.9, t)) / (sqrt(v[i]) / sqrt(1 - pow(0.999, t)) + 1e-8), m[i],
                                       grad / (sqrt(v[i]) + 1e-10)};
                value[i] -= 1e-2 * step[r];
            }
            /* float32 of values around 1 */
            assert_true(fabs(p->value[0] - value[0]) < 16 * 0x1p-24);
            assert_true(fabs(p->value[COUNT - 1] - value[1]) < 16 * 0x1p-24);
            assert_true(p->value[COUNT / 2] == 0);
        }
        optimizer_free(&o);
        parameter_set_free(&set);
    }
}

/* --- AdamW and Muon, by their formulas in double precision --- */

/* A convolution's weight, its bias, and a tall one, with other values for each `seed`. */
typedef struct small_network {
    parameter_set set;
    parameter *wide, *bias, *tall;
} small_network;

static void fill(float *values, size_t count, uint64_t stream) {
    rng r = rng_new(7, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_normal(&r);
}

static small_network network_new(void) {
    small_network n = {0};
    n.wide = parameter_add(&n.set, PARAMETER_TRAINED, 4, (int[]){4, 3, 3, 3}, "decos.0.conv.weight");
    n.bias = parameter_add(&n.set, PARAMETER_TRAINED, 1, (int[]){4}, "decos.0.conv.bias");
    n.tall = parameter_add(&n.set, PARAMETER_TRAINED, 4, (int[]){8, 2, 1, 1}, "decos.1.conv.weight");
    assert_true(n.wide && n.bias && n.tall);
    for (int i = 0; i < n.set.count; i++)
        fill(n.set.items[i]->value, n.set.items[i]->count, (uint64_t)i);
    return n;
}

static void fill_gradients(small_network *n, int step) {
    for (int i = 0; i < n->set.count; i++)
        fill(n->set.items[i]->grad, n->set.items[i]->count, (uint64_t)(100 * step + i));
}

static double adamw_reference(double value, const double *gradients, int steps, double rate, double decay) {
    double m = 0, v = 0;
    for (int t = 1; t <= steps; t++) {
        double g = gradients[t - 1];
        value *= 1 - rate * decay;
        m = 0.8 * m + 0.2 * g;
        v = 0.95 * v + 0.05 * g * g;
        value -= rate * m / (1 - pow(0.8, t)) / (sqrt(v / (1 - pow(0.95, t))) + 1e-6);
    }
    return value;
}

static void test_adamw(void **state) {
    (void)state;
    enum { COUNT_STEPS = 3 };
    small_network n = network_new();
    optimizer o;
    optimizer_options options = optimizer_defaults(&optimizer_adamw);
    options.beta1 = 0.8;
    options.beta2 = 0.95;
    options.epsilon = 1e-6;
    options.weight_decay = 0.1;
    options.decay_weights_only = true;
    options.balanced = true;
    n.tall->gain = 4;
    assert_ok(parameter_values_read("*.1.*:40", "train.rates", 0, &options.rates));
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    double gradients[3][COUNT_STEPS], start[3];
    for (int i = 0; i < 3; i++)
        start[i] = n.set.items[i]->value[1];
    for (int t = 0; t < COUNT_STEPS; t++) {
        fill_gradients(&n, t);
        for (int i = 0; i < 3; i++)
            gradients[i][t] = n.set.items[i]->grad[1];
        optimizer_step(&o, 1e-2, optimizer_gradient_norm(&o));
    }
    assert_near(n.wide->value[1], adamw_reference(start[0], gradients[0], COUNT_STEPS, 1e-2, 0.1), 1e-6);
    assert_near(n.bias->value[1], adamw_reference(start[1], gradients[1], COUNT_STEPS, 1e-2, 0), 1e-6);
    assert_near(n.tall->value[1], adamw_reference(start[2], gradients[2], COUNT_STEPS, 1e-1, 0.1), 1e-6);
    optimizer_free(&o);
    parameter_set_free(&n.set);
}

/* The warm-up's rates weigh less in x. */
static void test_schedule_free(void **state) {
    (void)state;
    static const double rates[] = {5e-3, 1e-2, 1e-2};
    small_network n = network_new();
    optimizer o;
    optimizer_options options = optimizer_defaults(&optimizer_schedule_free);
    options.weight_decay = 0.1;
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    double y = n.wide->value[1], z = y, x = y, v = 0, weights = 0;
    for (int t = 1; t <= 3; t++) {
        fill_gradients(&n, t);
        double g = n.wide->grad[1], c = rates[t - 1] * rates[t - 1];
        weights += c;
        v = 0.999 * v + 0.001 * g * g;
        z -= rates[t - 1] * (g / (sqrt(v / (1 - pow(0.999, t))) + 1e-8) + 0.1 * y);
        x = (1 - c / weights) * x + c / weights * z;
        y = 0.1 * z + 0.9 * x;
        optimizer_step(&o, rates[t - 1], 0);
    }
    assert_near(n.wide->value[1], y, 1e-6);
    assert_near(optimizer_average(&o)[0][1], x, 1e-6);
    optimizer_free(&o);
    parameter_set_free(&n.set);
}

/* What the loss does not depend on stays, and takes its first step when it does as if it were the first of all. */
static void test_idle_parameters(void **state) {
    (void)state;
    static const optimizer_rule *const tried[] = {&optimizer_adam, &optimizer_adamw,   &optimizer_muon,
                                                  &optimizer_sgd,  &optimizer_adagrad, &optimizer_schedule_free};
    for (size_t r = 0; r < sizeof tried / sizeof *tried; r++) {
        small_network late = network_new(), fresh = network_new();
        optimizer o, p;
        optimizer_options options = optimizer_defaults(tried[r]);
        options.weight_decay = 0.1;
        assert_ok(optimizer_new(test_engine(), &late.set, &options, &o));
        assert_ok(optimizer_new(test_engine(), &fresh.set, &options, &p));
        late.wide->idle = late.bias->idle = true;
        float wide = late.wide->value[1], bias = late.bias->value[1];
        for (int t = 1; t <= 5; t++)
            optimizer_step(&o, 1e-2, 0);
        assert_true(late.wide->value[1] == wide && late.bias->value[1] == bias);
        if (optimizer_average(&o))
            assert_true(optimizer_average(&o)[0][1] == wide);
        late.wide->idle = late.bias->idle = false;
        fill_gradients(&late, 1);
        fill_gradients(&fresh, 1);
        optimizer_step(&o, 1e-2, 0);
        optimizer_step(&p, 1e-2, 0);
        assert_true(late.wide->value[1] != wide && late.bias->value[1] != bias);
        if (!optimizer_average(&o)) { /* whose share in an average goes by all steps of the run */
            assert_true(late.wide->value[1] == fresh.wide->value[1]);
            assert_true(late.bias->value[1] == fresh.bias->value[1]);
        }
        optimizer_free(&o);
        optimizer_free(&p);
        parameter_set_free(&late.set);
        parameter_set_free(&fresh.set);
    }
}

/* What the five steps make of a singular value. */
static double newton_schulz(double x) {
    for (int i = 0; i < 5; i++)
        x = 3.4445 * x - 4.7750 * pow(x, 3) + 2.0315 * pow(x, 5);
    return x;
}

/* sum_k f(s_k / ||s||) u_k v_k^T of u (rows x columns), by a singular value decomposition: u_k s_k = M v_k. */
static void orthogonalise(int rows, int columns, const double *M, double *out) {
    enum { MOST = 32 };
    double a[MOST * MOST], s[MOST], vt[MOST * MOST], norm = 0;
    bool wide = columns > rows;
    int m = wide ? columns : rows, n = wide ? rows : columns;
    void *work = malloc(linalg_right_vectors_bytes(m, n));
    for (int r = 0; r < m; r++) /* the tall one of M and its transpose, column-major */
        for (int c = 0; c < n; c++)
            a[c * m + r] = wide ? M[c * columns + r] : M[r * columns + c];
    assert_ok(linalg_right_vectors(m, n, a, s, vt, work));
    free(work);
    for (int k = 0; k < n; k++)
        norm += s[k] * s[k];
    norm = sqrt(norm);
    for (int r = 0; r < m; r++)
        for (int c = 0; c < n; c++) {
            double sum = 0;
            for (int k = 0; k < n; k++) {
                double left = 0; /* u_k of row r */
                for (int i = 0; i < n; i++)
                    left += (wide ? M[i * columns + r] : M[r * columns + i]) * vt[i * n + k] / s[k];
                sum += newton_schulz(s[k] / norm) * left * vt[c * n + k];
            }
            out[wide ? c * columns + r : r * columns + c] = sum;
        }
}

static void expect_muon(const parameter *p, const float *start, const float *m0, double rate) {
    double u[256], direction[256];
    int rows = p->shape[0], columns = (int)p->count / rows;
    for (size_t i = 0; i < p->count; i++) {
        double m = 0.9 * m0[i] + p->grad[i];
        u[i] = p->grad[i] + 0.9 * m;
    }
    orthogonalise(rows, columns, u, direction);
    for (size_t i = 0; i < p->count; i++)
        assert_near(p->value[i], start[i] - rate * 0.2 * sqrt(fmax(rows, columns)) * direction[i], 2e-5);
}

/* The second of two steps: momentum is in it. A gradient of zeros leaves a weight where it is, but for its decay. */
static void test_muon(void **state) {
    (void)state;
    small_network n = network_new();
    optimizer o;
    float wide[256], tall[256], m_wide[256], m_tall[256];
    optimizer_options options = optimizer_defaults(&optimizer_muon);
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    fill_gradients(&n, 1);
    optimizer_step(&o, 1e-2, 0);
    memcpy(wide, n.wide->value, n.wide->count * sizeof *wide);
    memcpy(tall, n.tall->value, n.tall->count * sizeof *tall);
    memcpy(m_wide, o.memory[0][0], n.wide->count * sizeof *wide);
    memcpy(m_tall, o.memory[0][2], n.tall->count * sizeof *tall);
    fill_gradients(&n, 2);
    optimizer_step(&o, 1e-2, 0);
    expect_muon(n.wide, wide, m_wide, 1e-2);
    expect_muon(n.tall, tall, m_tall, 1e-2);
    optimizer_free(&o);
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    memcpy(wide, n.wide->value, n.wide->count * sizeof *wide);
    memset(n.wide->grad, 0, n.wide->count * sizeof *wide);
    optimizer_step(&o, 1e-2, 0);
    assert_memory_equal(wide, n.wide->value, n.wide->count * sizeof *wide);
    optimizer_free(&o);
    options.weight_decay = 0.5;
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    optimizer_step(&o, 1e-2, 0);
    for (size_t i = 0; i < n.wide->count; i++)
        assert_near(n.wide->value[i], 0.995 * wide[i], 1e-6);
    optimizer_free(&o);
    parameter_set_free(&n.set);
}

/* One step of plain descent shows the gradient that was taken. */
static void test_clipping_and_freezing(void **state) {
    (void)state;
    small_network n = network_new();
    optimizer o;
    optimizer_options options = optimizer_defaults(&optimizer_sgd);
    options.momentum = 0;
    options.clip_norm = 2;
    assert_ok(parameter_patterns_read("decos.1.*", "train.freeze", &options.frozen));
    assert_ok(optimizer_new(test_engine(), &n.set, &options, &o));
    fill_gradients(&n, 1);
    double squares = 0, before = n.wide->value[5], frozen = n.tall->value[5];
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < n.set.items[i]->count; k++)
            squares += (double)n.set.items[i]->grad[k] * n.set.items[i]->grad[k];
    double norm = optimizer_gradient_norm(&o);
    assert_near(norm, sqrt(squares), 1e-9);
    assert_true(norm > 4);
    optimizer_step(&o, 0.5, norm);
    assert_near(n.wide->value[5], before - 0.5 * n.wide->grad[5] * 2 / norm, 1e-6);
    assert_true(n.tall->value[5] == frozen);
    before = n.wide->value[5];
    optimizer_step(&o, 0.5, 1.5); /* below the limit: as it is */
    assert_near(n.wide->value[5], before - 0.5 * n.wide->grad[5], 1e-6);
    optimizer_free(&o);
    parameter_set_free(&n.set);
}

static void test_parameter_names(void **state) {
    (void)state;
    parameter_values rates;
    parameter_patterns patterns;
    small_network n = network_new();
    assert_ok(parameter_values_read(" *.epsilon:10 , *.0.*:0.5,*bias:2", "train.rates", 0, &rates));
    assert_int_equal(rates.names.count, 3);
    assert_true(*parameter_values_find(&rates, "decos.1.sparse.epsilon") == 10);
    assert_true(*parameter_values_find(&rates, "decos.0.conv.bias") == 2); /* the last one that matches */
    assert_null(parameter_values_find(&rates, "decos.1.conv.weight"));
    assert_ok(parameter_values_read("*.bias:-2", "train.start", -5, &rates));
    assert_true(rates.value[0] == -2);
    char many[17 * 4 + 1] = "";
    for (int i = 0; i < 17; i++)
        memcpy(many + 4 * i, "a:1,", 4);
    assert_fails(parameter_values_read(many, "train.rates", 0, &rates), STATUS_USAGE, "train.rates", "up to 16 names");
    static const char *const bad[] = {"*.bias", "*.bias:", ":2", "*.bias:-1", "*.bias:2x", "*.bias:nan", "a:1,,b:2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(parameter_values_read(bad[i], "train.rates", 0, &rates), STATUS_USAGE, "train.rates", "expected");
    assert_ok(parameter_patterns_read("", "train.freeze", &patterns));
    assert_false(parameter_patterns_match(&patterns, "decos.0.conv.bias"));
    optimizer o;
    optimizer_options options = optimizer_defaults(&optimizer_adam);
    assert_ok(parameter_patterns_read("deco.*", "train.freeze", &options.frozen));
    assert_fails(optimizer_new(test_engine(), &n.set, &options, &o), STATUS_USAGE, "train.freeze", "'deco.*'");
    parameter_set_free(&n.set);
}

/* The first steps count more than the decay says; counters are not averaged. */
static void test_average(void **state) {
    (void)state;
    parameter_set set = {0};
    average a;
    parameter *p = parameter_add(&set, PARAMETER_TRAINED, 1, (int[]){2}, "p");
    parameter *counter = parameter_add(&set, PARAMETER_COUNTER, 0, NULL, "c");
    p->value[0] = 1;
    assert_ok(average_new(test_engine(), &set, 0.5, &a));
    double expected = 1;
    for (int step = 1; step <= 20; step++) {
        double keep = fmin(0.5, step / (step + 10.0));
        p->value[0] = (float)step;
        counter->value[0] = (float)step;
        expected = keep * expected + (1 - keep) * step;
        average_add(&a, NULL);
    }
    average_swap(&a);
    assert_near(p->value[0], expected, 1e-5);
    assert_true(counter->value[0] == 20);
    average_swap(&a);
    assert_true(p->value[0] == 20);
    average_free(&a);
    parameter_set_free(&set);
}

static void test_names(void **state) {
    (void)state;
    assert_ptr_equal(optimizer_find("adagrad"), &optimizer_adagrad);
    assert_null(optimizer_find("lion"));
    expect_message("lion", "optimizer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_to_pytorch),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_muon),
        cmocka_unit_test(test_schedule_free),
        cmocka_unit_test(test_idle_parameters),
        cmocka_unit_test(test_clipping_and_freezing),
        cmocka_unit_test(test_parameter_names),
        cmocka_unit_test(test_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
