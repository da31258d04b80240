#include "tests/expect.h"

#include "core/base/rng.h"
#include "datasets/check/components.h"
#include "eval/measure/metric_table.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 24, HEIGHT = 20, PIXELS = WIDTH * HEIGHT };

typedef struct scene {
    float score[PIXELS];
    uint8_t label[PIXELS];
} scene;

static void fill(float *map, float value) {
    for (int i = 0; i < PIXELS; i++)
        map[i] = value;
}

static void target(scene *s, int x0, int y0, int x1, int y1) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            s->label[y * WIDTH + x] = 1;
}

static void blob(scene *s, int x0, int y0, int x1, int y1, float value) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            s->score[y * WIDTH + x] = value;
}

static scored_image scored(const float *score, const float *logit, const uint8_t *label) {
    return (scored_image){
        .width = WIDTH, .height = HEIGHT, .score = score, .kind = SCORE_RAW, .logit = logit, .label = label};
}

static metrics measure(const scene *s, score_rule rule, match_protocol protocol) {
    metrics m = {0};
    const scored_image image = scored(s->score, s->score, s->label);
    assert_ok(metrics_add(&m, &image, &(scoring){.rule = rule, .protocol = protocol}));
    return m;
}

/* One target of 4 pixels hit in 2, one of 6 missed, one false pixel: all counts by hand. */
static void test_counts_by_hand(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 2, 2, 3, 3);
    target(&s, 10, 5, 12, 6);
    blob(&s, 3, 2, 3, 3, 0.75f);
    blob(&s, 20, 15, 20, 15, 0.875f);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_int_equal(m.images, 1);
    assert_int_equal(m.tp, 2);
    assert_int_equal(m.fp, 1);
    assert_int_equal(m.fn, 8);
    assert_int_equal(m.targets, 2);
    assert_int_equal(m.targets_detected, 1);
    assert_int_equal(m.false_pixels, 1);
    assert_int_equal(m.area_pixels, PIXELS - 10);
    /* 2.2e-16 in a denominator of at least 2 is lost in rounding: plain quotients, within their own rounding. */
    assert_true(fabs(metric_value(METRIC_miou, &m) - 2.0 / 11) < 1e-15 &&
                fabs(metric_value(METRIC_niou, &m) - 2.0 / 11) < 1e-15);
    assert_true(fabs(metric_value(METRIC_precision, &m) - 2.0 / 3) < 1e-15 &&
                fabs(metric_value(METRIC_recall, &m) - 0.2) < 1e-15);
    assert_true(fabs(metric_value(METRIC_f1, &m) - 2 * (2.0 / 3 * 0.2) / (2.0 / 3 + 0.2)) < 1e-15);
    assert_true(metric_value(METRIC_pd, &m) == 0.5 && metric_value(METRIC_fa, &m) == 1.0 / (PIXELS - 10));
}

/* Half of the maximum exactly is not predicted (the test is strict); the next float is. */
static void test_half_of_the_maximum(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 4, 4, 4, 4);
    blob(&s, 0, 0, 0, 0, 3.0f);
    blob(&s, 4, 4, 4, 4, 1.5f);
    assert_int_equal(measure(&s, RULE_MAX, PROTOCOL_OVERLAP).tp, 0);
    blob(&s, 4, 4, 4, 4, nextafterf(1.5f, 2));
    assert_int_equal(measure(&s, RULE_MAX, PROTOCOL_OVERLAP).tp, 1);
    fill(s.score, 0); /* logit 0 is not predicted either */
    blob(&s, 4, 4, 4, 4, 1e-30f);
    metrics m = measure(&s, RULE_LOGIT, PROTOCOL_OVERLAP);
    assert_true(m.tp == 1 && m.fp == 0);
}

static void test_zero_map_predicts_nothing(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 4, 4, 5, 5);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(m.tp == 0 && m.fp == 0 && m.fn == 4 && m.targets == 1);
    for (int i = 0; i < ROC_POINTS; i++) /* 0 / 0 passes no threshold, not even 0 */
        assert_true(m.roc_detected[i] == 0 && m.roc_false_pixels[i] == 0);
    assert_true(metric_value(METRIC_auc, &m) == 0);
}

/* The quotient by a negative maximum is at least 1 in every pixel. */
static void test_negative_maximum_predicts_all(void **state) {
    (void)state;
    scene s = {0};
    fill(s.score, -5);
    blob(&s, 1, 1, 1, 1, -2);
    target(&s, 4, 4, 5, 5);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(m.tp == 4 && m.fp == PIXELS - 4 && m.fn == 0 && m.targets_detected == 1);
    assert_int_equal(m.roc_false_pixels[ROC_POINTS - 1], PIXELS - 4);
    assert_int_equal(measure(&s, RULE_LOGIT, PROTOCOL_OVERLAP).fp, 0);
}

