/* What a training can be told beyond the published recipes: other losses, optimizers, averaged weights, weights to
 * begin with, a teacher, early stopping, more epochs. Whole runs of a small network. */
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "datasets/make/synthesize.h"
#include "eval/measure/operating_point.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"
#include "train/loss_plan.h"
#include "train/train_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char ini[4096], rich_ini[4096];

#define FEW_EPOCHS "epochs = 3\nbatch_size = 2\nlearning_rate = 1e-3\nevaluate_every = 1\n"

static int write_recipes(void **state) {
    (void)state;
    runs_write_tiny("tiny.ini", 2, FEW_EPOCHS, ini);
    runs_write_tiny(
        "rich.ini", 2,
        FEW_EPOCHS
        "loss = dice2:batch + 0.01 mse\nloss_after = 1: soft_iou + 0.1 bce, 2: focal\n"
        "deep_supervision = 0.2\nprior = 0.02\noptimizer = muon\naverage = 0.9\naccumulate = 2\n"
        "clip_norm = 0.5\nwarmup = 0.2\nschedule = cosine\nweight_decay = 0.01\ndecay = weights\n"
        "stages = balanced\nrates = *.epsilon:10, *.bias:2\nstart = *.epsilon:0.1\nfreeze = decos.0.merge.*\n",
        rich_ini);
    return 0;
}

#define TRAIN(folder, resume, notes, ...)                                                                              \
    runs_train_noting(ini, folder, resume, notes, (const char *const[]){__VA_ARGS__, NULL})

static void name_folder(const char *name, char out[4096]) {
    snprintf(out, 4096, "%s", scratch_path(name));
}

static void test_resume_with_everything(void **state) {
    (void)state;
    recipe r = {rich_ini, NULL};
    runs_expect_resumed(r, 1, "step 4 of 9");
    runs_expect_resumed(r, 2, "step 7 of 9");
    recipe adamw = {ini, "train.optimizer=adamw train.schedule=one_cycle train.crop_epochs=1 train.crop_size=16 "
                         "train.beta2=0.99 train.select=fa train.average=0.99"};
    runs_expect_resumed(adamw, 1, "step 6 of 15");
    recipe free_of_schedule = {ini, "train.optimizer=schedule_free train.schedule=constant train.warmup=0.3"};
    runs_expect_resumed(free_of_schedule, 1, "step 6 of 15");
}

/* All that has a state at once, with each optimizer: stopped on the smaller crops, on the larger ones, and on whole
 * images. */
static void test_resume_with_every_optimizer_and_everything(void **state) {
    (void)state;
    static const char *const optimizers[] = {"adam", "adamw", "muon", "schedule_free", "sgd", "adagrad"};
    char teacher[4096], text[8192];
    run_notes notes;
    name_folder("tutor", teacher);
    assert_ok(TRAIN(teacher, false, &notes, "train.epochs=1"));
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        snprintf(text, sizeof text,
                 "train.optimizer=%s train.teacher=%s/last.h5 train.crop_epochs=1,1 train.crop_size=16,24 "
                 "train.crop_background=0.3 train.patience=9 train.learning_rate=1e-3 data.noise=0.02 data.gain=0.1 "
                 "data.blur=0.5 data.rotation=10 data.scale=0.1 data.holdout=0.2 train.threads=1",
                 optimizers[i], teacher);
        runs_expect_resumed((recipe){rich_ini, text}, 1 + (int)i % 2, i % 2 ? "step 5 of 6" : "step 3 of 6");
    }
}

