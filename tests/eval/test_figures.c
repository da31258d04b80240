/* Figures of methods and stages: marks and enlarged targets are where they should be, files come out. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "eval/experiments/number_list.h"
#include "eval/figures/method_figure.h"
#include "eval/figures/roc_plot.h"
#include "eval/figures/stage_figure.h"
#include "eval/figures/target_zoom.h"
#include "eval/measure/target_outcome.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 96, HEIGHT = 64, PIXELS = WIDTH * HEIGHT };

static void put(uint8_t *mask, int x0, int y0, int size) {
    for (int y = y0; y < y0 + size; y++)
        for (int x = x0; x < x0 + size; x++)
            mask[y * WIDTH + x] = 1;
}

/* Targets of 1, 4, 9 and 16 pixels: in the middle, in a corner, at an edge. */
static void put_targets(uint8_t *label) {
    memset(label, 0, PIXELS);
    put(label, 48, 32, 1);
    put(label, 0, 0, 2);
    put(label, 93, 30, 3);
    put(label, 40, 50, 4);
}

static component_list targets_of(const uint8_t *label) {
    component_list targets;
    assert_ok(components_find(label, WIDTH, HEIGHT, &targets));
    return targets;
}

/* --- enlarged targets --- */

static bool inside(map_part p) {
    return p.x >= 0 && p.y >= 0 && p.x + p.width <= WIDTH && p.y + p.height <= HEIGHT;
}

