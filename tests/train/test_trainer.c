/* Whole runs of a small network: same seed same bits, resume equals no interruption. */
#include "core/io/file_io.h"
#include "datasets/make/synthesize.h"
#include "modules/checkpoint.h"
#include "modules/training_cost.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"
#include "train/train_config.h"
#include "train/train_state.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char ini[4096];

static int write_recipe(void **state) {
    (void)state;
    runs_write_tiny("tiny.ini", 1, "epochs = 3\nbatch_size = 4\nlearning_rate = 1e-3\nevaluate_every = 2\n", ini);
    return 0;
}

static recipe tiny(const char *overrides) {
    return (recipe){ini, overrides};
}

static status read_config(const char *overrides, config **out) {
    return runs_read(tiny(overrides), out);
}

static status train(const char *folder, const char *overrides, bool resume, int64_t stop_after) {
    return runs_train(tiny(overrides), folder, resume, stop_after);
}

static void test_same_seed_same_bits(void **state) {
    (void)state;
    char one[4096], two[4096];
    snprintf(one, sizeof one, "%s", scratch_path("one"));
    snprintf(two, sizeof two, "%s", scratch_path("two"));
    assert_ok(train(one, NULL, false, 0));
    assert_ok(train(two, "train.threads=3", false, 0));
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
    assert_ok(checkpoint_load(test_engine(), best, &d));
    assert_string_equal(detector_option(d, "model.total_channels"), "4");
    detector_free(d);
}

/* Epochs that follow each other faster than the curves are drawn are all in the picture at the end. */
static void test_curves_at_the_end(void **state) {
    (void)state;
    char folder[4096], log[4096], curves[4096];
    struct stat of_log, of_curves;
    snprintf(folder, sizeof folder, "%s", scratch_path("curves"));
    assert_ok(train(folder, "train.epochs=4", false, 0));
    assert_ok(path_join(log, folder, "log", ".csv"));
    assert_ok(path_join(curves, folder, "curves", ".png"));
    assert_int_equal(stat(log, &of_log), 0);
    assert_int_equal(stat(curves, &of_curves), 0);
    assert_true(
        of_curves.st_mtim.tv_sec > of_log.st_mtim.tv_sec ||
        (of_curves.st_mtim.tv_sec == of_log.st_mtim.tv_sec && of_curves.st_mtim.tv_nsec >= of_log.st_mtim.tv_nsec));
}

/* A sample that cannot be evaluated is found before the first step, and nothing is left behind. */
static void test_evaluation_is_checked_before_training(void **state) {
    (void)state;
    char folder[4096], overrides[4096], path[4096];
    const char *scenes = scratch_path("faulty");
    name_list names;
    assert_ok(synthesize_folder(scenes, 2, 40, 10, 3, NULL, NULL));
    snprintf(path, sizeof path, "%s/test.txt", scenes);
    assert_ok(name_list_read(path, &names));
    snprintf(path, sizeof path, "%s/masks/%s.png", scenes, names.names[2]);
    name_list_free(&names);
    assert_ok(file_write(path, "no image", 8));
    snprintf(folder, sizeof folder, "%s", scratch_path("never"));
    snprintf(overrides, sizeof overrides, "data.root=%s", scenes);
    assert_fails(train(folder, overrides, false, 0), STATUS_INPUT, path, "PNG");
    assert_false(path_is_folder(folder));
}

static double cost_of(const char *folder) {
    char path[4096];
    training_cost cost;
    assert_ok(path_join(path, folder, "last", ".h5"));
    assert_ok(training_cost_read_file(path, &cost));
    return cost.processor_seconds;
}

