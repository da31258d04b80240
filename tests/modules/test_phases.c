/* Networks whose training depends on the number of the step or of the epoch: resumed, they lead to the same bits. */
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "datasets/make/synthesize.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"

#include <stdio.h>

static char ini[4096];

static int make_scenes(void **state) {
    (void)state;
    char text[8192];
    const char *scenes = scratch_path("scenes");
    snprintf(text, sizeof text,
             "[data]\nroot = %s\n[train]\nbatch_size = 2\noptimizer = sgd\nlearning_rate = 1e-2\nepochs = 2\n", scenes);
    assert_ok(synthesize_folder(scenes, 2, 40, 4, 1, NULL, NULL));
    snprintf(ini, sizeof ini, "%s", scratch_file("few.ini", text, strlen(text)));
    return 0;
}

/* AGPCNet drops half of its last features, others in every step. */
static void test_dropout(void **state) {
    (void)state;
    skip_if_sanitized();
    runs_expect_resumed((recipe){ini, "model.name=agpcnet model.dropout=0.5 data.size=76"}, 1, "step 3 of 4");
    runs_expect_resumed(
        (recipe){ini, "model.name=agpcnet model.dropout=0.5 data.size=76 train.accumulate=2 train.schedule=constant"},
        1, "step 2 of 2");
}

/* MSHNet trains its first epochs on one head: stopped before and behind the change. */
static void test_phases(void **state) {
    (void)state;
    recipe r = {ini, "model.name=mshnet model.warm_epochs=2 data.size=32 train.optimizer=adagrad train.epochs=4"};
    runs_expect_resumed(r, 1, "step 3 of 8");
    runs_expect_resumed(r, 2, "step 5 of 8");
}

static void read_final(const char *folder, float weights[36]) {
    char path[4096];
    h5_file *file;
    assert_ok(path_join(path, folder, "last", ".h5"));
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read(file, "model/final.weight", H5_FLOAT32, 36, weights));
    h5_close(file);
}

/* What a phase leaves out is not moved, and does not decay, before its time. */
static void test_what_is_left_out_stays(void **state) {
    (void)state;
    float one[36], two[36];
    char folder[4096];
    for (int epochs = 1; epochs <= 2; epochs++) {
        char overrides[256];
        snprintf(folder, sizeof folder, "%s", scratch_path(epochs == 1 ? "once" : "twice"));
        snprintf(overrides, sizeof overrides,
                 "model.name=mshnet model.warm_epochs=5 data.size=32 train.optimizer=adamw train.weight_decay=1 "
                 "train.epochs=%d",
                 epochs);
        assert_ok(runs_train((recipe){ini, overrides}, folder, false, 0));
        read_final(folder, epochs == 1 ? one : two);
    }
    assert_memory_equal(one, two, sizeof one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_what_is_left_out_stays),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