static void test_empty_label(void **state) {
    (void)state;
    scene s = {0};
    blob(&s, 3, 3, 4, 4, 1);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(m.fp == 4 && m.tp == 0 && m.fn == 0);
    assert_true(m.targets == 0 && m.false_pixels == 0 && m.area_pixels == 0);
    assert_true(m.roc_targets == 0 && m.roc_background == 0 && m.roc_false_pixels[0] == 0);
    m = measure(&s, RULE_MAX, PROTOCOL_CENTROID); /* here false pixels count in every image */
    assert_true(m.targets == 0 && m.false_pixels == 4 && m.area_pixels == PIXELS);
    const metrics nothing = {0};
    for (int id = 0; id < METRICS; id++)
        if (metric_table[id].group == GROUP_PUBLISHED)
            assert_true(metric_value((metric_id)id, &nothing) == 0);
        else
            assert_true(isnan(metric_value((metric_id)id, &nothing)));
}

/* Distance 3 is no match; just below it is. A blob over two targets counts twice by overlap, once by centroid. */
static void test_centroid_distance(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 5, 5, 5, 5);
    blob(&s, 8, 5, 8, 5, 1);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_CENTROID);
    assert_true(m.targets_detected == 0 && m.false_pixels == 1);
    fill(s.score, 0);
    blob(&s, 7, 7, 7, 7, 1); /* sqrt(8) */
    m = measure(&s, RULE_MAX, PROTOCOL_CENTROID);
    assert_true(m.targets_detected == 1 && m.false_pixels == 0);
    assert_int_equal(measure(&s, RULE_MAX, PROTOCOL_OVERLAP).targets_detected, 0);

    scene two = {0};
    target(&two, 5, 5, 5, 5);
    target(&two, 7, 5, 7, 5);
    blob(&two, 5, 5, 7, 5, 1);
    assert_int_equal(measure(&two, RULE_MAX, PROTOCOL_OVERLAP).targets_detected, 2);
    m = measure(&two, RULE_MAX, PROTOCOL_CENTROID);
    assert_true(m.targets_detected == 1 && m.false_pixels == 0);
}

/* The first target in scan order takes the first blob that is near enough, not the nearest. */
static void test_centroid_matching_is_greedy(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 10, 10, 10, 10);
    blob(&s, 10, 8, 10, 8, 1);   /* first in scan order, 2 away */
    blob(&s, 10, 10, 11, 10, 1); /* half a pixel away, area 2 */
    metrics m = measure(&s, RULE_MAX, PROTOCOL_CENTROID);
    assert_true(m.targets_detected == 1 && m.false_pixels == 2);
}

/* Unlike the older convention, an unmatched blob is not forgiven for having the area of a matched one. */
static void test_equal_areas_are_not_forgiven(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 3, 3, 4, 4);
    blob(&s, 3, 3, 4, 4, 1);
    blob(&s, 15, 15, 16, 16, 1);
    assert_int_equal(measure(&s, RULE_MAX, PROTOCOL_CENTROID).false_pixels, 4);
}

static void random_scene(scene *s, rng *r) {
    *s = (scene){0};
    for (int i = 0; i < PIXELS; i++) /* many values that are multiples of 1/200, where thresholds tie */
        s->score[i] = rng_below(r, 2) ? (float)rng_below(r, 201) / 200 : (float)rng_uniform(r);
    s->score[rng_below(r, PIXELS)] = 1;
    for (int t = 0; t < 3; t++) {
        int x = (int)rng_below(r, WIDTH - 3), y = (int)rng_below(r, HEIGHT - 3);
        target(s, x, y, x + (int)rng_below(r, 3), y + (int)rng_below(r, 3));
    }
}

