#include "tests/expect.h"
#include "tests/support.h"
#include "tests/thread_peers.h"
#include "tests/train/tiny_detector.h"

#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/make/synthesize.h"
#include "eval/figures/roc_plot.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/evaluation_report.h"
#include "eval/programs/arguments.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCENES = 3, SIZE = 32 };

static dataset *open_scenes(void) {
    static char folder[512];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s", scratch_path("scenes"));
        assert_ok(synthesize_folder(folder, 5, SIZE, 1, SCENES, NULL, NULL));
    }
    dataset *data;
    assert_ok(dataset_open(folder, "test", &data));
    return data;
}

/* The same sample by sample, without the reading thread. */
static metrics evaluate_plainly(detector *d, const dataset *data, const evaluate_options *o) {
    metrics m = {0};
    for (int i = 0; i < dataset_count(data); i++) {
        grey_image image, mask;
        float unit[64 * 64];
        uint8_t label[64 * 64];
        detector_maps maps;
        assert_ok(dataset_read(data, i, MASK_SIZE_MUST_MATCH, &image, &mask));
        int maximum = mask_maximum(&mask), size = o->sample.size ? o->sample.size : SIZE;
        assert_ok(resize_image(&image, size, size));
        assert_ok(resize_mask(&mask, size, size));
        image_to_unit(&image, unit);
        mask_to_label(&mask, maximum, o->sample.mask, label);
        assert_ok(detector_run(d, unit, size, size, DETAIL_SCORE, &maps));
        const scored_image scored = {.width = size,
                                     .height = size,
                                     .score = maps.score,
                                     .kind = detector_score_kind(d),
                                     .logit = maps.logit,
                                     .label = label,
                                     .image = unit};
        assert_ok(metrics_add(&m, &scored, &o->how));
        grey_image_free(&image);
        grey_image_free(&mask);
    }
    return m;
}

static void test_equals_sample_by_sample(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    const evaluate_options cases[] = {
        {.sample.size = 0},
        {.sample.size = 48, .how = {.rule = RULE_LOGIT, .protocol = PROTOCOL_CENTROID}},
        {.sample = {.size = 20, .mask = MASK_ANY}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        metrics expected = evaluate_plainly(d, data, &cases[i]), got;
        double ms = -1;
        assert_ok(evaluate_dataset(d, data, &cases[i], &got, &ms));
        assert_int_equal(got.images, SCENES);
        assert_memory_equal(&got, &expected, sizeof got);
        assert_true(ms > 0);
    }
    dataset_close(data);
    detector_free(d);
}

/* What rank 0 is told of, in order. */
typedef struct watched {
    dataset *data;
    int seen;
    metrics counts;
} watched;

static status see(void *context, const char *name, const scored_image *image, const per_image *outcome) {
    watched *w = context;
    (void)image;
    (void)outcome;
    assert_string_equal(name, dataset_sample_name(w->data, w->seen++));
    return STATUS_OK;
}

static status evaluate_as_rank(void *context, peers *p) {
    watched *w = context;
    detector *d;
    engine *e;
    metrics m;
    TRY(engine_new(1, &e));
    TRY(argument_detector(e, NULL, WEIGHTS_BEST, "mpcm", NULL, 0, &d));
    const image_watcher watcher = {see, w};
    const evaluate_options options = {.peers = p, .watcher = &watcher};
    status result = evaluate_dataset(d, w->data, &options, &m, NULL);
    if (peers_rank(p) == 0)
        w->counts = m;
    else
        assert_int_equal(m.images, 0);
    detector_free(d);
    engine_free(e);
    return result;
}

/* Rank 0 sees what a process alone sees, to the bit, with fewer ranks than images and with more. */
static void test_spread_over_processes(void **state) {
    (void)state;
    watched alone = {.data = open_scenes()};
    assert_ok(evaluate_as_rank(&alone, NULL));
    for (int ranks = 2; ranks <= 5; ranks += 3) {
        watched together = {.data = alone.data};
        assert_ok(thread_peers_run(ranks, evaluate_as_rank, &together));
        assert_int_equal(together.seen, SCENES);
        assert_memory_equal(&together.counts, &alone.counts, sizeof alone.counts);
    }
    dataset_close(alone.data);
}

/* A resize that drops every brightest mask pixel leaves an empty label: "target" means the stored maximum. */
static void test_label_refers_to_stored_maximum(void **state) {
    (void)state;
    char folder[512], path[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("dropped"));
    uint8_t image[64] = {0}, mask[64] = {[9] = 255, [18] = 100}; /* nearest from 8 to 4 keeps even rows and columns */
    assert_ok(path_join(path, folder, "images", ""));
    assert_ok(folder_create(path));
    assert_ok(path_join(path, folder, "images/a.png", ""));
    assert_ok(png_write_8(path, 8, 8, 1, image));
    assert_ok(path_join(path, folder, "masks", ""));
    assert_ok(folder_create(path));
    assert_ok(path_join(path, folder, "masks/a.png", ""));
    assert_ok(png_write_8(path, 8, 8, 1, mask));
    assert_ok(path_join(path, folder, "test.txt", ""));
    assert_ok(file_write(path, "a\n", 2));
    dataset *data;
    detector *d = tiny_detector();
    metrics m;
    assert_ok(dataset_open(folder, "test", &data));
    assert_ok(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 4}, &m, NULL));
    assert_int_equal(m.targets, 0);
    assert_ok(evaluate_dataset(d, data, &(evaluate_options){.sample = {.size = 4, .mask = MASK_ANY}}, &m, NULL));
    assert_int_equal(m.targets, 1);
    assert_ok(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 0}, &m, NULL));
    assert_int_equal(m.targets, 1);

    assert_ok(path_join(path, folder, "masks/a.png", ""));
    assert_ok(png_write_8(path, 4, 4, 1, mask)); /* a mask of another size: an error at native size only */
    assert_fails(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 0}, &m, NULL), STATUS_INPUT, "4x4",
                 "8x8");
    assert_ok(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 8}, &m, NULL));
    assert_ok(file_write(path, "no png", 6)); /* the reading thread's message arrives here */
    assert_fails(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 8}, &m, NULL), STATUS_INPUT, "a.png",
                 "PNG");
    dataset_close(data);
    detector_free(d);
}

