/* Whole runs of a small network: same seed same bits, resume equals no interruption. */
#include "core/file_io.h"
#include "core/runtime.h"
#include "datasets/synthesize.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/runs.h"
#include "tests/support.h"
#include "train/train_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char ini[4096];

static int make_scenes(void **state) {
    (void)state;
    char text[8192];
    const char *scenes = scratch_path("scenes");
    snprintf(text, sizeof text,
             "[model]\nstages = 1\nbottleneck_channels = 2\ntotal_channels = 4\nse_reduction = 2\n"
             "[data]\nroot = %s\nsize = 32\naugment = flips\n"
             "[train]\nepochs = 3\nbatch_size = 4\nlearning_rate = 1e-3\nevaluate_every = 2\n",
             scenes);
    assert_ok(synthesize_folder(scenes, 2, 40, 10, 3, NULL, NULL));
    snprintf(ini, sizeof ini, "%s", scratch_file("tiny.ini", text, strlen(text)));
    return 0;
}

static recipe tiny(const char *overrides) {
    return (recipe){ini, overrides};
}

static status read_config(const char *overrides, config **out) {
    return runs_read(tiny(overrides), out);
}

static status train(const char *folder, const char *overrides, bool resume,
                    void (*on_epoch)(void *, const train_report *)) {
    return runs_train(tiny(overrides), folder, resume, on_epoch);
}

static void test_same_seed_same_bits(void **state) {
    (void)state;
    char one[4096], two[4096];
    snprintf(one, sizeof one, "%s", scratch_path("one"));
    snprintf(two, sizeof two, "%s", scratch_path("two"));
    assert_ok(train(one, NULL, false, NULL));
    assert_ok(train(two, "train.threads=3", false, NULL));
    runs_expect_same(one, two);
    static const char *const files[] = {"config.ini", "log.csv", "curves.png", "best.h5", "last.h5"};
    for (int i = 0; i < 5; i++) {
        char path[4096];
        assert_ok(path_join(path, one, files[i], ""));
        assert_true(path_is_file(path));
    }
    detector *d;
    char best[4096];
    assert_ok(path_join(best, one, "best", ".h5"));
    assert_ok(checkpoint_load(best, &d));
    assert_string_equal(detector_option(d, "model.total_channels"), "4");
    detector_free(d);
}

/* The interruption is noticed after the first step of epoch 2: the run is resumed in the middle of an epoch. */
static void test_resume(void **state) {
    (void)state;
    char whole[4096], parts[4096];
    snprintf(whole, sizeof whole, "%s", scratch_path("whole"));
    snprintf(parts, sizeof parts, "%s", scratch_path("parts"));
    assert_ok(train(whole, NULL, false, NULL));
    assert_fails(train(parts, NULL, false, runs_stop_after_epoch), STATUS_INTERRUPTED, "--resume", "step 4 of 9");
    assert_fails(train(parts, NULL, false, NULL), STATUS_USAGE, parts, "--resume");
    assert_fails(train(parts, "train.seed=2", true, NULL), STATUS_USAGE, "train.seed", "last.h5");
    assert_fails(train(parts, "model.stages=2", true, NULL), STATUS_USAGE, "model.stages", "last.h5");
    assert_ok(train(parts, "train.threads=2", true, NULL));
    runs_expect_same(whole, parts);
    assert_ok(train(parts, NULL, true, NULL)); /* already done: nothing happens */
    runs_expect_same(whole, parts);
}

/* Begun with recomputation in backward, gone on with without: as never with. */
static void test_checkpointing_changes_no_bits(void **state) {
    (void)state;
    char with[4096], without[4096];
    snprintf(with, sizeof with, "%s", scratch_path("with"));
    snprintf(without, sizeof without, "%s", scratch_path("without"));
    assert_ok(train(without, NULL, false, NULL));
    assert_fails(train(with, "train.checkpointing=stage", false, runs_stop_after_epoch), STATUS_INTERRUPTED,
                 "step 4 of 9", "");
    assert_ok(train(with, NULL, true, NULL));
    runs_expect_same(with, without);
}

static void test_resume_with_every_optimizer(void **state) {
    (void)state;
    runs_expect_resumed(tiny("train.optimizer=sgd train.weight_decay=1e-3 train.schedule=constant data.augment=mshnet"),
                        "step 4");
    runs_expect_resumed(tiny("train.optimizer=adagrad train.schedule=steps train.milestones=1,2 data.augment=crops"),
                        "step 4");
    runs_expect_resumed(tiny("train.optimizer=adam data.augment=uiunet data.shuffle=false data.drop_last=true"),
                        "step 3 of 6");
}

/* A key that a checkpoint does not hold had its default when the run began. */
static void test_another_optimizer_is_refused(void **state) {
    (void)state;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("begun"));
    assert_fails(train(folder, NULL, false, runs_stop_after_epoch), STATUS_INTERRUPTED, "--resume", "step 4 of 9");
    assert_fails(train(folder, "train.optimizer=sgd", true, NULL), STATUS_USAGE, "train.optimizer = adam", "not sgd");
}

/* Steps of size 10 through some thirty layers without normalisation: float32 overflows. */
static void test_a_diverging_loss_is_reported(void **state) {
    (void)state;
    config *c;
    assert_ok(read_config("model.stages=4 train.learning_rate=10", &c));
    train_options options = {.folder = scratch_path("diverging")};
    assert_fails(trainer_run(c, &options), STATUS_NUMERIC, "epoch", "learning_rate");
    config_free(c);
}

static void test_configuration(void **state) {
    (void)state;
    config *c;
    assert_fails(read_config("train.epochs=0", &c), STATUS_USAGE, "train.epochs", "1");
    assert_fails(read_config("data.augment=true", &c), STATUS_USAGE, "data.augment = true",
                 "none, flips, crops, mshnet");
    assert_fails(read_config("train.optimizer=lion", &c), STATUS_USAGE, "train.optimizer", "adam, sgd, adagrad");
    assert_fails(read_config("train.nonsense=1", &c), STATUS_USAGE, "train.nonsense", "command line");
    assert_fails(read_config("model.name=none", &c), STATUS_USAGE, "none", "rpcanet_plus");
    assert_fails(train_config_read("missing.ini", NULL, 0, &c), STATUS_USAGE, "missing.ini", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_with_every_optimizer),
        cmocka_unit_test(test_another_optimizer_is_refused),
        cmocka_unit_test(test_checkpointing_changes_no_bits),
        cmocka_unit_test(test_a_diverging_loss_is_reported),
        cmocka_unit_test(test_configuration),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
