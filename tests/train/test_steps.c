/* What a step goes by: the images that it has, the epoch that it lies in, the phase of the network, what is frozen. */
#include "core/io/file_io.h"
#include "datasets/make/synthesize.h"
#include "eval/measure/evaluate.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"

#include <math.h>
#include <stdio.h>

static char ini[4096];

static int write_recipe(void **state) {
    (void)state;
    runs_write_tiny("tiny.ini", 2, "epochs = 2\nbatch_size = 2\nlearning_rate = 1e-3\nevaluate_every = 9\n", ini);
    return 0;
}

#define TRAIN(folder, resume, notes, ...)                                                                              \
    runs_train_noting(ini, folder, resume, notes, (const char *const[]){__VA_ARGS__, NULL})

static void name_folder(const char *name, char out[4096]) {
    snprintf(out, 4096, "%s", scratch_path(name));
}

static bool says(const run_notes *notes, const char *text) {
    for (int i = 0; i < notes->count; i++)
        if (strstr(notes->lines[i], text))
            return true;
    return false;
}

/* Of the one step that sees all ten images. Running norms make the gradient of a batch the mean of its images'. */
static double norm_of(const char *name, const char *batch, const char *accumulate) {
    char folder[4096];
    run_notes notes;
    name_folder(name, folder);
    assert_ok(TRAIN(folder, false, &notes, batch, accumulate, "train.epochs=1", "train.norm_epochs=0", "train.loss=bce",
                    "data.augment=none", "data.shuffle=false", "data.holdout=0"));
    assert_int_equal(notes.last.step, 1);
    return notes.last.gradient_norm;
}

/* However the images of a step are cut into batches, the last of which may be smaller, it is the same step. */
static void test_every_image_counts_alike(void **state) {
    (void)state;
    double whole = norm_of("whole", "train.batch_size=16", "train.accumulate=1");
    assert_near(norm_of("two", "train.batch_size=8", "train.accumulate=2") / whole, 1, 1e-4);
    assert_near(norm_of("three", "train.batch_size=4", "train.accumulate=3") / whole, 1, 1e-4);
    assert_near(norm_of("more", "train.batch_size=4", "train.accumulate=4") / whole, 1, 1e-4);
}

/* A run that goes on with fewer images, and so with fewer steps an epoch: the rate is that of the epoch. */
static void test_rate_after_a_change_of_data(void **state) {
    (void)state;
    char folder[4096], scenes[4096], root[4200];
    run_notes notes;
    name_folder("few", scenes);
    assert_ok(synthesize_folder(scenes, 2, 40, 4, 3, NULL, NULL));
    snprintf(root, sizeof root, "data.root=%s", scenes);
    name_folder("changed", folder);
    recipe begun = {ini, "train.schedule=linear train.epochs=8"};
    assert_fails(runs_train(begun, folder, false, 4), STATUS_INTERRUPTED, "step 21 of 40", "");
    assert_ok(TRAIN(folder, true, &notes, root, "data.may_change=true", "train.schedule=linear", "train.epochs=8"));
    assert_true(says(&notes, "epoch 5 begins anew"));
    assert_int_equal(notes.epochs, 4);
    assert_near(notes.last.learning_rate, 1e-3 / 16, 1e-12); /* the last of 8 epochs of 2 steps */
    assert_true(isfinite(notes.last.losses[0]));
}

/* 1e-3 is what 0.001 is. */
static void test_numbers_are_compared_as_such(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    name_folder("spelled", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.epochs=1"));
    assert_ok(TRAIN(folder, true, &notes, "train.learning_rate=0.001"));
    assert_fails(TRAIN(folder, true, &notes, "train.learning_rate=0.002"), STATUS_USAGE, "train.learning_rate",
                 "0.002");
}

/* Crops and losses that take longer than the run, which then is not what was asked for. */
static void test_what_no_epoch_comes_to(void **state) {
    (void)state;
    char folder[4096];
    run_notes notes;
    name_folder("short", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.crop_epochs=1,1", "train.crop_size=16,24", "train.loss=bce",
                    "train.loss_after=2: iou"));
    assert_true(says(&notes, "no epoch is on whole images: the 1,1 of train.crop_epochs"));
    assert_true(says(&notes, "no epoch has the loss behind epoch 2, of train.epochs = 2"));
    name_folder("long", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.crop_epochs=1", "train.crop_size=32", "train.loss=bce",
                    "train.loss_after=1: iou"));
    assert_false(says(&notes, "no epoch"));
}

static double sum_of(detector *d, const char *name) {
    double sum = 0;
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        if (!strcmp(set->items[i]->name, name))
            for (size_t k = 0; k < set->items[i]->count; k++)
                sum += fabs((double)set->items[i]->value[k]);
    return sum;
}

/* An optimizer that averages by itself leaves frozen weights what they are, and the rate. */
static void test_frozen_without_a_schedule(void **state) {
    (void)state;
    char folder[4096], path[4096];
    const char *frozen = "decos.0.lowrank.convs.0.weight";
    run_notes notes;
    detector *raw, *mean;
    name_folder("frozen", folder);
    assert_ok(TRAIN(folder, false, &notes, "train.optimizer=schedule_free", "train.freeze=decos.0.*"));
    assert_true(says(&notes, "train.schedule = poly is passed over"));
    assert_true(notes.last.learning_rate == 1e-3);
    assert_ok(path_join(path, folder, "last", ".h5"));
    assert_ok(checkpoint_load_weights(test_engine(), path, WEIGHTS_RAW, &raw));
    assert_ok(checkpoint_load_weights(test_engine(), path, WEIGHTS_BEST, &mean));
    assert_true(sum_of(raw, frozen) > 0);
    assert_true(fabs(sum_of(mean, frozen) - sum_of(raw, frozen)) < 1e-5 * sum_of(raw, frozen));
    detector_free(raw);
    detector_free(mean);
    assert_ok(TRAIN(folder, true, &notes, "train.optimizer=schedule_free", "train.freeze=decos.0.*", "train.epochs=3"));
}

