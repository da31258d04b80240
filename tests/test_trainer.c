/* Whole runs of a small network: same seed same bits, resume equals no interruption. */
#include "core/file_io.h"
#include "core/hdf5_io.h"
#include "core/runtime.h"
#include "datasets/synthesize.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "train/train_config.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char scenes[4096], ini[4096];

static int make_scenes(void **state) {
    (void)state;
    static const char text[] = "[model]\nstages = 1\nbottleneck_channels = 2\ntotal_channels = 4\nse_reduction = 2\n"
                               "[data]\nroot = unset\nsize = 32\naugment = flips\n"
                               "[train]\nepochs = 3\nbatch_size = 4\nlearning_rate = 1e-3\nevaluate_every = 2\n";
    snprintf(scenes, sizeof scenes, "%s", scratch_path("scenes"));
    assert_ok(synthesize_folder(scenes, 2, 40, 10, 3, NULL, NULL));
    snprintf(ini, sizeof ini, "%s", scratch_file("tiny.ini", text, sizeof text - 1));
    return 0;
}

static status read_config(const char *extra, config **out) {
    char root[4200];
    snprintf(root, sizeof root, "data.root=%s", scenes);
    const char *overrides[] = {root, extra};
    return train_config_read(ini, overrides, extra ? 2 : 1, out);
}

static status train(const char *folder, const char *extra, bool resume,
                    void (*on_epoch)(void *, const train_report *)) {
    config *c;
    TRY(read_config(extra, &c));
    status result = trainer_run(c, &(train_options){.folder = folder, .resume = resume, .on_epoch = on_epoch});
    config_free(c);
    return result;
}

typedef struct bits {
    h5_file *a, *b;
    int compared;
} bits;

static status compare_dataset(void *context, const char *dataset) {
    bits *both = context;
    h5_shape shape;
    TRY(h5_get_shape(both->a, dataset, &shape));
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= (size_t)shape.size[i];
    double *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
    assert_true(x && y);
    assert_ok(h5_read(both->a, dataset, H5_FLOAT64, count, x));
    assert_ok(h5_read(both->b, dataset, H5_FLOAT64, count, y));
    if (memcmp(x, y, count * sizeof *x))
        fail_msg("%s differs", dataset);
    free(x);
    free(y);
    both->compared++;
    return STATUS_OK;
}

static void expect_same_checkpoints(const char *a, const char *b) {
    char path_a[4096], path_b[4096];
    bits both = {0};
    assert_ok(path_join(path_a, a, "last", ".h5"));
    assert_ok(path_join(path_b, b, "last", ".h5"));
    assert_ok(h5_open(path_a, &both.a));
    assert_ok(h5_open(path_b, &both.b));
    assert_ok(h5_each_dataset(both.a, "/", compare_dataset, &both));
    assert_true(both.compared > 100); /* model, optimizer and trainer */
    h5_close(both.a);
    h5_close(both.b);
}

static void test_same_seed_same_bits(void **state) {
    (void)state;
    char one[4096], two[4096];
    snprintf(one, sizeof one, "%s", scratch_path("one"));
    snprintf(two, sizeof two, "%s", scratch_path("two"));
    assert_ok(train(one, NULL, false, NULL));
    assert_ok(train(two, "train.threads=3", false, NULL));
    expect_same_checkpoints(one, two);
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

static void stop_after_epoch(void *context, const train_report *report) {
    (void)context;
    if (report->epoch == 1)
        trainer_interrupt();
}

/* The interruption is noticed after the first step of epoch 2: the run is resumed in the middle of an epoch. */
static void test_resume(void **state) {
    (void)state;
    char whole[4096], parts[4096];
    snprintf(whole, sizeof whole, "%s", scratch_path("whole"));
    snprintf(parts, sizeof parts, "%s", scratch_path("parts"));
    assert_ok(train(whole, NULL, false, NULL));
    assert_fails(train(parts, NULL, false, stop_after_epoch), STATUS_INTERRUPTED, "--resume", "step 4 of 9");
    assert_fails(train(parts, NULL, false, NULL), STATUS_USAGE, parts, "--resume");
    assert_fails(train(parts, "train.seed=2", true, NULL), STATUS_USAGE, "train.seed", "last.h5");
    assert_fails(train(parts, "model.stages=2", true, NULL), STATUS_USAGE, "model.stages", "last.h5");
    assert_ok(train(parts, "train.threads=2", true, NULL));
    expect_same_checkpoints(whole, parts);
    assert_ok(train(parts, NULL, true, NULL)); /* already done: nothing happens */
    expect_same_checkpoints(whole, parts);
}

/* Begun with recomputation in backward, gone on with without: as never with. */
static void test_checkpointing_changes_no_bits(void **state) {
    (void)state;
    char with[4096], without[4096];
    snprintf(with, sizeof with, "%s", scratch_path("with"));
    snprintf(without, sizeof without, "%s", scratch_path("without"));
    assert_ok(train(without, NULL, false, NULL));
    assert_fails(train(with, "train.checkpointing=stage", false, stop_after_epoch), STATUS_INTERRUPTED, "step 4 of 9",
                 "");
    assert_ok(train(with, NULL, true, NULL));
    expect_same_checkpoints(with, without);
}

/* Steps of size 10 through some thirty layers without normalisation: float32 overflows. */
static void test_a_diverging_loss_is_reported(void **state) {
    (void)state;
    char root[4200];
    snprintf(root, sizeof root, "data.root=%s", scenes);
    const char *overrides[] = {root, "model.stages=4", "train.learning_rate=10"};
    config *c;
    assert_ok(train_config_read(ini, overrides, 3, &c));
    train_options options = {.folder = scratch_path("diverging")};
    assert_fails(trainer_run(c, &options), STATUS_NUMERIC, "epoch", "learning_rate");
    config_free(c);
}

static void test_configuration(void **state) {
    (void)state;
    config *c;
    assert_fails(read_config("train.epochs=0", &c), STATUS_USAGE, "train.epochs", "1");
    assert_fails(read_config("train.nonsense=1", &c), STATUS_USAGE, "train.nonsense", "command line");
    assert_fails(read_config("model.name=none", &c), STATUS_USAGE, "none", "rpcanet_plus");
    assert_fails(train_config_read("missing.ini", NULL, 0, &c), STATUS_USAGE, "missing.ini", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_checkpointing_changes_no_bits),
        cmocka_unit_test(test_a_diverging_loss_is_reported),
        cmocka_unit_test(test_configuration),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