/* The interruption is noticed after the first step of epoch 2: the run is resumed in the middle of an epoch. */
static void test_resume(void **state) {
    (void)state;
    char whole[4096], parts[4096];
    snprintf(whole, sizeof whole, "%s", scratch_path("whole"));
    snprintf(parts, sizeof parts, "%s", scratch_path("parts"));
    assert_ok(train(whole, NULL, false, 0));
    assert_fails(train(parts, NULL, false, 1), STATUS_INTERRUPTED, "--resume", "step 4 of 9");
    assert_fails(train(parts, NULL, false, 0), STATUS_USAGE, parts, "--resume");
    assert_fails(train(parts, "train.seed=2", true, 0), STATUS_USAGE, "train.seed", "last.h5");
    assert_fails(train(parts, "model.stages=2", true, 0), STATUS_USAGE, "model.stages", "last.h5");
    assert_fails(train(parts, "train.epochs=1", true, 0), STATUS_USAGE, "epoch 2, later than train.epochs = 1", "");
    double cost = cost_of(parts);
    assert_true(cost > 0);
    assert_ok(train(parts, "train.threads=2", true, 0));
    runs_expect_same(whole, parts);
    assert_true(cost_of(parts) > cost);     /* the time before the interruption counts */
    assert_ok(train(parts, NULL, true, 0)); /* already done: nothing happens */
    runs_expect_same(whole, parts);
}

static void compare_time_left(void *context, const train_report *r) {
    if (r->row->epoch == 2) {
        assert_true(r->rest >= 1.5 * r->row->seconds);
        *(bool *)context = true;
    }
}

/* One of three steps of epoch 2 is another process's: what this one did was two thirds of what is left after it. */
static void test_time_left_of_a_resumed_run(void **state) {
    (void)state;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("left"));
    assert_fails(train(folder, NULL, false, 1), STATUS_INTERRUPTED, "--resume", "step 4 of 9");
    config *c;
    bool compared = false;
    assert_ok(read_config(NULL, &c));
    train_options options = {.folder = folder, .resume = true, .on_epoch = compare_time_left, .context = &compared};
    assert_ok(trainer_run(c, &options));
    assert_true(compared);
    config_free(c);
}

/* Begun with recomputation in backward, gone on with without: as never with. */
static void test_checkpointing_changes_no_bits(void **state) {
    (void)state;
    char with[4096], without[4096];
    snprintf(with, sizeof with, "%s", scratch_path("with"));
    snprintf(without, sizeof without, "%s", scratch_path("without"));
    assert_ok(train(without, NULL, false, 0));
    assert_fails(train(with, "train.checkpointing=stage", false, 1), STATUS_INTERRUPTED, "step 4 of 9", "");
    assert_ok(train(with, NULL, true, 0));
    runs_expect_same(with, without);
}

static void test_resume_with_every_optimizer(void **state) {
    (void)state;
    runs_expect_resumed(tiny("train.optimizer=sgd train.weight_decay=1e-3 train.schedule=constant data.augment=mshnet"),
                        1, "step 4");
    runs_expect_resumed(tiny("train.optimizer=adagrad train.schedule=steps train.milestones=1,2 data.augment=crops"), 1,
                        "step 4");
    runs_expect_resumed(tiny("train.optimizer=adam data.augment=uiunet data.shuffle=false data.drop_last=true"), 1,
                        "step 3 of 6");
}

/* Two epochs on crops, one on whole images; an epoch each on crops of two sizes and on whole images: stopped before and
 * behind the changes. */
static void test_resume_around_crops(void **state) {
    (void)state;
    recipe r = tiny("train.crop_epochs=2 train.crop_size=16"),
           rising = tiny("train.crop_epochs=1,1 train.crop_size=16,24");
    runs_expect_resumed(rising, 1, "step 4 of 9");
    runs_expect_resumed(rising, 2, "step 7 of 9");
    runs_expect_resumed(r, 1, "step 4 of 9");
    runs_expect_resumed(r, 2, "step 7 of 9");
}

/* One epoch with statistics of the batch, two with the running ones: stopped before and behind the change. When it
 * comes may be chosen as long as it has not. */