/* Other roundings, hardly another run; and one goes on with what it was begun with. */
static void test_fast_arithmetic(void **state) {
    (void)state;
    char fast[4096], exact[4096];
    run_notes with, without;
    name_folder("fast", fast);
    name_folder("exact", exact);
    runs_expect_resumed((recipe){ini, "model.total_channels=8 train.arithmetic=fast"}, 1, "step 6 of 15");
    assert_ok(TRAIN(fast, false, &with, "model.total_channels=8", "train.epochs=1", "train.arithmetic=fast"));
    assert_ok(TRAIN(exact, false, &without, "model.total_channels=8", "train.epochs=1"));
    double one = with.last.gradient_norm, other = without.last.gradient_norm;
    assert_true(one != other && fabs(one - other) < 0.05 * other);
    assert_fails(TRAIN(fast, true, &with, "model.total_channels=8", "train.epochs=2"), STATUS_USAGE,
                 "train.arithmetic = fast, not exact", "");
}

static void test_log_and_report(void **state) {
    (void)state;
    char folder[4096], path[4096];
    run_notes notes;
    name_folder("logged", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.loss=dice2:batch + 0.01 mse", "train.loss_after=2: bce",
                    "train.average=0.9", "train.epochs=3"));
    assert_int_equal(notes.epochs, 3);
    assert_true(notes.last.gradient_norm > 0 && isfinite(notes.last.gradient_norm));
    assert_true(notes.last.used.values[METRIC_miou] >= 0 && notes.last.raw.values[METRIC_miou] >= 0);
    assert_true(notes.last.seconds > 0);
    assert_ok(path_join(path, folder, "log", ".csv"));
    name_list rows;
    assert_ok(name_list_read(path, &rows));
    assert_int_equal(rows.count, 4);
    assert_string_equal(rows.names[0], "epoch,step,learning_rate,loss,dice2_batch,mse,bce_image,gradient_norm,"
                                       "images_per_second,seconds,miou,niou,f1,pd,fa,raw_miou,raw_niou,raw_f1,raw_pd,"
                                       "raw_fa");
    assert_null(strstr(rows.names[1], ",,,")); /* bce alone is missing */
    assert_non_null(strstr(rows.names[1], ",,"));
    assert_non_null(strstr(rows.names[3], ",,,")); /* dice2_batch and mse are */
    name_list_free(&rows);
    assert_true(fabs(notes.last.losses[0] - notes.last.losses[3]) < 1e-12); /* bce alone */
}

static double first_weight(const char *folder, const char *file, checkpoint_weights which) {
    char path[4096];
    detector *d;
    assert_ok(path_join(path, folder, file, ""));
    assert_ok(checkpoint_load_weights(test_engine(), path, which, &d));
    double value = detector_parameters(d)->items[0]->value[0];
    detector_free(d);
    return value;
}

/* Detection takes the averaged weights; the raw ones stay beside them. */
static void test_averaged_weights_are_used(void **state) {
    (void)state;
    char with[4096], without[4096];
    run_notes notes;
    name_folder("averaged", with);
    name_folder("plain", without);
    assert_ok(TRAIN(with, false, &notes, "train.average=0.95", "train.learning_rate=1e-2", "train.epochs=6"));
    assert_true(notes.last.used.values[METRIC_niou] != notes.last.raw.values[METRIC_niou] ||
                notes.last.used.values[METRIC_fa] != notes.last.raw.values[METRIC_fa]);
    assert_ok(TRAIN(without, false, &notes, "train.learning_rate=1e-2", "train.epochs=6"));
    double raw = first_weight(with, "last.h5", WEIGHTS_RAW), mean = first_weight(with, "last.h5", WEIGHTS_BEST);
    assert_true(raw != mean);
    assert_true(raw == first_weight(without, "last.h5", WEIGHTS_BEST)); /* averaging changes no step */
}

