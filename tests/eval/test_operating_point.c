/* Thresholds, records and predictions from pictures, on sets of a few images. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/make/synthesize.h"
#include "eval/measure/evaluation_report.h"
#include "eval/measure/operating_point.h"
#include "eval/measure/predictions.h"
#include "eval/measure/records.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCENES = 4, SIZE = 32, PIXELS = SIZE * SIZE };

static char folder[512];

static dataset *open_scenes(void) {
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s", scratch_path("scenes"));
        assert_ok(synthesize_folder(folder, 5, SIZE, 1, SCENES, NULL, NULL));
    }
    dataset *data;
    assert_ok(dataset_open(folder, "test", &data));
    return data;
}

/* --- operating point --- */

/* Background pixels above a threshold, counted one by one. */
static int64_t count_above(detector *d, const dataset *data, double threshold, int64_t *background) {
    int64_t above = 0;
    *background = 0;
    for (int i = 0; i < SCENES; i++) {
        sample s;
        detector_maps maps;
        assert_ok(sample_read(data, i, &(sample_options){0}, &s));
        assert_ok(detector_run(d, s.image, s.width, s.height, DETAIL_SCORE, &maps));
        for (int k = 0; k < PIXELS; k++) {
            *background += !s.label[k];
            above += !s.label[k] && maps.score[k] > (float)threshold;
        }
        sample_free(&s);
    }
    return above;
}

static void test_operating_point(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    const score_source source = detector_source(d);
    const evaluate_options options = {.how.rule = RULE_SCORE};
    static const double rates[] = {0, 1e-3, 0.01, 0.3};
    for (int i = 0; i < 4; i++) {
        double threshold, reached;
        int64_t background;
        assert_ok(operating_point_find(&source, data, &options, rates[i], &threshold, &reached));
        int64_t above = count_above(d, data, threshold, &background);
        assert_true((double)above <= rates[i] * (double)background);
        assert_true(reached == (double)above / (double)background);
        /* The next lower float lets too many through. */
        int64_t more = count_above(d, data, nextafterf((float)threshold, -INFINITY), &background);
        assert_true((double)more > rates[i] * (double)background);
        metrics m;
        const evaluate_options at = {.how = {.rule = RULE_SCORE, .threshold = &threshold}};
        assert_ok(evaluate_dataset(d, data, &at, &m, NULL));
        assert_true(metric_value(METRIC_fa_all, &m) == reached);
    }
    double unused;
    assert_fails(operating_point_find(&source, data, &options, 1, &unused, &unused), STATUS_USAGE, "rate of 1", "less");
    dataset_close(data);
    detector_free(d);
}

/* Every image has the same scores: `lowest` but for its first pixels, which grow by single floats. */
typedef struct steep_scores {
    float lowest, map[PIXELS];
    int count;
} steep_scores;

static status run_steep(void *context, const char *name, const sample *s, detector_maps *maps) {
    steep_scores *steep = context;
    (void)name;
    float score = steep->lowest;
    int k = 0;
    for (int i = 0; i < PIXELS; i++) {
        bool grows = !s->label[i] && k < steep->count;
        score = grows ? nextafterf(score, INFINITY) : score;
        steep->map[i] = grows ? score : steep->lowest;
        k += grows;
    }
    *maps = (detector_maps){.width = s->width, .height = s->height, .score = steep->map};
    return STATUS_OK;
}

static void find_steep(float lowest, int count, score_rule rule, double fa, double *threshold, double *reached) {
    steep_scores steep = {.lowest = lowest, .count = count};
    dataset *data = open_scenes();
    const score_source source = {.kind = SCORE_PROBABILITY, .run = run_steep, .context = &steep};
    assert_ok(operating_point_find(&source, data, &(evaluate_options){.how.rule = rule}, fa, threshold, reached));
    dataset_close(data);
}

