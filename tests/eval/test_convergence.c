/* The curves of convergence, against sums over maps of single images made here. */
#include "eval/figures/convergence.h"

#include "core/io/file_io.h"
#include "datasets/make/synthesize.h"
#include "eval/figures/convergence_figure.h"
#include "eval/measure/metric_table.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 48, PIXELS = SIZE * SIZE, IMAGES = 3, STAGES = 2, MORE = 2 };

static dataset *set;

static int make_set(void **state) {
    (void)state;
    static char folder[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("scenes"));
    assert_ok(synthesize_folder(folder, 5, SIZE, 1, IMAGES, NULL, NULL));
    return dataset_open(folder, "test", &set) == STATUS_OK ? 0 : -1;
}

static int close_set(void **state) {
    (void)state;
    dataset_close(set);
    return 0;
}

static const char *const tiny[] = {"model.name",
                                   "rpcanet_plus",
                                   "model.stages",
                                   "2",
                                   "model.bottleneck_channels",
                                   "2",
                                   "model.total_channels",
                                   "4",
                                   "model.se_reduction",
                                   "2",
                                   NULL};

static const evaluate_options options = {.how = {.rule = RULE_LOGIT}};

/* Root of the sum of squares of a - b - c - d; those that are NULL are 0. */
static double norm(const float *a, const float *b, const float *c, const float *d) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        double v = (double)a[i] - (b ? b[i] : 0) - (c ? c[i] : 0) - (d ? d[i] : 0);
        sum += v * v;
    }
    return sqrt(sum);
}

static void test_stages(void **state) {
    (void)state;
    static convergence c;
    detector *d;
    assert_ok(golden_detector(tiny, &d));
    assert_ok(convergence_measure(d, set, &options, MORE, &c));
    assert_true(c.steps == STAGES + MORE && c.trained == STAGES);
    double residual[STAGES] = {0}, change[CONVERGENCE_PARTS][STAGES] = {{0}};
    for (int i = 0; i < IMAGES; i++) { /* afterwards the detector has its own stages again */
        sample s;
        detector_maps maps;
        assert_ok(sample_read(set, i, &options.sample, &s));
        assert_ok(detector_run(d, s.image, SIZE, SIZE, DETAIL_STAGES, &maps));
        assert_int_equal(maps.stage_count, 4 * STAGES);
        double whole = norm(s.image, NULL, NULL, NULL);
        for (int k = 0; k < STAGES; k++) {
            const detector_map *now = &maps.stages[4 * k]; /* B, T, N, D */
            residual[k] += norm(s.image, now[0].map, now[1].map, now[2].map) / whole / IMAGES;
            for (int p = 0; p < CONVERGENCE_PARTS; p++)
                change[p][k] += norm(now[p].map, k ? now[p - 4].map : NULL, NULL, NULL) / whole / IMAGES;
        }
        sample_free(&s);
    }
    for (int k = 0; k < STAGES; k++) {
        assert_true(fabs(c.residual[k] - residual[k]) < 1e-5 * residual[k]);
        for (int p = 0; p < CONVERGENCE_PARTS; p++)
            if (k == 0 && p == 0)
                assert_true(isnan(c.change[p][k])); /* there is no B^0 */
            else
                assert_true(fabs(c.change[p][k] - change[p][k]) < 1e-5 * change[p][k]);
    }
    detector_free(d);
}

/* T^K, the last trained stage, is what the network predicts. */
static void test_scores_of_a_stage(void **state) {
    (void)state;
    static convergence c;
    metrics whole;
    detector *d;
    assert_ok(golden_detector(tiny, &d));
    assert_ok(evaluate_dataset(d, set, &options, &whole, NULL));
    assert_ok(convergence_measure(d, set, &options, MORE, &c));
    assert_true(c.counts[STAGES - 1].tp == whole.tp && c.counts[STAGES - 1].fp == whole.fp);
    assert_true(c.counts[STAGES - 1].images == IMAGES && c.counts[STAGES + MORE - 1].images == IMAGES);
    detector_free(d);
}

static void test_iterations(void **state) {
    (void)state;
    static convergence c;
    detector *d;
    const evaluate_options by_maximum = {.how = {.rule = RULE_MAX}};
    assert_ok(golden_detector((const char *[]){"model.name", "pstnn", NULL}, &d));
    assert_ok(convergence_measure(d, set, &by_maximum, 0, &c));
    assert_true(c.trained == 0 && c.steps > 1);
    assert_true(c.residual[0] > c.residual[c.steps - 1] && c.residual[c.steps - 1] > 0);
    detector_free(d);
    assert_ok(golden_detector((const char *[]){"model.name", "mpcm", NULL}, &d));
    assert_fails(convergence_measure(d, set, &by_maximum, 0, &c), STATUS_USAGE, "mpcm", "neither stages nor");
    detector_free(d);
    assert_ok(golden_detector(tiny, &d));
    assert_fails(convergence_measure(d, set, &options, 31, &c), STATUS_USAGE, "31 stages", "expected 0 to 30");
    detector_free(d);
}

static void test_files(void **state) {
    (void)state;
    static named_convergence curves[2] = {
        {"Net", {.steps = 2, .trained = 1, .residual = {0.5, 0.25}, .change = {{NAN, 0.5}, {1, 0.1}, {NAN, NAN}}}},
        {"Solver", {.steps = 3, .residual = {1, 0.1, 0.01}}}};
    char folder[4096], path[4096];
    uint8_t *text;
    size_t size;
    snprintf(folder, sizeof folder, "%s", scratch_path("figures"));
    assert_ok(folder_create(folder));
    assert_ok(convergence_figure_write("Convergence", curves, 2, folder, "c"));
    assert_ok(path_join(path, folder, "c", ".csv"));
    assert_ok(file_read(path, 1 << 20, &text, &size));
    static const char expected[] = "method,step,kind,residual,change_b,change_t,change_n,miou,pd,fa\n"
                                   "Net,1,trained,0.5,,1,,0,0,0\n"
                                   "Net,2,repeated,0.25,0.5,0.1,,0,0,0\n"
                                   "Solver,1,iteration,1,,,,,,\n"
                                   "Solver,2,iteration,0.1,,,,,,\n"
                                   "Solver,3,iteration,0.01,,,,,,\n";
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(text, expected, size);
    free(text);
    assert_ok(path_join(path, folder, "c", ".svg"));
    assert_ok(file_read(path, 1 << 20, &text, &size));
    assert_non_null(memmem(text, size, "<svg", 4));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_scores_of_a_stage),
        cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, make_set, close_set);
}