static void test_initial_weights(void **state) {
    (void)state;
    char first[4096], second[4096], key[5000], text[64];
    run_notes notes;
    name_folder("first", first);
    assert_ok(TRAIN(first, false, &notes, "train.epochs=1"));
    snprintf(key, sizeof key, "train.init=%s/last.h5", first);
    name_folder("tuned", second);
    assert_ok(TRAIN(second, false, &notes, key, "train.epochs=1", "train.freeze=*"));
    detector *d;
    char path[4096];
    assert_ok(path_join(path, first, "last", ".h5"));
    assert_ok(checkpoint_load(test_engine(), path, &d));
    int tensors = detector_parameters(d)->count;
    detector_free(d);
    snprintf(text, sizeof text, "%d of %d tensors", tensors, tensors);
    assert_non_null(strstr(notes.lines[0], text));
    assert_true(first_weight(first, "last.h5", WEIGHTS_RAW) == first_weight(second, "last.h5", WEIGHTS_RAW));
    /* One stage more: its tensors are not in the file. */
    name_folder("deeper", second);
    assert_ok(TRAIN(second, false, &notes, key, "train.epochs=1", "model.stages=3"));
    assert_non_null(strstr(notes.lines[0], "for example, decos.2."));
    name_folder("stranger", second);
    assert_fails(TRAIN(second, false, &notes, key, "model.name=mshnet", "model.stages=", "train.epochs=1"),
                 STATUS_USAGE, "model.stages", "");
    assert_fails(TRAIN(second, false, &notes, "train.init=missing.h5"), STATUS_INPUT, "missing.h5", "");
}

/* The threshold that a training stores is the one that evaluation finds on the same images. */
static void test_threshold_is_stored(void **state) {
    (void)state;
    char folder[4096], path[4096];
    const double rate = 0.01;
    double stored, found, reached;
    run_notes notes;
    detector *d;
    dataset *scenes;
    name_folder("threshold", folder);
    assert_ok(path_join(path, folder, "best", ".h5"));
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=1", "train.average=0.9"));
    assert_ok(checkpoint_read_threshold(path, &stored));
    assert_true(isnan(stored));
    assert_ok(TRAIN(folder, true, &notes, "train.epochs=2", "train.average=0.9", "train.threshold_at_fa=0.01"));
    assert_non_null(strstr(notes.lines[notes.count - 2], "best.h5: detect takes pixels with a score above"));
    assert_non_null(strstr(notes.lines[notes.count - 1], "last.h5: detect"));
    assert_ok(checkpoint_read_threshold(path, &stored));
    assert_ok(checkpoint_load(test_engine(), path, &d));
    assert_ok(dataset_open(scratch_path("scenes"), "test", &scenes));
    const score_source source = detector_source(d);
    const evaluate_options options = {.sample.size = 32, .how.rule = RULE_SCORE};
    assert_ok(operating_point_find(&source, scenes, &options, rate, &found, &reached));
    assert_true(stored == found && reached <= rate);
    dataset_close(scenes);
    detector_free(d);
}

static void test_teacher(void **state) {
    (void)state;
    char first[4096], second[4096], key[5000];
    run_notes notes;
    name_folder("teacher", first);
    assert_ok(TRAIN(first, false, &notes, "train.epochs=1"));
    snprintf(key, sizeof key, "train.teacher=%s/last.h5", first);
    name_folder("pupil", second);
    assert_ok(TRAIN(second, false, &notes, key, "train.epochs=2", "train.teacher_weight=2"));
    recipe r = {ini, key};
    runs_expect_resumed(r, 1, "step 6 of 15");
}

/* Weights that find some targets, and no longer predict everything. */
static void train_sound(const char *select, run_notes *notes, char init[4200]) {
    char folder[4096], key[64];
    name_folder(select, folder);
    snprintf(key, sizeof key, "train.select=%s", select);
    assert_ok(TRAIN(folder, false, notes, key, "train.epochs=12", "train.evaluate_every=3", "train.loss=dice2:batch",
                    "train.prior=0.02", "train.start=*.epsilon:0.1", "train.stages=balanced", "train.optimizer=muon",
                    "train.learning_rate=1e-2", "train.schedule=linear"));
    snprintf(init, 4200, "train.init=%s/last.h5", folder);
}