/* Scores of a network that is sure of itself differ by their last bits; others do not differ at all. */
static void test_saturated(void **state) {
    (void)state;
    double threshold, reached;
    const float below = 1 - 8 * 0x1p-24f;
    find_steep(below, 8, RULE_SCORE, 8.5 / (SCENES * PIXELS), &threshold, &reached);
    assert_true(threshold == below + 6 * 0x1p-24 && reached > 0); /* two floats above it, in each of four images */
    find_steep(1, 0, RULE_SCORE, 1e-6, &threshold, &reached);
    assert_true(threshold == 1 && reached == 0);
    find_steep(0, 0, RULE_SCORE, 1e-6, &threshold, &reached);
    assert_true(threshold == 0 && !signbit(threshold) && reached == 0);
    find_steep(0, 0, RULE_MAX, 1e-6, &threshold, &reached); /* 0 / 0 */
    assert_true(threshold == 0 && reached == 0);
}

/* A rate that so many pixels are exactly is reached, also where the product with all of them rounds below. */
static void test_rounded_rate(void **state) {
    (void)state;
    enum { MOST = 200 };
    double threshold, reached;
    int64_t background = 0;
    int pixels = SCENES;
    dataset *data = open_scenes();
    for (int i = 0; i < SCENES; i++) {
        sample s;
        assert_ok(sample_read(data, i, &(sample_options){0}, &s));
        for (int k = 0; k < PIXELS; k++)
            background += !s.label[k];
        sample_free(&s);
    }
    dataset_close(data);
    while (pixels < MOST * SCENES && (int64_t)((double)pixels / (double)background * (double)background) == pixels)
        pixels += SCENES;
    assert_true(pixels < MOST * SCENES);
    find_steep(0.25f, MOST, RULE_SCORE, (double)pixels / (double)background, &threshold, &reached);
    assert_true(reached == (double)pixels / (double)background);
}

/* --- records --- */

static int rows_of(const char *path, name_list *lines) {
    assert_ok(name_list_read(path, lines));
    return lines->count - 1;
}

static void test_records(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    records *kept;
    metrics m, sum = {0};
    char path[512], targets[4096];
    assert_ok(records_new(&kept));
    const evaluate_options options = {.watcher = records_watcher(kept)};
    assert_ok(evaluate_dataset(d, data, &options, &m, NULL));
    assert_int_equal(records_count(kept), SCENES);
    for (int i = 0; i < SCENES; i++)
        metrics_merge(&sum, &records_images(kept)[i]);
    assert_memory_equal(&sum, &m, sizeof sum); /* the images add up to the whole */
    snprintf(path, sizeof path, "%s", scratch_path("records.csv"));
    assert_ok(records_write(kept, path));
    assert_ok(records_target_path(path, targets));
    name_list lines;
    assert_int_equal(rows_of(path, &lines), SCENES);
    int64_t tp = 0, fp = 0;
    for (int i = 1; i <= SCENES; i++) {
        long long image_tp, image_fp;
        assert_int_equal(sscanf(strchr(lines.names[i], ','), ",1,%lld,%lld,", &image_tp, &image_fp), 2);
        tp += image_tp;
        fp += image_fp;
        size_t length = strlen(dataset_sample_name(data, i - 1));
        assert_memory_equal(lines.names[i], dataset_sample_name(data, i - 1), length);
    }
    assert_true(tp == m.tp && fp == m.fp);
    name_list_free(&lines);
    assert_int_equal(rows_of(targets, &lines), m.targets);
    name_list_free(&lines);
    assert_fails(records_target_path("records.txt", targets), STATUS_USAGE, "records.txt", ".csv");
    records_free(kept);
    dataset_close(data);
    detector_free(d);
}

/* --- predictions --- */

static void write_prediction(const char *to, const char *name, int side, const uint8_t *map) {
    char path[4096];
    assert_ok(folder_create(to));
    assert_ok(path_join(path, to, name, ".png"));
    assert_ok(png_write_8(path, side, side, 1, map));
}