static void test_resume_around_running_norms(void **state) {
    (void)state;
    char folder[4096], whole[4096];
    recipe r = tiny("train.norm_epochs=1 train.average=0.9");
    runs_expect_resumed(r, 1, "step 4 of 9");
    runs_expect_resumed(r, 2, "step 7 of 9");
    snprintf(folder, sizeof folder, "%s", scratch_path("later"));
    snprintf(whole, sizeof whole, "%s", scratch_path("at_once"));
    assert_ok(train(whole, "train.norm_epochs=2", false, 0));
    assert_fails(train(folder, NULL, false, 1), STATUS_INTERRUPTED, "step 4 of 9", "");
    assert_fails(train(folder, "train.norm_epochs=1", true, 0), STATUS_USAGE, "train.norm_epochs = 1000000, not 1", "");
    assert_ok(train(folder, "train.norm_epochs=2", true, 0));
    runs_expect_same(whole, folder);
    assert_fails(train(folder, "train.norm_epochs=3", true, 0), STATUS_USAGE, "train.norm_epochs = 2, not 3", "");
}

static status load(const char *path, const char *overrides) {
    config *c;
    detector *d;
    optimizer o;
    train_state state;
    assert_ok(read_config(overrides, &c));
    assert_ok(detector_new(test_engine(), c, 1, &d));
    optimizer_options options = optimizer_defaults(optimizer_find(config_text(c, "train.optimizer")));
    assert_ok(optimizer_new(test_engine(), detector_parameters(d), &options, &o));
    status result = train_state_load(path, d, c, &o, &(average){0}, &state);
    assert_true(result != STATUS_OK || (state.step == 7 && o.step == 7));
    optimizer_free(&o);
    detector_free(d);
    config_free(c);
    return result;
}

/* Checkpoints from before there were other optimizers and schedules know no such keys, and data.augment as a flag. */
static void test_older_checkpoints(void **state) {
    (void)state;
    static const config_key keys[] = {{"data.augment", CONFIG_FLAG, "true", 0, 0, NULL, "", ""},
                                      {"data.size", CONFIG_TEXT, "32", 0, 0, NULL, "", ""},
                                      {"train.epochs", CONFIG_TEXT, "3", 0, 0, NULL, "", ""},
                                      {"train.batch_size", CONFIG_TEXT, "4", 0, 0, NULL, "", ""},
                                      {"train.learning_rate", CONFIG_TEXT, "1e-3", 0, 0, NULL, "", ""}};
    config *c, *old;
    detector *d;
    optimizer o;
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch_path("old.h5"));
    assert_ok(read_config(NULL, &c));
    assert_ok(config_new(&old));
    assert_ok(config_declare(old, keys, sizeof keys / sizeof *keys));
    optimizer_options defaults = optimizer_defaults(&optimizer_adam);
    assert_ok(detector_new(test_engine(), c, 1, &d));
    assert_ok(optimizer_new(test_engine(), detector_parameters(d), &defaults, &o));
    o.step = 7;
    assert_ok(train_state_save(path, d, old, &o, &(average){0}, &(train_state){.step = 7}));
    optimizer_free(&o);
    detector_free(d);
    config_free(old);
    config_free(c);
    assert_ok(load(path, NULL));
    assert_fails(load(path, "data.augment=none"), STATUS_USAGE, "data.augment = flips", "not none");
    assert_fails(load(path, "train.optimizer=sgd"), STATUS_USAGE, "train.optimizer = adam", "not sgd");
    assert_fails(load(path, "train.schedule=constant"), STATUS_USAGE, "train.schedule = poly", "not constant");
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

/* The loss stays finite, but not its gradients, or not their squares, which Adam remembers. */
static void test_no_checkpoint_of_diverged_steps(void **state) {
    (void)state;
    static const char *const folders[] = {"squares", "gradients"};
    static const char *const recipes[] = {"model.stages=8 train.loss=bce train.start=*.epsilon:1e6",
                                          "model.stages=9 train.loss=bce train.start=*.epsilon:1e6"};
    for (int i = 0; i < 2; i++) {
        char last[4096], best[4096];
        const char *folder = scratch_path(folders[i]);
        assert_ok(path_join(last, folder, "last", ".h5"));
        assert_ok(path_join(best, folder, "best", ".h5"));
        assert_fails(train(folder, recipes[i], false, 0), STATUS_NUMERIC, "became", "");
        assert_false(path_is_file(last) || path_is_file(best));
    }
}