/* All targets are found by a network that predicts every pixel, as it does in its first epochs. */
static void test_predicting_everything_is_not_best(void **state) {
    (void)state;
    char init[4200];
    run_notes notes;
    int best = 0;
    train_sound("pd", &notes, init);
    for (int i = 0; i < notes.count; i++)
        sscanf(notes.lines[i], "best.h5 is epoch %d", &best);
    assert_true(best > 3);
    assert_null(strstr(notes.lines[notes.count - 1], "more than half of the background is predicted"));
}

/* Steps too small to change a metric. */
#define STILL "train.learning_rate=1e-9", "train.norm_epochs=0"

static void test_early_stopping(void **state) {
    (void)state;
    char folder[4096], init[4200];
    run_notes notes;
    train_sound("miou", &notes, init);
    name_folder("idle", folder);
    /* The first evaluation stays the best. */
    assert_ok(TRAIN(folder, false, &notes, init, STILL, "train.patience=2", "train.epochs=9"));
    assert_int_equal(notes.epochs, 3);
    const char *said = "stopped after epoch 3: 2 evaluations were no better than that of epoch 1";
    assert_true(notes.count > 1);
    assert_non_null(strstr(notes.lines[notes.count - 2], said));
    /* Evaluations before an interruption count. */
    name_folder("interrupted", folder);
    char overrides[4400];
    snprintf(overrides, sizeof overrides,
             "%s train.learning_rate=1e-9 train.norm_epochs=0 train.patience=2 train.epochs=9", init);
    assert_fails(runs_train((recipe){ini, overrides}, folder, false, 2), STATUS_INTERRUPTED, "step 11 of 45", "");
    assert_ok(TRAIN(folder, true, &notes, init, STILL, "train.patience=2", "train.epochs=9"));
    assert_int_equal(notes.epochs, 1);
    assert_non_null(strstr(notes.lines[0], said));
    assert_ok(TRAIN(folder, true, &notes, init, STILL, "train.patience=2", "train.epochs=9"));
    assert_int_equal(notes.epochs, 0); /* it stays stopped */
    assert_ok(TRAIN(folder, true, &notes, init, STILL, "train.patience=3", "train.epochs=9"));
    assert_int_equal(notes.epochs, 1);
}

