/* What cells come to: means and deviations, what is left of the figures in noise, and the Pareto front. */
#include "core/io/file_io.h"
#include "eval/experiments/grid.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/experiments/pareto_front.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A data set of one sample, which is never opened. Works in the scratch folder from now on. */
static int make_data(void **state) {
    (void)state;
    if (chdir(scratch_path("")) != 0)
        return 1;
    assert_ok(folder_create("A/images"));
    assert_ok(folder_create("A/masks"));
    assert_ok(file_write("A/test.txt", "x\n", 2));
    assert_ok(file_write("A/images/x.png", "x\n", 2));
    return file_write("A/masks/x.png", "x\n", 2) != STATUS_OK;
}

static const experiment_kind noise_kind_of_experiment = {
    .name = "noise", .columns = noise_columns, .column_count = NOISE_COLUMNS, .conditions = noise_conditions};
static const experiment_kind plain_kind = {.name = "plain"};

static experiment *experiment_of(const char *methods) {
    char text[512];
    experiment *e;
    int length = snprintf(text, sizeof text, "[data]\nA = A\n[methods]\n%s[noise]\ngaussian = 0.1 0.2\nseeds = 1 2 3\n",
                          methods);
    const char *ini = scratch_file("grid.ini", text, (unsigned long)length);
    assert_ok(experiment_read(ini, NULL, 0, noise_keys, noise_key_count, &e));
    return e;
}

/* One more cell of a method, whose mIoU is so many percent. */
static cell *add_cell(grid *g, int method, int condition, int percent) {
    int place = method * g->condition_count + condition;
    cell *c = &g->cells[place * g->room + g->counts[place]++];
    *c = (cell){.params = 1500000, .counts = {.images = 1, .tp = percent, .fp = 100 - percent}};
    return c;
}

static void test_mean_and_deviation(void **state) {
    (void)state;
    static const grid_column miou = {.metric = METRIC_miou}, params = {.kind = COLUMN_PARAMS};
    experiment *e = experiment_of("a = mpcm\n");
    grid *g;
    assert_ok(grid_new(&noise_kind_of_experiment, e, "out", true, &g));
    assert_int_equal(g->condition_count, 3);
    assert_int_equal(g->room, 3);
    assert_int_equal(g->conditions[0].draws, 1); /* the clean image is one, whatever the seed */
    assert_int_equal(g->conditions[2].draws, 3);
    assert_true(isnan(grid_value(g, 0, 0, 0, &miou).value));
    cell *one = add_cell(g, 0, 0, 80);
    table_value v = grid_value(g, 0, 0, 0, &miou);
    assert_near(v.value, 80, 1e-6);
    assert_true(isnan(v.spread) && !v.has_range);
    one->has_intervals = true;
    one->intervals[METRIC_miou] = (interval){0.7, 0.85};
    v = grid_value(g, 0, 0, 0, &miou);
    assert_true(v.has_range && fabs(v.low - 70) < 1e-9 && fabs(v.high - 85) < 1e-9);
    one->intervals[METRIC_miou] = (interval){NAN, NAN};
    assert_false(grid_value(g, 0, 0, 0, &miou).has_range);
    for (int i = 0; i < 3; i++)
        add_cell(g, 0, 1, 60 - 10 * i)->has_intervals = true;
    v = grid_value(g, 0, 0, 1, &miou);
    assert_near(v.value, 50, 1e-6);
    assert_near(v.spread, 10, 1e-6); /* of a sample */
    assert_false(v.has_range);       /* it is of one cell */
    v = grid_value(g, 0, 0, 1, &params);
    assert_near(v.value, 1.5, 1e-9);
    assert_true(isnan(v.spread));
    grid_free(g);
    experiment_free(e);
}

static void expect_note(status (*summarise)(const grid *g, table *t), const grid *g, const char *expected) {
    table t = {0};
    bool found = false;
    assert_ok(summarise(g, &t));
    for (int i = 0; i < t.notes.count; i++)
        found |= !strcmp(t.notes.names[i], expected);
    if (!found)
        fail_msg("no note '%s', but '%s'", expected, t.notes.count ? t.notes.names[t.notes.count > 2 ? 2 : 0] : "");
    table_free(&t);
}

static void test_what_noise_leaves(void **state) {
    (void)state;
    static const int percents[2][3] = {{80, 50, 30}, {40, 60, 20}};
    experiment *e = experiment_of("a = mpcm\nb = mpcm\n");
    grid *g;
    assert_ok(grid_new(&noise_kind_of_experiment, e, "out", true, &g));
    for (int m = 0; m < 2; m++)
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < (c ? 3 : 1); i++)
                add_cell(g, m, c, percents[m][c] + (c ? 10 * (i - 1) : 0));
    expect_note(noise_summarise, g,
                "- A, Gaussian noise: of its mIoU on clean images a method keeps, on average over the levels, a 50.0 "
                "%, b 100.0 %. Highest mIoU: a at 0, b at 0.1, a at 0.2.");
    g->counts[1 * g->condition_count + 2] = 0; /* b is not measured at the last level: nobody is the best there */
    expect_note(noise_summarise, g,
                "- A, Gaussian noise: of its mIoU on clean images a method keeps, on average over the levels, a 50.0 "
                "%. Highest mIoU: a at 0, b at 0.1.");
    grid_free(g);
    experiment_free(e);
}

/* As fast and worse, or as good and slower, is not on it. */
static void test_front(void **state) {
    (void)state;
    static const struct {
        int percent;
        double ms;
    } cells[] = {{50, 10}, {40, 5}, {45, 10}, {50, 20}, {39, 7}};
    experiment *e = experiment_of("a = mpcm\nb = mpcm\nc = mpcm\nd = mpcm\ne = mpcm\nf = mpcm\n");
    grid *g;
    assert_ok(grid_new(&plain_kind, e, "out", true, &g));
    for (int m = 0; m < 5; m++) /* f is not measured */
        add_cell(g, m, 0, cells[m].percent)->ms_image = cells[m].ms;
    expect_note(pareto_front_summarise, g, "No other method is both as fast and as good on A: b (5 ms), a (10 ms).");
    grid_free(g);
    experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_and_deviation),
        cmocka_unit_test(test_what_noise_leaves),
        cmocka_unit_test(test_front),
    };
    return cmocka_run_group_tests(tests, make_data, NULL);
}