static void test_score_that_is_not_finite(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    metrics m;
    parameter_set *parameters = detector_parameters(d);
    for (int i = 0; i < parameters->count; i++)
        if (parameters->items[i]->kind == PARAMETER_TRAINED)
            parameters->items[i]->value[0] = NAN;
    assert_fails(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 0}, &m, NULL), STATUS_NUMERIC,
                 dataset_sample_name(data, 0), "finite");
    dataset_close(data);
    detector_free(d);
}

static evaluation sample_evaluation(void) {
    evaluation e = {.method = "net", .dataset = "a,b", .split = "test", .params = 12, .ms_per_image = 2.5};
    e.options.how.protocol = PROTOCOL_CENTROID;
    e.counts = (metrics){.images = 2, .tp = 3, .fp = 1, .fn = 0, .targets = 4, .targets_detected = 3};
    e.counts.false_pixels = 1;
    e.counts.area_pixels = 1000;
    e.counts.roc_targets = 4;
    e.counts.roc_background = 900;
    for (int i = 0; i < ROC_POINTS; i++) {
        e.counts.roc_detected[i] = i == 0 ? 4 : 3;
        e.counts.roc_false_pixels[i] = i == 0 ? 900 : 0;
    }
    return e;
}

static char *printed(report_format format) {
    evaluation e = sample_evaluation();
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_ok(evaluation_print(&e, format, REPORT_PUBLISHED, stream));
    fclose(stream);
    return text;
}