static bool overlap(map_part a, map_part b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

static void test_squares_hold_their_targets(void **state) {
    (void)state;
    uint8_t label[PIXELS];
    put_targets(label);
    component_list targets = targets_of(label);
    assert_int_equal(targets.count, 4);
    for (int i = 0; i < targets.count; i++) {
        const component *c = &targets.items[i];
        map_part square = target_square(c, WIDTH, HEIGHT);
        assert_true(inside(square) && square.width == square.height);
        assert_true(square.x <= c->x0 && square.x + square.width >= c->x1 + 1);
        assert_true(square.y <= c->y0 && square.y + square.height >= c->y1 + 1);
    }
    component_list_free(&targets);
    component all = {.area = PIXELS, .x1 = WIDTH - 1, .y1 = HEIGHT - 1};
    assert_true(inside(target_square(&all, WIDTH, HEIGHT)));
}

static void test_insets_hide_nothing(void **state) {
    (void)state;
    uint8_t label[PIXELS];
    put_targets(label);
    component_list targets = targets_of(label);
    zoom_plan plan = zoom_plan_make(&targets, WIDTH, HEIGHT, MOST_ZOOMS);
    assert_in_range(plan.count, 1, MOST_ZOOMS);
    for (int i = 0; i < plan.count; i++) {
        assert_true(inside(plan.zooms[i].inset));
        for (int t = 0; t < targets.count; t++)
            assert_false(overlap(plan.zooms[i].inset, target_square(&targets.items[t], WIDTH, HEIGHT)));
        for (int k = 0; k < i; k++) {
            assert_false(overlap(plan.zooms[i].inset, plan.zooms[k].inset));
            assert_true(targets.items[plan.zooms[i].target].area <= targets.items[plan.zooms[k].target].area);
        }
    }
    assert_int_equal(targets.items[plan.zooms[0].target].area, 16);
    assert_int_equal(zoom_plan_make(&targets, WIDTH, HEIGHT, 1).count, 1);
    component_list_free(&targets);
    memset(label, 1, PIXELS);
    targets = targets_of(label);
    assert_int_equal(zoom_plan_make(&targets, WIDTH, HEIGHT, MOST_ZOOMS).count, 0); /* no place is free */
    component_list_free(&targets);
}

/* --- what is found --- */

static void test_outcome(void **state) {
    (void)state;
    uint8_t label[PIXELS], detected[PIXELS] = {0};
    put_targets(label);
    component_list targets = targets_of(label);
    put(detected, 42, 52, 4); /* 4 pixels of the largest target, and 12 beside it */
    put(detected, 48, 32, 1);
    put(detected, 70, 10, 3); /* a false alarm */
    target_outcome o;
    assert_ok(target_outcome_find(&targets, detected, WIDTH, HEIGHT, &o));
    assert_int_equal(o.found_count, 2);
    assert_int_equal(o.false_count, 1);
    assert_true(fabs(o.iou - 5.0 / (30 + 26 - 5)) < 1e-12);
    for (int i = 0; i < targets.count; i++)
        assert_int_equal(o.found[i], targets.items[i].area == 16 || targets.items[i].area == 1);
    for (int i = 0; i < o.detections.count; i++)
        assert_int_equal(o.is_hit[i], o.detections.items[i].x0 != 70);
    target_outcome_free(&o);
    component_list_free(&targets);
}

/* --- files --- */

static float *ramp(void) {
    static float values[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        values[i] = (float)(i % WIDTH) / WIDTH;
    return values;
}

static grey_image written(const method_figure *f) {
    grey_image image;
    const char *path = scratch_path("methods.png");
    assert_ok(method_figure_write(f, (canvas_png){.scale = 1}, path));
    assert_ok(png_read_grey(path, &image));
    return image;
}

static void test_method_figure(void **state) {
    (void)state;
    uint8_t label[PIXELS], detected[PIXELS] = {0};
    put_targets(label);
    figure_cell cells[] = {{FIGURE_IMAGE, "Image", ramp(), NULL},
                           {FIGURE_TRUTH, "Ground truth", NULL, NULL},
                           {FIGURE_SCORE, "nothing found", ramp(), detected}};
    method_figure f = {"title", "score", WIDTH, HEIGHT, label, cells, 3, 2, WITH_SURFACES, PROTOCOL_OVERLAP};
    grey_image two_rows = written(&f);
    f.columns = 8;
    grey_image one_row = written(&f);
    assert_true(one_row.width > two_rows.width && one_row.height < two_rows.height);
    f.surfaces = WITHOUT_SURFACES;
    grey_image flat = written(&f);
    assert_true(flat.width == one_row.width && flat.height < one_row.height);
    put(detected, 48, 32, 1); /* a found target has another mark, and another count above the map */
    grey_image found = written(&f);
    assert_int_equal(found.width, flat.width);
    assert_memory_not_equal(found.pixels, flat.pixels, sizeof *flat.pixels * (size_t)flat.width * (size_t)flat.height);
    for (int i = 49; i < 60; i++) /* 12 pixels long: by centroids the target is missed, and this a false alarm */
        detected[32 * WIDTH + i] = 1;
    grey_image by_overlap = written(&f);
    f.protocol = PROTOCOL_CENTROID;
    grey_image by_centroid = written(&f);
    assert_memory_not_equal(by_overlap.pixels, by_centroid.pixels,
                            sizeof *flat.pixels * (size_t)flat.width * (size_t)flat.height);
    grey_image *images[] = {&two_rows, &one_row, &flat, &found, &by_overlap, &by_centroid};
    for (int i = 0; i < 6; i++)
        grey_image_free(images[i]);
    assert_ok(method_figure_write(&f, (canvas_png){0}, scratch_path("methods.svg")));
    assert_fails(method_figure_write(&f, (canvas_png){.scale = 1}, "methods.gif"), STATUS_USAGE, "methods.gif", ".svg");
}

static void test_stage_figure(void **state) {
    (void)state;
    uint8_t label[PIXELS];
    put_targets(label);
    detector *d = tiny_detector();
    detector_maps maps;
    assert_ok(detector_run(d, ramp(), WIDTH, HEIGHT, DETAIL_STAGES, &maps));
    stage_figure f = {"title", WIDTH, HEIGHT, ramp(), label, &maps};
    grey_image image;
    const char *path = scratch_path("stages.png");
    assert_ok(stage_figure_write(&f, (canvas_png){.scale = 1}, path));
    assert_ok(png_read_grey(path, &image));
    assert_true(image.width > 300 && image.height > 400); /* two columns, four rows */
    grey_image_free(&image);
    maps.stage_count = 0;
    path = scratch_path("none.png");
    assert_fails(stage_figure_write(&f, (canvas_png){.scale = 1}, path), STATUS_USAGE, "none.png", "no stages");
    assert_int_not_equal(access(path, F_OK), 0);
    detector_free(d);
}

static void test_roc_plot(void **state) {
    (void)state;
    static metrics counts[2];
    const char *const names[] = {"first", "second"};
    for (int m = 0; m < 2; m++) {
        counts[m].roc_targets = 10;
        counts[m].roc_background = 1000;
        for (int i = 0; i < ROC_POINTS; i++) {
            counts[m].roc_detected[i] = i < 100 + 50 * m ? 10 : 5;
            counts[m].roc_false_pixels[i] = 1000 / (i + 1);
        }
    }
    char folder[512];
    snprintf(folder, sizeof folder, "%s", scratch_path("roc"));
    assert_ok(folder_create(folder));
    assert_ok(roc_plot_write("title", names, counts, 2, folder, "curves"));
    name_list files, lines;
    assert_ok(folder_list(folder, "", &files));
    assert_int_equal(files.count, 3);
    assert_string_equal(files.names[0], "curves.csv");
    char path[4096];
    assert_ok(path_join(path, folder, "curves.csv", ""));
    assert_ok(name_list_read(path, &lines));
    assert_int_equal(lines.count, 1 + 2 * ROC_POINTS);
    assert_string_equal(lines.names[1], "first,0.000,1,1");
    assert_string_equal(lines.names[ROC_POINTS + 1 + 1], "second,0.005,0.5,1");
    name_list_free(&files);
    name_list_free(&lines);
}

/* --- numbers of a configuration --- */

static void test_number_lists(void **state) {
    (void)state;
    number_list list;
    assert_ok(number_list_read("a.b", " 0, 1e-4 0.5,\t1 ", NUMBERS_REAL, 0, 1, &list));
    assert_int_equal(list.count, 4);
    assert_true(list.values[1] == 1e-4 && list.values[3] == 1);
    assert_ok(number_list_read("a.b", "", NUMBERS_WHOLE, 0, 1, &list));
    assert_int_equal(list.count, 0);
    static const char *const bad[] = {"1 1", "2 1", "0.5 x", "0.5x", "nan", "-1", "9", "1 2 3 inf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(number_list_read("a.b", bad[i], NUMBERS_REAL, 0, 8, &list), STATUS_USAGE, "a.b", bad[i]);
    assert_fails(number_list_read("a.b", "1.5", NUMBERS_WHOLE, 0, 8, &list), STATUS_USAGE, "a.b", "whole");
    char many[4 * (MOST_NUMBERS + 1)] = "";
    for (int i = 0; i <= MOST_NUMBERS; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%d ", i);
    assert_fails(number_list_read("a.b", many, NUMBERS_WHOLE, 0, 100, &list), STATUS_USAGE, "a.b", "at most 32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_squares_hold_their_targets),
        cmocka_unit_test(test_insets_hide_nothing),
        cmocka_unit_test(test_outcome),
        cmocka_unit_test(test_method_figure),
        cmocka_unit_test(test_stage_figure),
        cmocka_unit_test(test_roc_plot),
        cmocka_unit_test(test_number_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
