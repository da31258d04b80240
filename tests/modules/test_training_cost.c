/* What a checkpoint keeps of the time and the processors that its training took, and how tables tell it. */
#include "modules/training_cost.h"

#include "core/base/processors.h"
#include "core/io/file_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <string.h>

static char path[4096];

static int begin(void **state) {
    (void)state;
    snprintf(path, sizeof path, "%s", scratch_path("cost.h5"));
    return 0;
}

/* A training's checkpoint, of an older version without a cost. */
static void write(int64_t epochs, const training_cost *cost) {
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "trainer/epoch", H5_INT64, &(h5_shape){0}, &epochs));
    if (cost)
        assert_ok(training_cost_write(file, cost));
    assert_ok(h5_commit(file));
}

static void test_it_comes_back(void **state) {
    (void)state;
    training_cost found;
    write(44, &(training_cost){.processor_seconds = 960.5, .processors = "A; B"});
    assert_ok(training_cost_read_file(path, &found));
    assert_int_equal(found.epochs, 44);
    assert_true(found.processor_seconds == 960.5);
    assert_string_equal(found.processors, "A; B");
}

static void test_what_is_not_kept_is_not_known(void **state) {
    (void)state;
    training_cost found;
    h5_file *file;
    write(44, NULL);
    assert_ok(training_cost_read_file(path, &found));
    assert_true(found.epochs == 44 && found.processor_seconds == 0 && !*found.processors);
    assert_ok(h5_create(path, &file)); /* weights alone */
    assert_ok(h5_commit(file));
    assert_ok(training_cost_read_file(path, &found));
    assert_int_equal(found.epochs, 0);
    assert_ok(file_write(path, "a published file", 16));
    assert_ok(training_cost_read_file(path, &found));
    assert_int_equal(found.epochs, 0);
}

static void test_times_that_cannot_be(void **state) {
    (void)state;
    static const double wrong[] = {-1, INFINITY, NAN};
    training_cost found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write(1, &(training_cost){.processor_seconds = wrong[i]});
        assert_fails(training_cost_read_file(path, &found), STATUS_INPUT, path, "expected seconds");
    }
}

/* A run that goes on on the same machine names its processor once, one that a longer name begins with too. */
static void test_processors_are_named_once(void **state) {
    (void)state;
    char name[PROCESSOR_NAME];
    processor_name("", name);
    training_cost cost = {.processors = ""};
    training_cost_add(&cost, 2);
    training_cost_add(&cost, 3);
    assert_true(cost.processor_seconds == 5);
    assert_string_equal(cost.processors, name);
    char longer[128], both[300];
    snprintf(longer, sizeof longer, "%.100s 9000", name);
    snprintf(both, sizeof both, "%s; %s", longer, name);
    snprintf(cost.processors, sizeof cost.processors, "%s", longer);
    training_cost_add(&cost, 1);
    training_cost_add(&cost, 1);
    assert_string_equal(cost.processors, both);
    memset(cost.processors, 'x', sizeof cost.processors - 1);
    training_cost_add(&cost, 1); /* full */
    assert_int_equal(strlen(cost.processors), sizeof cost.processors - 1);
}

static void test_words(void **state) {
    (void)state;
    static const struct {
        training_cost cost;
        const char *text;
    } cases[] = {{{0, 50, "A"}, ""},
                 {{1, 0, ""}, "1 epoch"},
                 {{44, 90, "A"}, "44 epochs in 1.5 processor minutes, A"},
                 {{44, 960, "A; B"}, "44 epochs in 16 processor minutes, A; B"},
                 {{800, 36000, ""}, "800 epochs in 10.0 processor hours"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        training_cost_text(&cases[i].cost, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_comes_back),
        cmocka_unit_test(test_what_is_not_kept_is_not_known),
        cmocka_unit_test(test_times_that_cannot_be),
        cmocka_unit_test(test_processors_are_named_once),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
