/* The metrics beyond the published ones, by hand and by plain loops; the rules; the table itself. */
#include "core/base/rng.h"
#include "eval/measure/evaluation_report.h"
#include "eval/measure/metric_table.h"
#include "tests/expect.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 24, HEIGHT = 20, PIXELS = WIDTH * HEIGHT };

typedef struct scene {
    float score[PIXELS], image[PIXELS];
    uint8_t label[PIXELS];
} scene;

static void paint(scene *s, int x0, int y0, int x1, int y1, float score, int label) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            s->score[y * WIDTH + x] = score;
            s->label[y * WIDTH + x] = (uint8_t)label;
        }
}

static scored_image scored(const scene *s, score_kind kind) {
    return (scored_image){.width = WIDTH,
                          .height = HEIGHT,
                          .score = s->score,
                          .kind = kind,
                          .logit = s->score,
                          .label = s->label,
                          .image = s->image};
}

static metrics measure(const scene *s, const scoring *how) {
    metrics m = {0};
    const scored_image image = scored(s, SCORE_PROBABILITY);
    assert_ok(metrics_add(&m, &image, how));
    return m;
}

static double value(metric_id id, const metrics *m) {
    return metric_value(id, m);
}

/* A target of 4 pixels found whole and one pixel more, one of 12 missed, and a false alarm of 3 pixels. */
static void test_by_hand(void **state) {
    (void)state;
    scene s = {0};
    paint(&s, 2, 2, 3, 3, 0.95f, 1);
    paint(&s, 4, 2, 4, 2, 0.95f, 0);
    paint(&s, 10, 5, 12, 8, 0.25f, 1);
    paint(&s, 18, 15, 20, 15, 0.65f, 0);
    metrics m = measure(&s, &(scoring){.rule = RULE_SCORE});
    assert_true(m.detections == 2 && m.centroid_detected == 1 && m.centroid_false_pixels == 3);
    assert_true(m.old_false_pixels == 3 && m.false_pixels_all == 4);
    assert_true(value(METRIC_target_precision, &m) == 0.5 && value(METRIC_target_recall, &m) == 0.5);
    assert_true(value(METRIC_target_f1, &m) == 0.5);
    assert_true(value(METRIC_fa_centroid, &m) == 3.0 / PIXELS && value(METRIC_fa_all, &m) == 4.0 / (PIXELS - 16));
    /* One pair with IoU 4/5; 1 match, 1 stray detection, 1 target with no detection near: 1/3. */
    assert_true(fabs(value(METRIC_seg_iou, &m) - 0.8) < 1e-15 && fabs(value(METRIC_loc_iou, &m) - 1.0 / 3) < 1e-15);
    assert_true(fabs(value(METRIC_hiou, &m) - 0.8 / 3) < 1e-15);
    assert_true(fabs(value(METRIC_seg_interference, &m) - 0.2) < 1e-15 && value(METRIC_seg_merge, &m) == 0);
    assert_true(value(METRIC_loc_interference, &m) == 1.0 / 3 && value(METRIC_loc_perception, &m) == 1.0 / 3);
    assert_true(value(METRIC_loc_one_to_many, &m) == 0 && value(METRIC_loc_many_to_one, &m) == 0);
    assert_true(value(METRIC_pd_size_9, &m) == 1 && value(METRIC_pd_size_25, &m) == 0);
    assert_true(isnan(value(METRIC_pd_size_80, &m)));
    /* Levels 0.1 and 0.2 find both targets with 3 detections, 0.3 to 0.6 one of 2, 0.7 to 0.9 one of 1, 1.0 nothing. */
    assert_true(fabs(value(METRIC_target_ap, &m) - (0.5 * 1 + 0.5 * 2.0 / 3)) < 1e-15);
}

/* Nothing found: hIoU is 0 and not undefined. */
static void test_nothing_found(void **state) {
    (void)state;
    scene s = {0};
    paint(&s, 2, 2, 3, 3, 0, 1);
    metrics m = measure(&s, &(scoring){.rule = RULE_SCORE});
    assert_true(value(METRIC_hiou, &m) == 0 && value(METRIC_loc_perception, &m) == 1);
    assert_true(isnan(value(METRIC_seg_iou, &m)) && isnan(value(METRIC_target_precision, &m)));
    assert_true(value(METRIC_target_ap, &m) == 0);
}