/* Weights that have seen other grey values. */
static void test_other_range(void **state) {
    (void)state;
    char first[4096], second[4096], key[5000];
    run_notes notes;
    name_folder("stretched", first);
    assert_ok(TRAIN(first, false, &notes, "train.epochs=1", "data.range=percentile"));
    snprintf(key, sizeof key, "train.init=%s/last.h5", first);
    name_folder("from_it", second);
    assert_ok(TRAIN(second, false, &notes, key, "train.epochs=1"));
    assert_true(says(&notes, "another range of grey values than data.range = full"));
    name_folder("like_it", second);
    assert_ok(TRAIN(second, false, &notes, key, "train.epochs=1", "data.range=percentile"));
    assert_false(says(&notes, "another range"));
}

static double measured(detector *d, int phase) {
    metrics m;
    dataset *scenes;
    double ms;
    const evaluate_options options = {.sample.size = 32};
    detector_set_phase(d, phase);
    assert_ok(dataset_open(scratch_path("scenes"), "test", &scenes));
    assert_ok(evaluate_dataset(d, scenes, &options, &m, &ms));
    dataset_close(scenes);
    return metric_value(METRIC_niou, &m);
}

/* MSHNet is evaluated with m0 while only that is trained; whoever ends there is told. */
static void test_evaluated_as_trained(void **state) {
    (void)state;
    char folder[4096], path[4096], mshnet[4096], text[8192];
    run_notes notes;
    detector *d;
    snprintf(text, sizeof text,
             "[model]\nname = mshnet\nwarm_epochs = 1\n[data]\nroot = %s\nsize = 32\n[train]\nbatch_size = "
             "2\noptimizer = adagrad\nlearning_rate = 0.05\n",
             scratch_path("scenes"));
    snprintf(mshnet, sizeof mshnet, "%s", scratch_file("mshnet.ini", text, strlen(text)));
    name_folder("warm", folder);
    const char *one[] = {"train.epochs=1", NULL};
    assert_ok(runs_train_noting(mshnet, folder, false, &notes, one));
    assert_true(says(&notes, "ended before the last phase of mshnet"));
    assert_ok(path_join(path, folder, "best", ".h5"));
    assert_ok(checkpoint_load(test_engine(), path, &d));
    double warm = notes.last.used.values[METRIC_niou];
    assert_near(measured(d, 0), warm, 1e-6);
    assert_true(measured(d, 1) != warm);
    detector_free(d);
    /* The next epoch trains all there is, and is the best whatever the one before was. */
    const char *two[] = {"train.epochs=2", NULL};
    assert_ok(runs_train_noting(mshnet, folder, true, &notes, two));
    assert_false(says(&notes, "ended before"));
    assert_true(says(&notes, "best.h5 is epoch 2"));
}

/* The gates of RPCANet++ are normed by the batch: where it is one image, they know nothing of it. */
static void test_batches_of_one_image(void **state) {
    (void)state;
    char folder[4096], small[4096], text[8192];
    run_notes notes;
    snprintf(text, sizeof text,
             "[model]\nname = rpcanet_plusplus\nstages = 1\n[data]\nroot = %s\nsize = 32\n[train]\nepochs = 1\n"
             "learning_rate = 1e-3\nevaluate_every = 9\n",
             scratch_path("scenes"));
    snprintf(small, sizeof small, "%s", scratch_file("plusplus.ini", text, strlen(text)));
    static const struct {
        const char *batch, *drop, *told;
    } cases[] = {{"train.batch_size=1", "data.drop_last=true", "train.batch_size must be more than 1"},
                 {"train.batch_size=3", "data.drop_last=false", "data.drop_last = true"},
                 {"train.batch_size=3", "data.drop_last=true", NULL},
                 {"train.batch_size=5", "data.drop_last=false", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *overrides[] = {cases[i].batch, cases[i].drop, NULL};
        snprintf(folder, sizeof folder, "%s%d", scratch_path("alone"), (int)i);
        assert_ok(runs_train_noting(small, folder, false, &notes, overrides));
        assert_true(says(&notes, "one value of an image") == (cases[i].told != NULL));
        assert_true(!cases[i].told || says(&notes, cases[i].told));
    }
    const char *plain[] = {"train.epochs=1", "train.batch_size=1", NULL};
    name_folder("plain", folder);
    assert_ok(runs_train_noting(ini, folder, false, &notes, plain));
    assert_false(says(&notes, "one value of an image"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_image_counts_alike),     cmocka_unit_test(test_rate_after_a_change_of_data),
        cmocka_unit_test(test_numbers_are_compared_as_such), cmocka_unit_test(test_what_no_epoch_comes_to),
        cmocka_unit_test(test_frozen_without_a_schedule),    cmocka_unit_test(test_other_range),
        cmocka_unit_test(test_evaluated_as_trained),         cmocka_unit_test(test_batches_of_one_image),
    };
    return cmocka_run_group_tests(tests, write_recipe, NULL);
}
