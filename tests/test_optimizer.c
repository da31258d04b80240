/* Optimizers against PyTorch's (scripts/make_training_golden.py) and against their formulas; schedules. */
#include "core/runtime.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/train_config.h"

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
    assert_ok(optimizer_new(&set, options, &o));
    double largest[ELEMENTS] = {0};
    for (int step = 0; step < STEPS; step++) {
        memcpy(p->grad, gradients + step * ELEMENTS, ELEMENTS * sizeof *gradients);
        optimizer_step(&o, rate);
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
        optimizer_options options = {optimizer_find(names[i]), .momentum = s[0], .weight_decay = s[1]};
        assert_non_null(options.rule);
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
        assert_ok(optimizer_new(&set, &(optimizer_options){.rule = rules[r], .momentum = 0.5}, &o));
        double m[2] = {0}, v[2] = {0}, value[2] = {1, 0};
        for (int t = 1; t <= 2; t++) {
            p->grad[0] = (float)g[t - 1][0];
            p->grad[COUNT - 1] = (float)g[t - 1][1];
            optimizer_step(&o, 1e-2);
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

static void test_names(void **state) {
    (void)state;
    assert_ptr_equal(optimizer_find("adagrad"), &optimizer_adagrad);
    assert_null(optimizer_find("lion"));
    expect_message("lion", "optimizer");
}

static status read_schedule(const char *kind, const char *milestones, schedule *out) {
    char kind_key[64], milestones_key[64];
    snprintf(kind_key, sizeof kind_key, "train.schedule=%s", kind);
    snprintf(milestones_key, sizeof milestones_key, "train.milestones=%s", milestones);
    const char *overrides[] = {"data.root=x", "train.epochs=4", "train.learning_rate=1e-4", kind_key, milestones_key};
    config *c;
    TRY(train_config_read(NULL, overrides, 5, &c));
    status result = schedule_read(c, 10, out);
    config_free(c);
    return result;
}

static void test_schedules(void **state) {
    (void)state;
    schedule s;
    assert_ok(read_schedule("poly", "200, 300", &s));
    assert_true(schedule_rate(&s, 0) == 1e-4);
    assert_true(fabs(schedule_rate(&s, 1) - 9.77471614e-05) < 1e-12); /* as the reference's trace */
    assert_true(fabs(schedule_rate(&s, 19) - 5.59942424e-05) < 1e-12);
    assert_true(schedule_rate(&s, 39) > 0);
    assert_ok(read_schedule("constant", "1", &s));
    assert_true(schedule_rate(&s, 0) == 1e-4 && schedule_rate(&s, 39) == 1e-4);
    assert_ok(read_schedule("steps", "1,3 , 7", &s)); /* the third lies behind the end */
    assert_true(schedule_rate(&s, 9) == 1e-4);
    assert_true(fabs(schedule_rate(&s, 10) - 1e-5) < 1e-18 && fabs(schedule_rate(&s, 29) - 1e-5) < 1e-18);
    assert_true(fabs(schedule_rate(&s, 30) - 1e-6) < 1e-18 && fabs(schedule_rate(&s, 39) - 1e-6) < 1e-18);
}

static void test_bad_milestones(void **state) {
    (void)state;
    static const char *const bad[] = {"", "300, 200", "0", "-1", "10;20", "10,", "ten", "1,2,3,4,5,6,7,8,9", "1.5"};
    schedule s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(read_schedule("steps", bad[i], &s), STATUS_USAGE, "train.milestones", "200, 300");
    assert_fails(read_schedule("cosine", "1", &s), STATUS_USAGE, "train.schedule", "poly, constant, steps");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_to_pytorch), cmocka_unit_test(test_formulas),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_schedules),        cmocka_unit_test(test_bad_milestones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