/* The ROC made in one pass equals 201 passes as the reference makes them. */
static void test_roc_equals_threshold_by_threshold(void **state) {
    (void)state;
    rng r = rng_new(11, 0);
    for (int trial = 0; trial < 20; trial++) {
        scene s;
        random_scene(&s, &r);
        if (trial % 3 == 0) /* a maximum other than 1: the quotient rounds */
            for (int i = 0; i < PIXELS; i++)
                s.score[i] = s.score[i] * 0.7f - 0.1f;
        metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
        component_list targets;
        assert_ok(components_find(s.label, WIDTH, HEIGHT, &targets));
        float most = s.score[0];
        for (int i = 1; i < PIXELS; i++)
            most = fmaxf(most, s.score[i]);
        double area = 0, fpr_before = 0, tpr_before = 0;
        for (int t = ROC_POINTS - 1; t >= 0; t--) {
            float threshold = (float)(t / 200.0);
            int false_pixels = 0, detected = 0, background = 0;
            uint8_t hit[16] = {0};
            for (int i = 0; i < PIXELS; i++) {
                background += !s.label[i];
                if (!(s.score[i] / most >= threshold))
                    continue;
                false_pixels += !s.label[i];
                if (targets.labels[i])
                    hit[targets.labels[i] - 1] = 1;
            }
            for (int k = 0; k < targets.count; k++)
                detected += hit[k];
            assert_int_equal(m.roc_false_pixels[t], false_pixels);
            assert_int_equal(m.roc_detected[t], detected);
            double fpr = (double)false_pixels / background, tpr = (double)detected / targets.count;
            if (t < ROC_POINTS - 1)
                area += (fpr - fpr_before) * (tpr + tpr_before) / 2;
            fpr_before = fpr;
            tpr_before = tpr;
        }
        /* 200 sums of terms below 1 in double: 200 * 2^-53 = 2.2e-14. */
        assert_true(fabs(metric_value(METRIC_auc, &m) - area) < 2.3e-14);
        component_list_free(&targets);
    }
}

/* The ROC of pixels, 201 passes too: scores above a threshold, and its area from nothing to everything predicted. */
static void test_pixel_roc_equals_threshold_by_threshold(void **state) {
    (void)state;
    rng r = rng_new(13, 0);
    for (int trial = 0; trial < 20; trial++) {
        scene s;
        random_scene(&s, &r);
        for (int i = 0; i < PIXELS; i += 3) /* values on thresholds, at both ends too */
            s.score[i] = (float)(rng_below(&r, 201) / 200.0);
        metrics m = {0};
        scored_image image = scored(s.score, s.score, s.label);
        image.kind = SCORE_PROBABILITY;
        assert_ok(metrics_add(&m, &image, &(scoring){0}));
        double area = 0, x = 0, y = 0;
        int labelled = 0;
        for (int i = 0; i < PIXELS; i++)
            labelled += s.label[i];
        for (int t = ROC_POINTS - 1; t >= -1; t--) {
            int right = 0, wrong = 0;
            for (int i = 0; i < PIXELS; i++)
                if (t < 0 || s.score[i] > (float)(t / 200.0))
                    (*(s.label[i] ? &right : &wrong))++;
            if (t >= 0) {
                assert_int_equal(m.pixel_roc_right[t], right);
                assert_int_equal(m.pixel_roc_false[t], wrong);
            }
            double next_x = (double)wrong / (PIXELS - labelled), next_y = (double)right / labelled;
            area += (next_x - x) * (y + next_y) / 2;
            x = next_x;
            y = next_y;
        }
        assert_true(fabs(metric_value(METRIC_auc_pixel, &m) - area) < 2.3e-14);
    }
}

/* It is the chance that a target's pixel has the higher score of two: 1 where all do, half where none differs. */
static void test_pixel_auc_of_simple_maps(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 2, 2, 4, 4);
    blob(&s, 2, 2, 4, 4, 0.9f);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(metric_value(METRIC_auc_pixel, &m) == 1);
    fill(s.score, 0.5f);
    m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(fabs(metric_value(METRIC_auc_pixel, &m) - 0.5) < 1e-12);
    scene empty = {0};
    m = measure(&empty, RULE_MAX, PROTOCOL_OVERLAP);
    assert_true(isnan(metric_value(METRIC_auc_pixel, &m)));
}

/* A perfect ranking leaves out what lies left of the smallest false alarm rate: with no false pixel below threshold
 * 0, the area is that of the last trapezoid, all of it. */
static void test_roc_of_a_perfect_map(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 6, 6, 8, 8);
    blob(&s, 6, 6, 8, 8, 1);
    metrics m = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_int_equal(m.roc_false_pixels[0], PIXELS - 9);
    assert_int_equal(m.roc_false_pixels[1], 0);
    assert_true(metric_value(METRIC_auc, &m) == 1);
}

/* Counts of two images are the sum of each; their order does not matter; nIoU is the mean. */
static void test_pooling(void **state) {
    (void)state;
    rng r = rng_new(3, 0);
    for (int p = 0; p < 2; p++) {
        match_protocol protocol = p ? PROTOCOL_CENTROID : PROTOCOL_OVERLAP;
        scene a, b;
        random_scene(&a, &r);
        random_scene(&b, &r);
        metrics first = measure(&a, RULE_MAX, protocol), second = measure(&b, RULE_MAX, protocol), both = first;
        const scored_image image = scored(b.score, b.score, b.label);
        assert_ok(metrics_add(&both, &image, &(scoring){.protocol = protocol}));
        assert_int_equal(both.images, 2);
        assert_int_equal(both.tp, first.tp + second.tp);
        assert_int_equal(both.fp, first.fp + second.fp);
        assert_int_equal(both.fn, first.fn + second.fn);
        assert_int_equal(both.targets, first.targets + second.targets);
        assert_int_equal(both.targets_detected, first.targets_detected + second.targets_detected);
        assert_int_equal(both.false_pixels, first.false_pixels + second.false_pixels);
        assert_int_equal(both.area_pixels, first.area_pixels + second.area_pixels);
        for (int i = 0; i < ROC_POINTS; i++)
            assert_int_equal(both.roc_detected[i], first.roc_detected[i] + second.roc_detected[i]);
        double mean = (metric_value(METRIC_miou, &first) + metric_value(METRIC_miou, &second)) / 2;
        assert_true(fabs(metric_value(METRIC_niou, &both) - mean) < 1e-15);
    }
}

