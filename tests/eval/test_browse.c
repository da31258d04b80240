/* What browse shows: scores that were stored come back as they were, and figures at any threshold are those of an
 * evaluation. */
#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "core/io/png_io.h"
#include "datasets/make/synthesize.h"
#include "eval/browse/browse_set.h"
#include "eval/browse/browse_view.h"
#include "eval/measure/metric_table.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <hdf5.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCENES = 4, SIZE = 32 };

static dataset *open_scenes(void) {
    static char folder[512];
    dataset *data;
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s", scratch_path("scenes"));
        assert_ok(synthesize_folder(folder, 5, SIZE, 1, SCENES, NULL, NULL));
    }
    assert_ok(dataset_open(folder, "test", &data));
    return data;
}

/* Evaluates and stores; returns the folder. */
static const char *store(detector *d, const dataset *data, const scoring *how, metrics *m) {
    static char folder[512];
    char path[600];
    snprintf(folder, sizeof folder, "%s", scratch_path("results"));
    assert_ok(folder_create(folder));
    snprintf(path, sizeof path, "%s/scores.h5", folder);
    const score_source source = detector_source(d);
    evaluate_options options = {.how = *how};
    const evaluation e = {.method = "tiny", .dataset = dataset_name(data), .split = "test", .options = options};
    scores_writer *w;
    assert_ok(scores_writer_new(path, &e, source.kind, NULL, &w));
    options.watcher = scores_writer_watcher(w);
    assert_ok(evaluate_source(&source, data, &options, m, NULL));
    assert_ok(scores_writer_commit(w));
    scores_writer_free(w);
    scores_writer_free(NULL);
    return folder;
}

static scores_set open_set(const char *folder) {
    scores_set set;
    assert_ok(browse_set_open(&(browse_request){.folder = folder}, &set));
    return set;
}

static json_t *parsed(status made, text_buffer *text) {
    json_error_t error;
    assert_ok(made);
    json_t *value = json_loadb(text->text, text->size, 0, &error);
    assert_non_null(value);
    text_buffer_free(text);
    return value;
}

static double number(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static void expect_figures(detector *d, const dataset *data, const scoring *how, const browse_view *v) {
    metrics m;
    text_buffer text;
    const evaluate_options options = {.how = *how};
    assert_ok(evaluate_dataset(d, data, &options, &m, NULL));
    json_t *figures = parsed(browse_view_figures(v, *how->threshold, &text), &text);
    assert_true(number(figures, "targets") == (double)m.targets);
    assert_true(number(figures, "found") == (double)m.targets_detected);
    assert_true(number(figures, "false_pixels") == (double)m.false_pixels);
    assert_true(number(figures, "area") == (double)m.area_pixels);
    size_t i;
    json_t *one;
    assert_int_equal(json_array_size(json_object_get(figures, "metrics")), 7);
    json_array_foreach(json_object_get(figures, "metrics"), i, one) {
        metric_id id = metric_find(json_string_value(json_object_get(one, "name")));
        assert_true(fabs(number(one, "value") - metric_value(id, &m)) < 1e-14);
    }
    int missed = 0;
    json_array_foreach(json_object_get(figures, "scenes"), i, one) missed +=
        (int)json_integer_value(json_array_get(one, 1));
    assert_int_equal(missed, m.targets - m.targets_detected);
    json_decref(figures);
}

static void test_figures(void **state) {
    (void)state;
    static const double thresholds[] = {-0.5, 0, 0.02, 0.3, 0.5, 0.501, 0.9, 1};
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    for (int rule = 0; rule < SCORE_RULES; rule++)
        for (int protocol = 0; protocol < 2; protocol++) {
            scoring how = {.rule = (score_rule)rule, .protocol = (match_protocol)protocol};
            metrics m;
            scores_set set = open_set(store(d, data, &how, &m));
            browse_view *v;
            assert_ok(browse_view_new(&set, &v));
            for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
                how.threshold = &thresholds[i];
                expect_figures(d, data, &how, v);
            }
            browse_view_free(v);
            scores_set_free(&set);
        }
    dataset_close(data);
    detector_free(d);
}

static void test_set(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    const scoring how = {.rule = RULE_LOGIT, .protocol = PROTOCOL_CENTROID};
    metrics m;
    const match_protocol overlap = PROTOCOL_OVERLAP;
    const char *folder = store(d, data, &how, &m);
    scores_set set;
    assert_ok(browse_set_open(&(browse_request){.folder = folder, .protocol = &overlap}, &set));
    assert_int_equal(set.how.protocol, PROTOCOL_OVERLAP);
    scores_set_free(&set);
    set = open_set(folder);
    assert_int_equal(set.count, SCENES);
    assert_string_equal(set.method, "tiny");
    assert_string_equal(set.split, "test");
    assert_int_equal(set.how.protocol, PROTOCOL_CENTROID);
    assert_true(set.threshold == 0);
    for (int i = 0; i < SCENES; i++) {
        sample s;
        detector_maps maps;
        const scores_scene *scene = &set.scenes[i];
        assert_ok(sample_read(data, i, &(sample_options){0}, &s));
        assert_ok(detector_run(d, s.image, s.width, s.height, DETAIL_SCORE, &maps));
        assert_string_equal(scene->name, dataset_sample_name(data, i));
        assert_memory_equal(scene->score, maps.score, SIZE * SIZE * sizeof *maps.score);
        assert_memory_equal(scene->logit, maps.logit, SIZE * SIZE * sizeof *maps.logit);
        assert_memory_equal(scene->label, s.label, SIZE * SIZE);
        sample_free(&s);
    }
    scores_set_free(&set);
    dataset_close(data);
    detector_free(d);
}