/* Perfect masks, as 0 and 255 or as 0 and 1, and scores around the half. */
static void test_predictions(void **state) {
    (void)state;
    dataset *data = open_scenes();
    char to[512];
    snprintf(to, sizeof to, "%s", scratch_path("predictions"));
    predictions *p;
    metrics m;
    for (int value = 1; value <= 255; value += 254) {
        for (int i = 0; i < SCENES; i++) {
            sample s;
            uint8_t map[PIXELS];
            assert_ok(sample_read(data, i, &(sample_options){0}, &s));
            for (int k = 0; k < PIXELS; k++)
                map[k] = (uint8_t)(s.label[k] * value);
            write_prediction(to, dataset_sample_name(data, i), SIZE, map);
            sample_free(&s);
        }
        assert_ok(predictions_open(to, data, 0, &p));
        const score_source source = predictions_source(p);
        assert_ok(evaluate_source(&source, data, &(evaluate_options){.how.rule = RULE_MAX}, &m, NULL));
        assert_true(m.fp == 0 && m.fn == 0 && m.targets_detected == m.targets && m.tp > 0);
        assert_ok(evaluate_source(&source, data, &(evaluate_options){.how.rule = RULE_SCORE}, &m, NULL));
        assert_int_equal(m.tp > 0, value == 255);
        assert_fails(evaluate_source(&source, data, &(evaluate_options){.how.rule = RULE_LOGIT}, &m, NULL),
                     STATUS_USAGE, "no logits", "max");
        predictions_free(p);
    }
    uint8_t levels[PIXELS] = {127, 128, 255};
    write_prediction(to, dataset_sample_name(data, 0), SIZE, levels);
    assert_ok(predictions_open(to, data, 0, &p));
    score_source source = predictions_source(p);
    sample s;
    detector_maps maps;
    assert_ok(sample_read(data, 0, &(sample_options){0}, &s));
    assert_ok(source.run(source.context, dataset_sample_name(data, 0), &s, &maps));
    assert_true(maps.score[0] == 127 / 255.0f && maps.score[1] == 128 / 255.0f && maps.score[2] == 1);
    sample_free(&s);
    predictions_free(p);

    write_prediction(to, dataset_sample_name(data, 0), 8, levels); /* of another size */
    assert_ok(predictions_open(to, data, 0, &p));
    source = predictions_source(p);
    assert_fails(evaluate_source(&source, data, &(evaluate_options){0}, &m, NULL), STATUS_INPUT, "8x8", "32x32");
    predictions_free(p);
    assert_ok(predictions_open(to, data, SIZE, &p));
    source = predictions_source(p);
    assert_ok(evaluate_source(&source, data, &(evaluate_options){.sample.size = SIZE}, &m, NULL));
    predictions_free(p);
    char path[4096];
    assert_ok(path_join(path, to, dataset_sample_name(data, 1), ".png"));
    assert_int_equal(remove(path), 0);
    assert_fails(predictions_open(to, data, 0, &p), STATUS_INPUT, path, "1 of the 4 predictions");
    assert_fails(predictions_open("no/such", data, 0, &p), STATUS_INPUT, "no/such", "no such folder");
    dataset_close(data);
}

static void test_rates_finer_than_the_set(void **state) {
    (void)state;
    char text[256] = "";
    assert_true(operating_point_remark(1e-6, 110133, text, sizeof text));
    assert_non_null(strstr(text, "a rate of 1e-06 is 0.11 of the 110133 pixels"));
    assert_false(operating_point_remark(1e-4, 110133, text, sizeof text));
    assert_false(operating_point_remark(1e-6, 0, text, sizeof text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_finer_than_the_set),
        cmocka_unit_test(test_operating_point),
        cmocka_unit_test(test_saturated),
        cmocka_unit_test(test_rounded_rate),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_predictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