static void expect_line(const metrics *m, const char *line) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const evaluation e = {.method = "m", .dataset = "d", .split = "test", .counts = *m};
    assert_ok(evaluation_print(&e, REPORT_TEXT, REPORT_PUBLISHED, stream));
    fclose(stream);
    assert_non_null(strstr(text, line));
    free(text);
}

/* Without a target the published Fa sees nothing; the counts beside it do. */
static void test_empty_images(void **state) {
    (void)state;
    scene full = {0}, empty = {0};
    paint(&full, 2, 2, 3, 3, 1, 1);
    paint(&full, 9, 9, 9, 9, 1, 0);
    paint(&empty, 5, 5, 6, 6, 1, 0);
    paint(&empty, 15, 5, 15, 5, 1, 0);
    metrics m = measure(&full, &(scoring){.rule = RULE_MAX}), none = measure(&empty, &(scoring){.rule = RULE_MAX});
    metrics_merge(&m, &none);
    assert_true(m.images == 2 && m.empty_images == 1 && m.empty_false_pixels == 5 && m.empty_detections == 2);
    assert_true(value(METRIC_fa, &m) == 1.0 / (PIXELS - 4));
    assert_true(value(METRIC_fa_all, &m) == 6.0 / (2 * PIXELS - 4));
    assert_true(value(METRIC_fa_centroid, &m) == 6.0 / (2 * PIXELS));
    /* nIoU counts such an image as 0, though nothing may be wrong there, and the report says so. */
    scene right = {0};
    metrics nothing = measure(&right, &(scoring){.rule = RULE_MAX});
    assert_true(value(METRIC_niou, &nothing) == 0);
    expect_line(&m, " e-5; nIoU counts it as 0\n");
    metrics_merge(&m, &nothing);
    expect_line(&m, "2 images have no target: 5 pixels in 2 components");
    expect_line(&m, "; nIoU counts each of them as 0\n");
}

/* What is predicted where there is no target depends on the rule: each of several has its own line. */
static void test_empty_images_by_rule(void **state) {
    (void)state;
    scene empty = {0};
    paint(&empty, 5, 5, 6, 6, 0.375f, 0);
    evaluation all[4];
    for (int i = 0; i < 4; i++) {
        const scoring how = {.rule = i < 2 ? RULE_MAX : RULE_SCORE, .protocol = (match_protocol)(i % 2)};
        all[i] = (evaluation){.method = "m", .dataset = "d", .split = "test", .options.how = how};
        all[i].counts = measure(&empty, &how);
    }
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_ok(evaluation_print_all(all, 4, REPORT_TEXT, stream));
    fclose(stream);
    assert_non_null(strstr(text, "\nrule max: 1 image has no target: 4 pixels in 1 components were predicted there, "));
    assert_non_null(
        strstr(text, "\nrule score: 1 image has no target: 0 pixels in 0 components were predicted there, "));
    free(text);
}

/* Equal areas are forgiven by the old form alone. */
static void test_old_false_alarms(void **state) {
    (void)state;
    scene s = {0};
    paint(&s, 3, 3, 4, 4, 1, 1);
    paint(&s, 15, 15, 16, 16, 1, 0);
    paint(&s, 20, 3, 22, 3, 1, 0);
    metrics m = measure(&s, &(scoring){.rule = RULE_MAX});
    assert_true(m.centroid_false_pixels == 7 && m.old_false_pixels == 3);
}

/* Pd at a given Fa is the best of the ROC's points below it, found here one by one. */
static void test_pd_at_fa(void **state) {
    (void)state;
    rng r = rng_new(4, 0);
    scene s = {0};
    for (int i = 0; i < PIXELS; i++)
        s.score[i] = (float)rng_below(&r, 120) / 200;
    paint(&s, 2, 2, 3, 3, 1, 1);
    paint(&s, 10, 5, 12, 8, 0.5f, 1);
    metrics m = measure(&s, &(scoring){.rule = RULE_MAX});
    assert_true(value(METRIC_pd_at_fa_1e6, &m) == 0.5);
    m.roc_background = 100000000; /* as if on a large set: more points come below */
    assert_true(value(METRIC_pd_at_fa_1e4, &m) == 1 && value(METRIC_pd_at_fa_1e5, &m) == 1);
    /* The rate itself is allowed. */
    metrics at = {.roc_background = 1000000, .roc_targets = 4, .roc_detected = {3}, .roc_false_pixels = {1}};
    assert_true(value(METRIC_pd_at_fa_1e6, &at) == 0.75);
    at.roc_false_pixels[0] = 2;
    assert_true(value(METRIC_pd_at_fa_1e6, &at) == 0);
}

