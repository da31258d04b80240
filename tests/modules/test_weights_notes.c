/* What goes with weights in safetensors: read one by one as together, and a wrong one only where it counts. */
#include "modules/torch/weights_notes.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <math.h>

static const char *write(const torch_note *notes, int count) {
    detector *d = tiny_detector();
    const char *path = scratch_path("noted.safetensors");
    assert_ok(safetensors_export(detector_parameters(d), d, notes, count, path));
    detector_free(d);
    return path;
}

static void test_each_comes_back(void **state) {
    (void)state;
    static const torch_note notes[] = {
        {"detect.threshold", "0.25"}, {"data.range", "100,200"}, {"data.seen", "640x512 to 256"}};
    const char *path = write(notes, 3);
    double threshold;
    grey_range range;
    trained_view view;
    weights_notes all;
    assert_ok(weights_read_threshold(path, &threshold));
    assert_true(threshold == 0.25);
    assert_ok(weights_read_range(path, &range));
    assert_true(range.kind == RANGE_VALUES && range.low == 100 && range.high == 200);
    assert_ok(weights_read_view(path, &view));
    assert_true(view.is_known && view.size == 256 && view.width == 640 && view.height == 512);
    assert_ok(weights_notes_read(path, &all));
    assert_true(all.threshold == 0.25 && all.view.is_known && all.view.size == 256);
    assert_string_equal(all.range, "100,200");
    assert_null(all.root);
    weights_notes_free(&all);
}

static void expect_none(const char *path) {
    double threshold = 0.5;
    grey_range range = {.kind = RANGE_IMAGE};
    trained_view view = {.is_known = true};
    weights_notes all;
    assert_ok(weights_read_threshold(path, &threshold));
    assert_true(isnan(threshold));
    assert_ok(weights_read_range(path, &range));
    assert_true(range.kind == RANGE_FULL);
    assert_ok(weights_read_view(path, &view));
    assert_false(view.is_known);
    assert_ok(weights_notes_read(path, &all));
    assert_true(isnan(all.threshold) && !all.view.is_known && !all.range);
    weights_note_texts texts;
    weights_notes_print(&all, &texts);
    assert_int_equal(texts.count, 0);
    weights_notes_free(&all);
}

static void test_without_any(void **state) {
    (void)state;
    expect_none(write(NULL, 0));
    detector *d = tiny_detector();
    const char *path = scratch_path("bare.pth");
    assert_ok(torch_export(detector_parameters(d), path));
    detector_free(d);
    expect_none(path);
}

static void test_a_wrong_one(void **state) {
    (void)state;
    static const torch_note wrong[] = {{"detect.threshold", "1"}, {"data.range", "200,100"}, {"data.seen", "wide"}};
    for (int i = 0; i < 3; i++) {
        const char *path = write(&wrong[i], 1);
        double threshold;
        grey_range range;
        trained_view view;
        weights_notes all;
        assert_int_equal(weights_read_threshold(path, &threshold), i == 0 ? STATUS_INPUT : STATUS_OK);
        assert_int_equal(weights_read_range(path, &range), i == 1 ? STATUS_INPUT : STATUS_OK);
        assert_int_equal(weights_read_view(path, &view), i == 2 ? STATUS_INPUT : STATUS_OK);
        assert_fails(weights_notes_read(path, &all), STATUS_INPUT, path, wrong[i].key);
        assert_null(all.range);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_comes_back),
        cmocka_unit_test(test_without_any),
        cmocka_unit_test(test_a_wrong_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
