/* The state of a training in last.h5: written and read back, and refused where no training can stand like that. */
#include "tests/expect.h"
#include "tests/support.h"
#include "train/train_config.h"
#include "train/train_state.h"

#include <hdf5.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const settings[] = {"model.stages=1", "model.bottleneck_channels=2", "model.total_channels=4",
                                       "model.se_reduction=2", "data.root=nowhere"};

/* What a training has at hand when it saves or resumes. */
static struct {
    config *c;
    detector *d;
    optimizer o;
    average a;
} run;
static char path[4096];

static int begin(void **state) {
    (void)state;
    optimizer_options options = optimizer_defaults(&optimizer_adam);
    snprintf(path, sizeof path, "%s", scratch_path("last.h5"));
    assert_ok(train_config_read(NULL, settings, sizeof settings / sizeof *settings, &run.c));
    assert_ok(detector_new(test_engine(), run.c, 1, &run.d));
    assert_ok(optimizer_new(test_engine(), detector_parameters(run.d), &options, &run.o));
    return average_new(test_engine(), detector_parameters(run.d), 0.9, &run.a) != STATUS_OK;
}

static int end(void **state) {
    (void)state;
    average_free(&run.a);
    optimizer_free(&run.o);
    detector_free(run.d);
    config_free(run.c);
    return 0;
}

/* In the middle of epoch 3. */
static train_state some_state(void) {
    return (train_state){.epoch = 2,
                         .batch = 3,
                         .step = 13,
                         .best_score = 0.5,
                         .best_epoch = 1,
                         .selection = "miou",
                         .idle_evaluations = 1,
                         .epoch_steps = 3,
                         .norm_sum = 1.5,
                         .loss_sums = {4, 3, NAN},
                         .images = 12,
                         .cost = {.epochs = 2, .processor_seconds = 90, .processors = "a processor"},
                         .train = {.images = 20, .checksum = UINT32_MAX},
                         .validation = {.images = 5, .checksum = 7}};
}

static status save(const train_state *s) {
    return train_state_save(path, run.d, run.c, &run.o, &run.a, s);
}

static status load(train_state *out) {
    const train_state now = some_state();
    *out = (train_state){.train = now.train, .validation = now.validation};
    return train_state_load(path, run.d, run.c, &run.o, &run.a, out);
}

static void test_written_and_read_back(void **state) {
    (void)state;
    train_state s = some_state(), back;
    run.o.step = 13;
    run.a.steps = 12;
    run.o.largest_rate = 0.25;
    run.o.weight_sum = 0.125;
    float *moment = &run.o.memory[1][0][0], *mean = &run.a.value[0][0];
    *moment = 0.75f;
    *mean = -2;
    assert_ok(save(&s));
    run.o.step = run.a.steps = 0;
    run.o.largest_rate = run.o.weight_sum = *moment = *mean = 0;
    assert_ok(load(&back));
    memset(back.selection, 0, sizeof back.selection); /* for readers only */
    memset(s.selection, 0, sizeof s.selection);
    assert_memory_equal(&s, &back, offsetof(train_state, data_changed)); /* the rest is not stored */
    assert_false(back.data_changed);
    assert_true(run.o.step == 13 && run.a.steps == 12);
    assert_true(run.o.largest_rate == 0.25 && run.o.weight_sum == 0.125 && *moment == 0.75f && *mean == -2);
}

/* Counters lead to places in memory and in files: a negative one must not. */
static void test_impossible_counters(void **state) {
    (void)state;
    train_state s = some_state(), back;
    const struct {
        int64_t *value;
        const char *name;
    } counters[] = {{&s.epoch, "trainer/epoch"},
                    {&s.batch, "trainer/batch"},
                    {&s.step, "trainer/step"},
                    {&s.best_epoch, "trainer/best_epoch"},
                    {&s.idle_evaluations, "trainer/idle_evaluations"},
                    {&s.epoch_steps, "trainer/epoch_steps"},
                    {&run.a.steps, "trainer/average_steps"},
                    {&s.train.images, "trainer/train_images"},
                    {&s.validation.checksum, "trainer/validation_checksum"},
                    {&run.o.step, "optimizer/step"}};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        int64_t kept = *counters[i].value;
        *counters[i].value = -1;
        assert_ok(save(&s));
        assert_fails(load(&back), STATUS_INPUT, counters[i].name, "is -1; expected 0 to");
        *counters[i].value = kept;
    }
    s.batch = (int64_t)INT_MAX + 1;
    assert_ok(save(&s));
    assert_fails(load(&back), STATUS_INPUT, "trainer/batch is 2147483648", path);
}

static void test_impossible_numbers(void **state) {
    (void)state;
    train_state s = some_state(), back;
    s.best_score = NAN;
    assert_ok(save(&s));
    assert_fails(load(&back), STATUS_INPUT, "trainer/best_score is nan", "finite");
    s.best_score = 0;
    s.images = INFINITY;
    assert_ok(save(&s));
    assert_fails(load(&back), STATUS_INPUT, "trainer/images is inf", "finite");
}

/* --- files of older versions and of others --- */

static hid_t open_saved(void) {
    const train_state s = some_state();
    assert_ok(save(&s));
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static void forget(hid_t file, const char *object) {
    assert_true(H5Ldelete(file, object, H5P_DEFAULT) >= 0);
}

static void test_older_versions(void **state) {
    (void)state;
    static const char *const newer[] = {"trainer/idle_evaluations", "trainer/epoch_steps", "trainer/norm_sum",
                                        "trainer/train_images", "optimizer/largest_rate"};
    train_state back;
    hid_t file = open_saved();
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
        forget(file, newer[i]);
    assert_true(H5Lmove(file, "trainer/best_score", file, "trainer/best_miou", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Fclose(file) >= 0);
    assert_ok(load(&back));
    assert_true(back.idle_evaluations == 0 && back.epoch_steps == 0 && back.norm_sum == 0);
    assert_true(back.best_score == 0.5 && back.step == 13);
}

static void test_missing_parts(void **state) {
    (void)state;
    static const char *const needed[] = {"trainer/step", "trainer/loss_sums", "optimizer/step"};
    train_state back;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        hid_t file = open_saved();
        forget(file, needed[i]);
        assert_true(H5Fclose(file) >= 0);
        assert_fails(load(&back), STATUS_INPUT, path, needed[i]);
    }
}

/* One number more than there is room for. */
static void test_more_loss_sums(void **state) {
    (void)state;
    train_state back;
    hid_t file = open_saved();
    const hsize_t more = 1 + DETECTOR_LOSS_PARTS + 1;
    hid_t space = H5Screate_simple(1, &more, NULL);
    forget(file, "trainer/loss_sums");
    hid_t sums = H5Dcreate2(file, "trainer/loss_sums", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(sums >= 0 && H5Dclose(sums) >= 0 && H5Sclose(space) >= 0 && H5Fclose(file) >= 0);
    assert_fails(load(&back), STATUS_INPUT, path, "trainer/loss_sums has more than");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_read_back), cmocka_unit_test(test_impossible_counters),
        cmocka_unit_test(test_impossible_numbers),    cmocka_unit_test(test_older_versions),
        cmocka_unit_test(test_missing_parts),         cmocka_unit_test(test_more_loss_sums),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