/* Each rule against its formula in float32, pixel by pixel. */
static void test_rules(void **state) {
    (void)state;
    rng r = rng_new(9, 0);
    scene s = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < PIXELS; i++) {
        s.score[i] = (float)(2 * rng_uniform(&r) - 0.5);
        sum += s.score[i];
        squares += (double)s.score[i] * s.score[i];
    }
    float most = -1, least = 2, mean = (float)(sum / PIXELS);
    float deviation = (float)sqrt(squares / PIXELS - sum / PIXELS * sum / PIXELS);
    for (int i = 0; i < PIXELS; i++) {
        most = fmaxf(most, s.score[i]);
        least = fminf(least, s.score[i]);
    }
    const scored_image raw = scored(&s, SCORE_RAW), probability = scored(&s, SCORE_PROBABILITY);
    for (int i = 0; i < SCORE_RULES; i++) {
        score_rule rule = (score_rule)i;
        double threshold = i == RULE_MINMAX ? 0.22 : i == RULE_SIGMA ? 1 : score_rule_threshold(rule);
        uint8_t got[PIXELS], got_probability[PIXELS];
        int64_t count = score_rule_apply(rule, threshold, &raw, got), expected = 0;
        score_rule_apply(rule, threshold, &probability, got_probability);
        for (int k = 0; k < PIXELS; k++) {
            float v = s.score[k];
            const bool is[SCORE_RULES] = {[RULE_MAX] = v / most > 0.5f,
                                          [RULE_LOGIT] = v > 0,
                                          [RULE_SCORE] = v / most > 0.5f,
                                          [RULE_MINMAX] = (v - least) / (most - least) > 0.22f,
                                          [RULE_SIGMA] = (v - mean) / deviation > 1};
            assert_int_equal(got[k], is[i]);
            assert_int_equal(got_probability[k], rule == RULE_SCORE ? v > 0.5f : is[i]);
            expected += is[i];
        }
        assert_int_equal(count, expected);
    }
    scene flat = {0};
    uint8_t got[PIXELS];
    const scored_image nothing = scored(&flat, SCORE_RAW);
    for (int i = 0; i < SCORE_RULES; i++) /* 0 / 0 is above nothing */
        assert_int_equal(score_rule_apply((score_rule)i, score_rule_threshold((score_rule)i), &nothing, got), 0);
}

static void test_given_threshold(void **state) {
    (void)state;
    scene s = {0};
    paint(&s, 2, 2, 3, 3, 0.4f, 1);
    const double threshold = 0.3;
    assert_int_equal(measure(&s, &(scoring){.rule = RULE_SCORE}).tp, 0);
    assert_int_equal(measure(&s, &(scoring){.rule = RULE_SCORE, .threshold = &threshold}).tp, 4);
}

/* Names are unique, plain words; every metric of an ordinary scene is finite or NaN. */
static void test_table(void **state) {
    (void)state;
    for (int i = 0; i < METRICS; i++) {
        assert_int_equal(metric_find(metric_table[i].name), i);
        for (const char *c = metric_table[i].name; *c; c++)
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        assert_true(*metric_table[i].label && *metric_table[i].help);
    }
    assert_int_equal(metric_find("nothing"), METRICS);
    assert_true(metric_is_error(METRIC_fa) && metric_is_error(METRIC_fa_old) && !metric_is_error(METRIC_pd));
    const metrics m = {.targets = 4, .targets_detected = 3, .false_pixels = 1, .area_pixels = 1000};
    assert_true(metric_shown(METRIC_pd, &m) == 75 && fabs(metric_shown(METRIC_fa, &m) - 100) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_empty_images),
        cmocka_unit_test(test_empty_images_by_rule),
        cmocka_unit_test(test_old_false_alarms),
        cmocka_unit_test(test_pd_at_fa),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_given_threshold),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