static void test_answers(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    const scoring how = {.rule = RULE_SCORE};
    metrics m;
    text_buffer text;
    browse_view *v;
    scores_set set = open_set(store(d, data, &how, &m));
    free(set.scenes[1].name);
    set.scenes[1].name = strdup("odd \xff name");
    assert_ok(browse_view_new(&set, &v));
    assert_int_equal(browse_view_count(v), SCENES);
    json_t *scenes = parsed(browse_view_scenes(v, &text), &text);
    assert_int_equal(json_array_size(json_object_get(scenes, "scenes")), SCENES);
    assert_true(json_is_true(json_object_get(scenes, "truth")));
    assert_true(number(scenes, "least") == 0 && number(scenes, "most") == 1);
    json_decref(scenes);
    json_t *scene = parsed(browse_view_scene(v, 0, 0.1, &text), &text);
    assert_true(json_array_size(json_object_get(scene, "targets")) > 0);
    json_decref(scene);
    for (int which = 0; which <= BROWSE_DETECTED; which++) {
        assert_ok(browse_view_picture(v, 2, (browse_picture)which, 0.1, &text));
        assert_memory_equal(text.text, "\x89PNG\r\n\x1a\n", 8);
        text_buffer_free(&text);
    }
    browse_view_free(v);
    browse_view_free(NULL);
    scores_set_free(&set);
    dataset_close(data);
    detector_free(d);
}

static void test_bad_files(void **state) {
    (void)state;
    scores_set set;
    char folder[512], path[600];
    snprintf(folder, sizeof folder, "%s", scratch_path("odd"));
    const browse_request request = {.folder = folder};
    assert_ok(folder_create(folder));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "odd", "neither scores.h5");
    snprintf(path, sizeof path, "%s/detections.json", folder);
    assert_ok(file_write(path, "[1", 2));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "detections.json:1", "no JSON");
    assert_ok(file_write(path, "[1]", 3));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "detections.json", "not a list of detect");
    static const char outside[] =
        "{\"method\": \"m\", \"threshold\": 0.5, \"images\": [{\"image\": \"../x\", \"file\": \"x\"}]}";
    assert_ok(file_write(path, outside, strlen(outside)));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "detections.json", "no name in this folder");
    snprintf(path, sizeof path, "%s/scores.h5", folder);
    assert_ok(file_write(path, "no HDF5", 7));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "scores.h5", "");
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_text(file, "/", "method", "m"));
    assert_ok(h5_write_attribute_text(file, "/", "dataset", "d"));
    assert_ok(h5_write_attribute_text(file, "/", "split", "s"));
    assert_ok(h5_write_attribute_text(file, "/", "rule", "guess"));
    assert_ok(h5_commit(file));
    assert_fails(browse_set_open(&request, &set), STATUS_INPUT, "scores.h5", "guess");
    const mask_rule any = MASK_ANY;
    assert_fails(browse_set_open(&(browse_request){.folder = folder, .mask = &any}, &set), STATUS_USAGE, "scores.h5",
                 "--mask");
    assert_fails(browse_set_open(&(browse_request){.folder = folder, .split = "val"}, &set), STATUS_USAGE, "scores.h5",
                 "--split");
    assert_fails(browse_set_open(&(browse_request){.folder = folder, .data = "x"}, &set), STATUS_USAGE, "scores.h5",
                 "no --data");
}

/* What detect lists as one image of a raw file; its score map has 2 x 1 pixels. */
static void list_frame(json_t *images, const char *folder, const char *name, const char *file) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s_score.png", folder, name);
    assert_ok(png_write_grey16(path, 2, 1, (const uint16_t[]){0, 65535}));
    json_array_append_new(images, json_pack("{s:s, s:s}", "image", name, "file", file));
}

/* Frame 2 of three could not be read when detect was run; the file of another image has gone since. */
static void test_images_of_detect(void **state) {
    (void)state;
    char folder[512], raw[600], path[600];
    snprintf(folder, sizeof folder, "%s", scratch_path("found"));
    assert_ok(folder_create(folder));
    snprintf(raw, sizeof raw, "%s/flight_1.raw", folder);
    assert_ok(file_write(raw, "\1\0\2\0\3\0\3\0\7\0\5\0", 12));
    json_t *images = json_array();
    list_frame(images, folder, "flight_1_0001", raw);
    list_frame(images, folder, "flight_1_0003", raw);
    list_frame(images, folder, "gone", "/no/such.png");
    json_t *list = json_pack("{s:s, s:f, s:o}", "method", "m", "threshold", 0.5, "images", images);
    snprintf(path, sizeof path, "%s/detections.json", folder);
    assert_int_equal(json_dump_file(list, path, 0), 0);
    json_decref(list);
    scores_set set = open_set(folder);
    assert_int_equal(set.count, 3);
    assert_memory_equal(set.scenes[0].image, "\0\377", 2);
    assert_memory_equal(set.scenes[1].image, "\377\0", 2);
    assert_memory_equal(set.scenes[2].image, "\0\0", 2);
    assert_int_equal(set.black, 1);
    assert_non_null(strstr(set.why_black, "/no/such.png"));
    scores_set_free(&set);
}

