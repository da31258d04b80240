/* A run folder: one training at a time, interruptions at any moment, a best.h5 that somebody took away. */
#include "core/io/file_io.h"
#include "core/io/folder_lock.h"
#include "datasets/make/synthesize.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/runs.h"
#include "train/trainer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static char ini[4096];

static int write_recipe(void **state) {
    (void)state;
    runs_write_tiny("tiny.ini", 1, "epochs = 4\nbatch_size = 4\nevaluate_every = 1\n", ini);
    return 0;
}

static recipe tiny(const char *overrides) {
    return (recipe){ini, overrides};
}

static void name_folder(const char *name, char out[4096]) {
    snprintf(out, 4096, "%s", scratch_path(name));
}

static void test_one_training_at_a_time(void **state) {
    (void)state;
    char folder[4096];
    folder_lock lock;
    name_folder("one", folder);
    assert_fails(runs_train(tiny(NULL), folder, false, 1), STATUS_INTERRUPTED, "--resume", "");
    assert_ok(folder_lock_take(folder, &lock));
    assert_fails(runs_train(tiny(NULL), folder, true, 0), STATUS_USAGE, folder, "in use by process");
    folder_lock_release(&lock);
    assert_ok(runs_train(tiny(NULL), folder, true, 0));
}

/* Of what is called like a temporary file only those of the run go. */
static void test_leftovers(void **state) {
    (void)state;
    static const char *const names[] = {"last.h5.123.0.tmp", "log.csv.99.17.tmp",  "notes.tmp",
                                        "last.h5.tmp",       "other.h5.123.0.tmp", "last.h5.123.0.tmp.tmp"};
    char folder[4096], path[4096];
    name_folder("leftovers", folder);
    assert_ok(folder_create(folder));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_ok(path_join(path, folder, names[i], ""));
        assert_ok(file_write(path, "x", 1));
    }
    assert_ok(runs_train(tiny("train.epochs=1"), folder, false, 0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_ok(path_join(path, folder, names[i], ""));
        assert_int_equal(path_is_file(path), i >= 2);
    }
}

static void interrupt(int number) {
    (void)number;
    trainer_interrupt();
}

/* By a clock, so that steps, evaluations and saving are all met; later and later, for an evaluation that is interrupted
 * is begun anew. */
static void test_interrupted_anywhere(void **state) {
    (void)state;
    char whole[4096], parts[4096], last[4096];
    name_folder("whole", whole);
    name_folder("parts", parts);
    assert_ok(path_join(last, parts, "last", ".h5"));
    assert_ok(runs_train(tiny(NULL), whole, false, 0));
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART}, before;
    sigaction(SIGALRM, &action, &before);
    int interruptions = 0;
    for (int i = 0;; i++) {
        struct itimerval moment = {.it_value.tv_usec = 1000 * (1 + 7 * i % 40 + 2 * i)};
        setitimer(ITIMER_REAL, &moment, NULL);
        status result = runs_train(tiny(NULL), parts, path_is_file(last), 0);
        setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
        if (result == STATUS_OK)
            break;
        assert_int_equal(result, STATUS_INTERRUPTED);
        interruptions++;
    }
    sigaction(SIGALRM, &before, NULL);
    assert_true(interruptions > 0);
    runs_expect_same(whole, parts);
}

static void test_missing_best(void **state) {
    (void)state;
    char folder[4096], best[4096];
    name_folder("best", folder);
    assert_ok(path_join(best, folder, "best", ".h5"));
    assert_fails(runs_train(tiny(NULL), folder, false, 3), STATUS_INTERRUPTED, "--resume", "");
    assert_true(path_is_file(best));
    assert_int_equal(unlink(best), 0);
    assert_ok(runs_train(tiny(NULL), folder, true, 0));
    assert_true(path_is_file(best));
}

/* The scenes anew from another seed under the same names, and with an image less. */
static void test_other_data(void **state) {
    (void)state;
    char folder[4096], scenes[4096], root[4200], list[4200], changed[8192];
    name_list names;
    name_folder("data", folder);
    name_folder("others", scenes);
    snprintf(root, sizeof root, "data.root=%s", scenes);
    assert_ok(synthesize_folder(scenes, 2, 40, 10, 3, NULL, NULL));
    assert_fails(runs_train(tiny(NULL), folder, false, 1), STATUS_INTERRUPTED, "--resume", "");
    assert_fails(runs_train(tiny(root), folder, true, 2), STATUS_INTERRUPTED, "--resume", ""); /* the same scenes */
    name_folder("anew", scenes);
    assert_ok(synthesize_folder(scenes, 5, 40, 10, 3, NULL, NULL));
    snprintf(root, sizeof root, "data.root=%s", scenes);
    assert_fails(runs_train(tiny(root), folder, true, 0), STATUS_USAGE, "trained on 10 images",
                 "other names or pixels");
    snprintf(list, sizeof list, "%s/train.txt", scenes);
    snprintf(changed, sizeof changed, "%s data.may_change=true", root);
    assert_ok(name_list_read(list, &names));
    FILE *stream = fopen(list, "w");
    for (int i = 1; i < names.count; i++)
        fprintf(stream, "%s\n", names.names[i]);
    fclose(stream);
    name_list_free(&names);
    assert_fails(runs_train(tiny(root), folder, true, 0), STATUS_USAGE, "10 images, now there are 9",
                 "data.may_change");
    assert_ok(runs_train(tiny(changed), folder, true, 0));
}

/* --- a run that is only looked at --- */

static status look(const char *folder, const char *overrides, bool resume, train_plan *plan) {
    config *c;
    TRY(runs_read(tiny(overrides), &c));
    status result = trainer_run(c, &(train_options){.folder = folder, .resume = resume, .plan = plan});
    config_free(c);
    return result;
}

static void test_plan(void **state) {
    (void)state;
    char folder[4096];
    train_plan plan;
    name_folder("looked_at", folder);
    assert_ok(look(folder, NULL, false, &plan));
    assert_false(path_is_folder(folder));
    assert_string_equal(plan.method, "rpcanet_plus");
    assert_int_equal(plan.images, 10);
    assert_int_equal(plan.batches, 3);
    assert_int_equal(plan.steps, 12);
    assert_int_equal(plan.steps_done, 0);
    assert_float_equal(plan.work, 4, 0);
    assert_true(plan.parameters > 100 && plan.memory > 1e5);
    assert_non_null(strstr(plan.validated_on, "of the split test of "));
    assert_fails(look(folder, "data.train_split=none", false, &plan), STATUS_INPUT, "none.txt", "");
    assert_fails(runs_train(tiny(NULL), folder, false, 1), STATUS_INTERRUPTED, "--resume", "step 4 of 12");
    assert_fails(look(folder, NULL, false, &plan), STATUS_USAGE, folder, "--resume");
    assert_ok(look(folder, NULL, true, &plan));
    assert_int_equal(plan.steps_done, 4);
    assert_ok(runs_train(tiny(NULL), folder, true, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_one_training_at_a_time),
        cmocka_unit_test(test_missing_best),
        cmocka_unit_test(test_other_data),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_interrupted_anywhere), /* the last: an interruption may come after the end */
    };
    return cmocka_run_group_tests(tests, write_recipe, NULL);
}