/* What no run could go on with is not written: the file stays what it was. */
static void test_no_checkpoint_of_ruins(void **state) {
    (void)state;
    config *c;
    detector *d;
    optimizer o;
    average a;
    char path[4096];
    train_state s = {.step = 1}, again = {0};
    snprintf(path, sizeof path, "%s", scratch_path("ruins.h5"));
    assert_ok(read_config(NULL, &c));
    optimizer_options defaults = optimizer_defaults(&optimizer_adam);
    assert_ok(detector_new(test_engine(), c, 1, &d));
    parameter_set *set = detector_parameters(d);
    assert_ok(optimizer_new(test_engine(), set, &defaults, &o));
    assert_ok(average_new(test_engine(), set, 0.9, &a));
    assert_ok(train_state_save(path, d, c, &o, &a, &s));
    s.step = 2;
    float *const ruined[] = {set->items[3]->value, a.value[3], o.memory[1][3]};
    for (int i = 0; i < 3; i++) {
        float kept = *ruined[i];
        *ruined[i] = i == 1 ? INFINITY : NAN;
        assert_fails(train_state_save(path, d, c, &o, &a, &s), STATUS_NUMERIC, "ruins.h5 is not written",
                     set->items[3]->name);
        *ruined[i] = kept;
    }
    assert_ok(train_state_load(path, d, c, &o, &a, &again));
    assert_int_equal(again.step, 1);
    average_free(&a);
    optimizer_free(&o);
    detector_free(d);
    config_free(c);
}

/* Stopped behind the only step of an epoch, before the epoch is evaluated. */
static void test_resume_at_the_end_of_an_epoch(void **state) {
    (void)state;
    runs_expect_resumed(tiny("train.batch_size=12"), 1, "step 2 of 3");
}

static void test_configuration(void **state) {
    (void)state;
    config *c;
    assert_fails(read_config("train.epochs=0", &c), STATUS_USAGE, "train.epochs", "1");
    assert_fails(read_config("data.augment=true", &c), STATUS_USAGE, "data.augment = true",
                 "none, flips, crops, mshnet");
    assert_fails(read_config("train.optimizer=lion", &c), STATUS_USAGE, "train.optimizer",
                 "adam, adamw, muon, schedule_free, sgd, adagrad");
    static const char *const bad_crops[] = {
        "train.crop_epochs=x",    "train.crop_epochs=1,",
        "train.crop_size=64,128", "train.crop_epochs=1,2 train.crop_size=8,64",
        "train.crop_epochs=-1",   "train.crop_epochs=1,1 train.crop_size=16,33"}; /* data.size is 32 */
    for (size_t i = 0; i < sizeof bad_crops / sizeof *bad_crops; i++)
        assert_fails(train(scratch_path("never"), bad_crops[i], false, 0), STATUS_USAGE, "train.crop_", "expected");
    assert_fails(read_config("train.nonsense=1", &c), STATUS_USAGE, "train.nonsense", "command line");
    assert_fails(read_config("model.name=none", &c), STATUS_USAGE, "none", "rpcanet_plus");
    assert_fails(train_config_read("missing.ini", NULL, 0, &c), STATUS_USAGE, "missing.ini", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_curves_at_the_end),
        cmocka_unit_test(test_evaluation_is_checked_before_training),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_time_left_of_a_resumed_run),
        cmocka_unit_test(test_resume_with_every_optimizer),
        cmocka_unit_test(test_resume_around_crops),
        cmocka_unit_test(test_resume_around_running_norms),
        cmocka_unit_test(test_older_checkpoints),
        cmocka_unit_test(test_checkpointing_changes_no_bits),
        cmocka_unit_test(test_a_diverging_loss_is_reported),
        cmocka_unit_test(test_no_checkpoint_of_diverged_steps),
        cmocka_unit_test(test_no_checkpoint_of_ruins),
        cmocka_unit_test(test_resume_at_the_end_of_an_epoch),
        cmocka_unit_test(test_configuration),
    };
    return cmocka_run_group_tests(tests, write_recipe, NULL);
}