/* One scene of two pixels. */
static void write_scores(const char *path, double threshold, uint8_t label) {
    static const char *const name = "a";
    static const struct {
        const char *name, *text;
    } texts[] = {{"method", "m"}, {"dataset", "d"},        {"split", "s"},
                 {"rule", "max"}, {"protocol", "overlap"}, {"kind", "probability"}};
    const h5_shape shape = {.rank = 2, .size = {1, 2}};
    const uint8_t labels[] = {1, label};
    h5_file *file;
    assert_ok(h5_create(path, &file));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_ok(h5_write_attribute_text(file, "/", texts[i].name, texts[i].text));
    assert_ok(h5_write_attribute_double(file, "/", "threshold", threshold));
    assert_ok(h5_write(file, "scenes/000000/image", H5_UINT8, &shape, labels));
    assert_ok(h5_write(file, "scenes/000000/label", H5_UINT8, &shape, labels));
    assert_ok(h5_write(file, "scenes/000000/score", H5_FLOAT32, &shape, (const float[]){0.5, 1}));
    assert_ok(h5_write_strings(file, "names", &name, 1));
    assert_ok(h5_commit(file));
}

/* The page shows labels in two colours, and its threshold as a number. */
static void test_scores_of_others(void **state) {
    (void)state;
    scores_set set;
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path("scores.h5"));
    write_scores(path, 0.5, 0);
    assert_ok(scores_file_read(path, &set));
    assert_true(set.count == 1 && set.scenes[0].width == 2 && set.scenes[0].score[1] == 1);
    scores_set_free(&set);
    write_scores(path, 0.5, 2);
    assert_fails(scores_file_read(path, &set), STATUS_INPUT, path, "the label of scene 1 holds 2");
    write_scores(path, NAN, 0);
    assert_fails(scores_file_read(path, &set), STATUS_INPUT, path, "threshold is nan");
    assert_true(set.count == 0 && !set.scenes && !set.method);
}

/* Five scenes of one dataset that holds nothing: a few kB, which would become eleven GiB. */
static void test_scores_without_end(void **state) {
    (void)state;
    enum { SCENES_OF_IT = 5 };
    static const char *const names[SCENES_OF_IT] = {"a", "b", "c", "d", "e"};
    const h5_shape shape = {.rank = 2, .size = {8192, 32768}};
    scores_set set;
    h5_file *file;
    char path[512], object[64];
    snprintf(path, sizeof path, "%s", scratch_path("endless.h5"));
    write_scores(path, 0.5, 0);
    hid_t raw = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(raw >= 0 && H5Ldelete(raw, "names", H5P_DEFAULT) >= 0 &&
                H5Ldelete(raw, "scenes/000000/score", H5P_DEFAULT) >= 0 && H5Fclose(raw) >= 0);
    assert_ok(h5_amend(path, &file));
    assert_ok(h5_create_chunked(file, "scenes/000000/score", H5_FLOAT32, &shape));
    assert_ok(h5_write_strings(file, "names", names, SCENES_OF_IT));
    assert_ok(h5_commit(file));
    raw = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    for (int i = 1; i < SCENES_OF_IT; i++) {
        snprintf(object, sizeof object, "scenes/%06d", i);
        assert_true(H5Lcreate_hard(raw, "scenes/000000", raw, object, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    assert_true(raw >= 0 && H5Fclose(raw) >= 0);
    assert_fails(scores_file_read(path, &set), STATUS_INPUT, path, "more than 1073741824 pixels");
    assert_true(!set.scenes);
}

/* The last test: the signal stays. */
static void test_a_signal_ends_reading(void **state) {
    (void)state;
    detector *d = tiny_detector();
    dataset *data = open_scenes();
    const scoring how = {.rule = RULE_SCORE};
    metrics m;
    browse_view *v;
    const char *folder = store(d, data, &how, &m);
    scores_set set = open_set(folder), again;
    process_begin_signals();
    raise(SIGINT);
    assert_int_equal(browse_set_open(&(browse_request){.folder = folder}, &again), STATUS_INTERRUPTED);
    assert_int_equal(browse_set_open(&(browse_request){.folder = scratch_path("found")}, &again), STATUS_INTERRUPTED);
    assert_int_equal(browse_view_new(&set, &v), STATUS_INTERRUPTED);
    process_end_signals();
    scores_set_free(&set);
    dataset_close(data);
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_images_of_detect),
        cmocka_unit_test(test_scores_of_others),
        cmocka_unit_test(test_scores_without_end),
        cmocka_unit_test(test_a_signal_ends_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