/* A factor that is a power of two changes no quotient, so no count. */
static void test_scale_does_not_matter(void **state) {
    (void)state;
    rng r = rng_new(5, 0);
    scene s;
    random_scene(&s, &r);
    metrics before = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    for (int i = 0; i < PIXELS; i++)
        s.score[i] *= 0.0078125f;
    metrics after = measure(&s, RULE_MAX, PROTOCOL_OVERLAP);
    assert_memory_equal(&before, &after, sizeof before);
}

/* The ROC sweeps the probabilities, also where logits decide what is predicted. */
static void test_roc_has_its_own_score(void **state) {
    (void)state;
    scene logits = {0}, probabilities = {0};
    target(&logits, 2, 2, 2, 2);
    fill(logits.score, -4);
    fill(probabilities.score, 0.25f);
    blob(&probabilities, 2, 2, 2, 2, 0.5f);
    metrics m = {0};
    const scored_image image = scored(probabilities.score, logits.score, logits.label);
    assert_ok(metrics_add(&m, &image, &(scoring){.rule = RULE_LOGIT}));
    assert_true(m.tp == 0 && m.fp == 0);
    assert_true(m.roc_detected[200] == 1 && m.roc_false_pixels[101] == 0 && m.roc_false_pixels[100] == PIXELS - 1);
}

/* A score that is a level is detected at it, and not at the next. */
static void test_score_at_a_level(void **state) {
    (void)state;
    scene s = {0};
    target(&s, 2, 2, 2, 2);
    blob(&s, 2, 2, 2, 2, 0.5f);
    metrics m = {0};
    scored_image image = scored(s.score, s.score, s.label);
    image.kind = SCORE_PROBABILITY;
    assert_ok(metrics_add(&m, &image, &(scoring){.rule = RULE_MAX}));
    for (int i = 0; i < SCORE_LEVELS; i++)
        assert_true(m.level_detections[i] == (i < 5) && m.level_detected[i] == (i < 5));
}

/* What figures that say nothing come with: more than half of the background predicted, or nothing at all. */
static void test_remark(void **state) {
    (void)state;
    metrics m = {.images = 1, .background_pixels = 100, .false_pixels_all = 50, .fp = 50};
    assert_null(metrics_remark(&m));
    m.false_pixels_all = m.fp = 51;
    assert_non_null(strstr(metrics_remark(&m), "more than half"));
    m = (metrics){.images = 1, .background_pixels = 100};
    assert_non_null(strstr(metrics_remark(&m), "no pixel"));
    m.tp = 1;
    assert_null(metrics_remark(&m));
    assert_null(metrics_remark(&(metrics){0})); /* nothing was evaluated */
}

static void test_no_map(void **state) {
    (void)state;
    metrics m = {0};
    float score = 1;
    uint8_t label = 1;
    const scored_image image = {.width = 0, .height = 1, .score = &score, .label = &label};
    assert_fails(metrics_add(&m, &image, &(scoring){.rule = RULE_MAX}), STATUS_USAGE, "0x1", "");
    assert_int_equal(m.images, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_by_hand),
        cmocka_unit_test(test_half_of_the_maximum),
        cmocka_unit_test(test_zero_map_predicts_nothing),
        cmocka_unit_test(test_negative_maximum_predicts_all),
        cmocka_unit_test(test_empty_label),
        cmocka_unit_test(test_centroid_distance),
        cmocka_unit_test(test_centroid_matching_is_greedy),
        cmocka_unit_test(test_equal_areas_are_not_forgiven),
        cmocka_unit_test(test_roc_equals_threshold_by_threshold),
        cmocka_unit_test(test_pixel_roc_equals_threshold_by_threshold),
        cmocka_unit_test(test_pixel_auc_of_simple_maps),
        cmocka_unit_test(test_roc_of_a_perfect_map),
        cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_scale_does_not_matter),
        cmocka_unit_test(test_roc_has_its_own_score),
        cmocka_unit_test(test_score_at_a_level),
        cmocka_unit_test(test_remark),
        cmocka_unit_test(test_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