static void test_reports(void **state) {
    (void)state;
    char *text = printed(REPORT_JSON);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    static const char *const fields[] = {
        "method", "dataset", "split", "images", "params", "miou", "niou",    "precision",        "recall",      "f1",
        "pd",     "fa",      "auc",   "tp",     "fp",     "fn",   "targets", "targets_detected", "ms_per_image"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_non_null(json_object_get(json, fields[i]));
    assert_true(json_real_value(json_object_get(json, "pd")) == 0.75); /* fractions, not percent */
    assert_true(json_real_value(json_object_get(json, "fa")) == 0.001);
    assert_int_equal(json_integer_value(json_object_get(json, "targets_detected")), 3);
    json_decref(json);
    free(text);
    text = printed(REPORT_CSV);
    char *second = strchr(text, '\n');
    assert_non_null(second);
    assert_memory_equal(text, "method,dataset,split,", 21);
    assert_memory_equal(second, "\nnet,\"a,b\",test,native,max,max,centroid,2,12,0.75,", 50);
    free(text);
    text = printed(REPORT_TEXT);
    assert_non_null(strstr(text, "3/4 targets"));
    assert_non_null(strstr(text, "75.00 %"));
    assert_non_null(strstr(text, "100.000 e-5"));
    free(text);
}

static void test_roc_files(void **state) {
    (void)state;
    evaluation e = sample_evaluation();
    const char *path = scratch_path("roc.csv");
    assert_ok(roc_plot_write_one(e.method, e.dataset, &e.counts, path));
    name_list lines;
    assert_ok(name_list_read(path, &lines));
    assert_int_equal(lines.count, ROC_POINTS + 1);
    assert_string_equal(lines.names[0], "threshold,fpr,tpr");
    assert_string_equal(lines.names[1], "0.000,1,1");
    assert_string_equal(lines.names[201], "1.000,0,0.75");
    name_list_free(&lines);
    path = scratch_path("roc.png");
    assert_ok(roc_plot_write_one(e.method, e.dataset, &e.counts, path));
    assert_true(path_is_file(path));
    assert_fails(roc_plot_write_one(e.method, e.dataset, &e.counts, "roc.txt"), STATUS_USAGE, "roc.txt", ".csv");
    assert_fails(roc_plot_check_path("a.csv/roc"), STATUS_USAGE, "a.csv/roc", ".csv");
}

static void test_arguments(void **state) {
    (void)state;
    int size = -1, choice = -1;
    assert_ok(argument_size("native", &size));
    assert_int_equal(size, 0);
    assert_ok(argument_size("256", &size));
    assert_int_equal(size, 256);
    const char *const bad[] = {"", "0", "-3", "12x", "32769", "99999999999999999999", "Native"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(argument_size(bad[i], &size), STATUS_USAGE, "--size", bad[i]);
    assert_ok(argument_choice("mask", "any", mask_rule_names, 3, &choice));
    assert_int_equal(choice, MASK_ANY);
    assert_fails(argument_choice("mask", "all", mask_rule_names, 3, &choice), STATUS_USAGE, "--mask is 'all'",
                 "max, half, any");
    detector *d;
    assert_fails(argument_detector(test_engine(), NULL, WEIGHTS_BEST, NULL, NULL, 0, &d), STATUS_USAGE, "--checkpoint",
                 "--method");
    assert_fails(argument_detector(test_engine(), "a.h5", WEIGHTS_BEST, "b", NULL, 0, &d), STATUS_USAGE, "--checkpoint",
                 "--method");
    assert_fails(argument_detector(test_engine(), NULL, WEIGHTS_BEST, "nothing", NULL, 0, &d), STATUS_USAGE, "nothing",
                 "rpcanet_plus");
    assert_fails(argument_detector(test_engine(), NULL, WEIGHTS_BEST, "rpcanet_plus", NULL, 0, &d), STATUS_USAGE,
                 "rpcanet_plus", "--checkpoint");
    assert_fails(argument_detector(test_engine(), "no/such.h5", WEIGHTS_BEST, NULL, NULL, 0, &d), STATUS_INPUT,
                 "no/such.h5", "");
    assert_null(d);
    const char *const settings[] = {"model.preset=community", "model.scales=2", "model.name=rpcanet_plus"};
    assert_ok(argument_detector(test_engine(), NULL, WEIGHTS_BEST, "mpcm", settings, 2, &d));
    assert_string_equal(detector_option(d, "model.preset"), "community");
    assert_string_equal(detector_option(d, "model.scales"), "2");
    detector_free(d);
    assert_fails(argument_detector(test_engine(), NULL, WEIGHTS_BEST, "mpcm", settings, 3, &d), STATUS_USAGE,
                 "model.name", "rpcanet_plus");
    assert_fails(
        argument_detector(test_engine(), NULL, WEIGHTS_BEST, "mpcm", (const char *const[]){"model.scale=2"}, 1, &d),
        STATUS_USAGE, "model.scale", "model.scales");
    assert_fails(argument_detector(test_engine(), "a.h5", WEIGHTS_BEST, NULL, settings, 1, &d), STATUS_USAGE,
                 "model.preset", "--method");
    assert_true(argument_is_model_option("model.preset=x") && !argument_is_model_option("model.png"));
    assert_non_null(strstr(argument_method_help(), "mpcm"));
    assert_null(strstr(argument_method_help(), "rpcanet"));
}

/* A method without logits: the rule 'max' works, 'logit' is refused before any image is read. */
static void test_raw_scores(void **state) {
    (void)state;
    detector *d;
    dataset *data = open_scenes();
    metrics m;
    assert_ok(argument_detector(test_engine(), NULL, WEIGHTS_BEST, "mpcm", NULL, 0, &d));
    assert_ok(evaluate_dataset(d, data, &(evaluate_options){.sample.size = 0}, &m, NULL));
    assert_int_equal(m.images, SCENES);
    assert_fails(evaluate_dataset(d, data, &(evaluate_options){.how.rule = RULE_LOGIT}, &m, NULL), STATUS_USAGE,
                 "mpcm has no logits", "'logit'");
    dataset_close(data);
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_sample_by_sample),
        cmocka_unit_test(test_spread_over_processes),
        cmocka_unit_test(test_label_refers_to_stored_maximum),
        cmocka_unit_test(test_score_that_is_not_finite),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_roc_files),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_raw_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