/* While a network predicts everything, as in its first epochs, patience does not run out. */
static void test_patience_waits_for_a_figure(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    name_folder("patient", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.learning_rate=1e-9", "train.patience=1", "train.epochs=4"));
    assert_int_equal(notes.epochs, 4);
    assert_non_null(strstr(notes.lines[notes.count - 1], "more than half of the background is predicted"));
}

/* What was best on other images is not the best on these. */
static void test_other_validation_images(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    const char *few = scratch_path("few");
    char key[4200];
    assert_ok(synthesize_folder(few, 2, 40, 3, 5, NULL, NULL));
    snprintf(key, sizeof key, "data.root=%s", few);
    name_folder("other", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=2"));
    assert_ok(TRAIN(folder, true, &notes, "train.epochs=3", key, "data.may_change=true"));
    int forgotten = 0, best = 0;
    for (int i = 0; i < notes.count; i++) {
        forgotten += strstr(notes.lines[i], "the best is chosen anew from epoch 3 on") != NULL;
        sscanf(notes.lines[i], "best.h5 is epoch %d", &best);
    }
    assert_int_equal(forgotten, 1);
    assert_int_equal(best, 3);
}

static void expect_selection(const char *folder, const char *expected) {
    char path[4096], *text;
    h5_file *file;
    assert_ok(path_join(path, folder, "best", ".h5"));
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_attribute_text(file, "trainer", "selection", &text));
    assert_string_equal(text, expected);
    free(text);
    h5_close(file);
}

/* A best epoch chosen on the images that its figures are then told of: who reads them must know. */
static void test_what_the_best_was_chosen_on(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    name_folder("on_test", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=1"));
    assert_non_null(strstr(notes.lines[0],
                           "best.h5 is epoch 1, chosen by miou on 3 images of the split test of scenes, "
                           "so that its figures there flatter it"));
    expect_selection(folder, "miou on 3 images of the split test of scenes");
    name_folder("on_held_out", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=1", "train.select=fa", "data.holdout=0.2"));
    assert_string_equal(notes.lines[0],
                        "best.h5 is epoch 1, chosen by fa on 2 images held out of the split train of scenes");
    expect_selection(folder, "fa on 2 images held out of the split train of scenes");
}

/* A finished run goes on; fewer epochs than it has behind it are refused. */
static void test_extending(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    name_folder("longer", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=2"));
    assert_ok(TRAIN(folder, true, &notes, "train.epochs=3"));
    assert_int_equal(notes.epochs, 1);
    assert_int_equal(notes.last.epoch, 3);
    assert_int_equal(notes.last.step, 15);
    assert_fails(TRAIN(folder, true, &notes, "train.epochs=2"), STATUS_USAGE, "behind epoch 3", "train.epochs = 2");
}

static status read_plan(const char *after, loss_plan *out) {
    char key[512];
    config *c;
    snprintf(key, sizeof key, "train.loss_after=%s", after);
    TRY(train_config_read(ini, (const char *const[]){"train.loss=bce", key}, 2, &c));
    status result = loss_plan_read(c, out);
    config_free(c);
    return result;
}

static void test_loss_plan(void **state) {
    (void)state;
    loss_plan plan;
    assert_ok(read_plan("", &plan));
    assert_string_equal(loss_plan_at(&plan, 100)->text, "bce");
    assert_ok(read_plan("8: soft_iou:batch + 0.01 mse, 10:focal", &plan));
    assert_string_equal(loss_plan_at(&plan, 7)->text, "bce");
    assert_string_equal(loss_plan_at(&plan, 8)->text, "soft_iou:batch + 0.01 mse");
    assert_string_equal(loss_plan_at(&plan, 9)->text, "soft_iou:batch + 0.01 mse");
    assert_string_equal(loss_plan_at(&plan, 10)->text, "focal");
    static const char *const bad[] = {"bce", "8", "8:", "0: bce", "10: bce, 8: focal", "-1: bce", "8; bce"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(read_plan(bad[i], &plan), STATUS_USAGE, "train.loss_after", "EPOCH: LOSS");
    char folder[4096];
    run_notes notes;
    name_folder("refused", folder);
    assert_fails(TRAIN(folder, false, &notes, "train.loss_after=2: dice3"), STATUS_USAGE, "train.loss_after: \"dice3\"",
                 "dice2");
    assert_fails(TRAIN(folder, false, &notes, "train.loss=dice3"), STATUS_USAGE, "train.loss: \"dice3\"", "dice2");
    assert_fails(TRAIN(folder, false, &notes, "train.deep_supervision=1"), STATUS_USAGE, "train.loss: ", "published");
    assert_fails(TRAIN(folder, false, &notes, "train.loss=mse", "train.deep_supervision=1"), STATUS_USAGE,
                 "train.loss: rpcanet_plus: ", "mask");
    char path[4096];
    assert_ok(path_join(path, folder, "log", ".csv"));
    assert_false(path_is_file(path)); /* said before anything begins */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume_with_everything),
        cmocka_unit_test(test_resume_with_every_optimizer_and_everything),
        cmocka_unit_test(test_fast_arithmetic),
        cmocka_unit_test(test_log_and_report),
        cmocka_unit_test(test_averaged_weights_are_used),
        cmocka_unit_test(test_initial_weights),
        cmocka_unit_test(test_threshold_is_stored),
        cmocka_unit_test(test_teacher),
        cmocka_unit_test(test_predicting_everything_is_not_best),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_patience_waits_for_a_figure),
        cmocka_unit_test(test_other_validation_images),
        cmocka_unit_test(test_what_the_best_was_chosen_on),
        cmocka_unit_test(test_extending),
        cmocka_unit_test(test_loss_plan),
    };
    return cmocka_run_group_tests(tests, write_recipes, NULL);
}
