/* The rate of a training over its steps. */
#include "tests/expect.h"
#include "tests/support.h"
#include "train/rules/schedule.h"
#include "train/train_config.h"

#include <stdio.h>

/* 4 epochs of 10 steps. */
static status read_schedule(const char *kind, const char *milestones, const char *warmup, schedule *out) {
    char kind_key[64], milestones_key[64], warmup_key[64];
    snprintf(kind_key, sizeof kind_key, "train.schedule=%s", kind);
    snprintf(warmup_key, sizeof warmup_key, "train.warmup=%s", warmup);
    snprintf(milestones_key, sizeof milestones_key, "train.milestones=%s", milestones);
    const char *overrides[] = {"data.root=x", "train.epochs=4", "train.learning_rate=1e-4",
                               kind_key,      milestones_key,   warmup_key};
    config *c;
    TRY(train_config_read(NULL, overrides, 6, &c));
    status result = schedule_read(c, 10, false, out);
    config_free(c);
    return result;
}

/* Of a step counted through all epochs. */
static double rate_at(const schedule *s, int64_t step) {
    return schedule_rate(s, step / s->steps_per_epoch, step % s->steps_per_epoch);
}

static void test_schedules(void **state) {
    (void)state;
    schedule s;
    assert_ok(read_schedule("poly", "200, 300", "0", &s));
    assert_true(rate_at(&s, 0) == 1e-4);
    assert_true(fabs(rate_at(&s, 1) - 9.77471614e-05) < 1e-12); /* as the reference's trace */
    assert_true(fabs(rate_at(&s, 19) - 5.59942424e-05) < 1e-12);
    assert_true(rate_at(&s, 39) > 0);
    assert_ok(read_schedule("constant", "1", "0", &s));
    assert_true(rate_at(&s, 0) == 1e-4 && rate_at(&s, 39) == 1e-4);
    assert_ok(read_schedule("steps", "1,3 , 7", "0", &s)); /* the third lies behind the end */
    assert_true(rate_at(&s, 9) == 1e-4);
    assert_true(fabs(rate_at(&s, 10) - 1e-5) < 1e-18 && fabs(rate_at(&s, 29) - 1e-5) < 1e-18);
    assert_true(fabs(rate_at(&s, 30) - 1e-6) < 1e-18 && fabs(rate_at(&s, 39) - 1e-6) < 1e-18);
}

/* Of 40 steps. */
static void test_schedules_with_warmup(void **state) {
    (void)state;
    schedule s;
    assert_ok(read_schedule("linear", "1", "0.1", &s));
    assert_near(rate_at(&s, 0), 1e-4 / 5, 1e-12);
    assert_near(rate_at(&s, 3), 1e-4 * 4 / 5, 1e-12);
    assert_near(rate_at(&s, 4), 1e-4, 1e-12);
    assert_near(rate_at(&s, 22), 0.5e-4, 1e-12);
    assert_near(rate_at(&s, 39), 1e-4 / 36, 1e-12);
    assert_ok(read_schedule("cosine", "1", "0", &s));
    assert_near(rate_at(&s, 0), 1e-4, 1e-12);
    assert_near(rate_at(&s, 10), 1e-4 * (1 + sqrt(0.5)) / 2, 1e-12);
    assert_near(rate_at(&s, 20), 0.5e-4, 1e-12);
    assert_ok(read_schedule("one_cycle", "1", "0", &s));                         /* up over 12 steps */
    assert_near(rate_at(&s, 0), 4e-6 + 96e-6 * (1 - cos(M_PI / 13)) / 2, 1e-12); /* from a 25th of 1e-4 */
    assert_near(rate_at(&s, 12), 1e-4, 1e-12);
    assert_near(rate_at(&s, 26), 0.5e-4, 1e-12);
    for (int step = 1; step < 40; step++)
        assert_true((rate_at(&s, step) > rate_at(&s, step - 1)) == (step <= 12));
}

/* Two epochs of 10 steps on crops with a quarter of the pixels, two on whole images: 25 in work. */
static void test_schedule_goes_by_work(void **state) {
    (void)state;
    static const char *const overrides[] = {
        "data.root=x",           "data.size=256",  "train.epochs=4",     "train.crop_epochs=2",   "train.crop_size=128",
        "train.schedule=linear", "train.warmup=0", "train.milestones=3", "train.learning_rate=1",
    };
    config *c;
    schedule s;
    assert_ok(train_config_read(NULL, (const char *const *)overrides, sizeof overrides / sizeof *overrides, &c));
    assert_ok(schedule_read(c, 10, false, &s));
    config_free(c);
    assert_near(rate_at(&s, 0), 1, 1e-12);
    assert_near(rate_at(&s, 20), 0.8, 1e-12);
    assert_near(rate_at(&s, 39), 1.0 / 25, 1e-12);
    assert_near(s.milestones[0], 15, 1e-12);
}

static void test_bad_milestones(void **state) {
    (void)state;
    static const char *const bad[] = {"", "300, 200", "0", "-1", "10;20", "10,", "ten", "1,2,3,4,5,6,7,8,9", "1.5"};
    schedule s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(read_schedule("steps", bad[i], "0", &s), STATUS_USAGE, "train.milestones", "200, 300");
    assert_fails(read_schedule("triangle", "1", "0", &s), STATUS_USAGE, "train.schedule",
                 "poly, linear, cosine, constant, steps, one_cycle");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_schedules_with_warmup),
        cmocka_unit_test(test_schedule_goes_by_work),
        cmocka_unit_test(test_bad_milestones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
