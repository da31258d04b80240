/* Several processes that train one network: the run of one process with the same batches, but for rounding. Here they
 * are threads (thread_peers.h); tests/train/test_mpi.sh has processes. */
#include "core/base/clock.h"
#include "core/io/file_io.h"
#include "modules/training_cost.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_EPOCHS = 64 };

/* What log.csv says of each epoch. */
typedef struct trace {
    int count;
    double loss[MOST_EPOCHS], norm[MOST_EPOCHS], miou[MOST_EPOCHS];
} trace;

static double field(const char *line, int number) {
    while (number-- > 0)
        line = strchr(line, ',') + 1;
    return strtod(line, NULL);
}

static int column(const char *head, const char *name) {
    int number = 0;
    const char *at = strstr(head, name);
    assert_non_null(at);
    for (const char *c = head; c < at; c++)
        number += *c == ',';
    return number;
}

static trace read_trace(const char *folder) {
    char path[4096], line[8192];
    assert_ok(path_join(path, folder, "log", ".csv"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    int norm = column(line, "gradient_norm"), miou = column(line, "miou");
    trace t = {0};
    for (; fgets(line, sizeof line, f); t.count++) {
        assert_true(t.count < MOST_EPOCHS);
        t.loss[t.count] = field(line, 3);
        t.norm[t.count] = field(line, norm);
        t.miou[t.count] = field(line, miou);
    }
    fclose(f);
    return t;
}

static const char *run_folder(void) {
    static int number;
    char name[32];
    snprintf(name, sizeof name, "run%d", ++number);
    return scratch_path(name);
}

/* Rounding alone makes a pixel at the edge of a ReLU change sides now and then: that was seen to move the gradient's
 * norm by 2e-3 (gcc -O1) and the loss by 1.4e-6. An idle rank's gradient counted wrongly moves the norm by 6 % and
 * more. */
static void expect_same_trace(const trace *a, const trace *b, int ranks) {
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        if (!(fabs(a->loss[i] - b->loss[i]) <= 1e-5 * fabs(a->loss[i])))
            fail_msg("epoch %d of %d ranks: loss %.9g, alone %.9g", i + 1, ranks, b->loss[i], a->loss[i]);
        if (!(fabs(a->norm[i] - b->norm[i]) <= 1e-2 * fabs(a->norm[i])))
            fail_msg("epoch %d of %d ranks: gradient %.9g, alone %.9g", i + 1, ranks, b->norm[i], a->norm[i]);
    }
}

static void expect_same_run(recipe r, int ranks) {
    char alone[4096], together[4096];
    snprintf(alone, sizeof alone, "%s", run_folder());
    snprintf(together, sizeof together, "%s", run_folder());
    assert_ok(runs_train(r, alone, false, 0));
    assert_ok(runs_train_together(r, together, false, 0, ranks));
    trace a = read_trace(alone), b = read_trace(together);
    assert_true(a.count > 0);
    expect_same_trace(&a, &b, ranks);
}

/* Ten images, 34 samples an epoch: in batches of four there are nine steps, the last of them with fewer images than
 * there are ranks, if those are four. */
static recipe network(const char *name, const char *model, const char *train, int images) {
    static char ini[4096], text[4096];
    runs_write_tiny("scenes.ini", 1, "", ini); /* for the scenes */
    snprintf(text, sizeof text,
             "[model]\nname = %s\n%s[data]\nroot = %s\nsize = 32\naugment = flips\nweights = 3.4\n"
             "[train]\nbatch_size = %d\nlearning_rate = 1e-4\nevaluate_every = 10\n%s",
             name, model, scratch_path("scenes"), images, train);
    snprintf(ini, sizeof ini, "%s", scratch_file("network.ini", text, strlen(text)));
    return (recipe){ini, NULL};
}

/* More than fifty steps; the first nine, where sanitizers make each a slow one. */
#define EPOCHS (is_sanitized() ? "epochs = 1\n" : "epochs = 6\n")
#define TINY "stages = 2\nbottleneck_channels = 2\ntotal_channels = 4\nse_reduction = 2\n"

/* Batch norm and gates; losses pooled over each image and over the batch. */
static void test_rpcanet_plus(void **state) {
    (void)state;
    recipe r = network("rpcanet_plus", TINY, EPOCHS, 4);
    expect_same_run(r, 4);
}

/* Fewer values kept, and several batches to a step, of which the last one leaves two ranks idle that have gradients of
 * the ones before. */
static void test_recomputed_and_accumulated(void **state) {
    (void)state;
    expect_same_run(network("rpcanet_plus", TINY,
                            "epochs = 2\ncheckpointing = stage\naccumulate = 3\n"
                            "loss = dice2:batch + bce + 0.01 mse\naverage = 0.9\n",
                            4),
                    4);
}

static void test_rpcanet(void **state) {
    (void)state;
    expect_same_run(network("rpcanet", "stages = 2\ntotal_channels = 4\n", EPOCHS, 4), 4);
}

/* A loss of its own for the first epochs, and norms of maps of two by two pixels. */
static void test_mshnet(void **state) {
    (void)state;
    skip_if_sanitized();
    recipe r = network("mshnet", "warm_epochs = 1\n", "epochs = 2\n", 4);
    r.overrides = "data.weights=1";
    expect_same_run(r, 4);
}

/* Dropout: what is dropped depends on an image's place in the whole batch. */
static void test_agpcnet(void **state) {
    (void)state;
    skip_if_sanitized();
    recipe r = network("agpcnet", "dropout = 0.5\n", "epochs = 1\n", 10);
    r.overrides = "data.weights=1";
    expect_same_run(r, 2);
}

/* A run that two processes begin, one continues and four end. Whoever is told to stop stops all. */
static void test_resumed_by_others(void **state) {
    (void)state;
    char alone[4096], together[4096];
    recipe r = network("rpcanet_plus", TINY, "epochs = 6\n", 4);
    r.overrides = "data.weights=1";
    snprintf(alone, sizeof alone, "%s", run_folder());
    snprintf(together, sizeof together, "%s", run_folder());
    assert_ok(runs_train(r, alone, false, 0));
    assert_fails(runs_train_together(r, together, false, 2, 2), STATUS_INTERRUPTED, "--resume", "step 7 of 18");
    assert_fails(runs_train(r, together, true, 4), STATUS_INTERRUPTED, "--resume", "step 13 of 18");
    assert_ok(runs_train_together(r, together, true, 0, 4));
    trace a = read_trace(alone), b = read_trace(together);
    expect_same_trace(&a, &b, 4);
    assert_true(fabs(a.miou[5] - b.miou[5]) <= 1e-3); /* of the split, over which the ranks spread */
}

/* Of the last batch of each epoch one rank has the only image: what the others spent counts as well. Threads all count
 * the time of one process, so that it is there four times, but for what came before the first step. */
static void test_cost_is_of_all(void **state) {
    (void)state;
    char folder[4096], last[4096];
    recipe r = network("rpcanet_plus", TINY, "epochs = 8\n", 4);
    training_cost cost;
    r.overrides = "data.weights=1.3";
    snprintf(folder, sizeof folder, "%s", run_folder());
    double begun = clock_processor_seconds();
    assert_ok(runs_train_together(r, folder, false, 0, 4));
    double spent = clock_processor_seconds() - begun;
    assert_ok(path_join(last, folder, "last", ".h5"));
    assert_ok(training_cost_read_file(last, &cost));
    if (!(cost.processor_seconds > 1.5 * spent))
        fail_msg("%g processor seconds of 4 ranks that spent %g each", cost.processor_seconds, spent);
}

static void test_refused(void **state) {
    (void)state;
    recipe r = network("rpcanet_plus", TINY, "epochs = 1\n", 4);
    assert_fails(runs_train_together(r, run_folder(), false, 0, 5), STATUS_USAGE, "train.batch_size = 4",
                 "5 processes");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rpcanet_plus),   cmocka_unit_test(test_recomputed_and_accumulated),
    cmocka_unit_test(test_rpcanet),        cmocka_unit_test(test_mshnet),
    cmocka_unit_test(test_agpcnet),        cmocka_unit_test(test_resumed_by_others),
    cmocka_unit_test(test_cost_is_of_all), cmocka_unit_test(test_refused),
};

int main(void) {
    return cmocka_run_group_tests_name("together", tests, NULL, NULL);
}
