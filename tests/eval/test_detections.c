#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include "core/base/process.h"
#include "core/base/rng.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "eval/detect/detection_files.h"
#include "eval/detect/detection_report.h"
#include "eval/detect/input_images.h"
#include "eval/detect/overlay.h"
#include "eval/measure/score_map.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void test_components_become_detections(void **state) {
    (void)state;
    const float score[4 * 3] = {0.9f, 0.1f, 0.1f, 0.6f, /**/ 0.7f, 0.95f, 0.1f, 0.8f, /**/ 0.1f, 0.1f, 0.1f, 0.55f};
    uint8_t mask[12];
    score_map_threshold(score, 12, 0.5, mask);
    detection_list found;
    assert_ok(detections_find(score, mask, 4, 3, &found));
    assert_int_equal(found.count, 2);
    detection a = found.items[0], b = found.items[1];
    assert_true(a.area == 3 && a.x0 == 0 && a.y0 == 0 && a.x1 == 1 && a.y1 == 1);
    assert_true(a.x == 1.0 / 3 && a.y == 2.0 / 3 && a.peak == 0.95f);
    assert_true(b.area == 3 && b.x0 == 3 && b.x1 == 3 && b.y0 == 0 && b.y1 == 2 && b.peak == 0.8f);
    detection_list_free(&found);
    score_map_threshold(score, 12, 0.99, mask);
    assert_ok(detections_find(score, mask, 4, 3, &found));
    assert_int_equal(found.count, 0);
    detection_list_free(&found);
}

/* Nine digits of 0.7f are a little less than it, those of 0.3f a little more. */
static void test_threshold_is_rounded_as_scores_are(void **state) {
    (void)state;
    const float score[2] = {0.3f, 0.7f};
    uint8_t mask[2];
    for (int i = 0; i < 2; i++)
        for (int side = -1; side <= 1; side++) {
            score_map_threshold(score + i, 1, score[i] + side * 1e-9, mask);
            assert_int_equal(mask[0], 0);
        }
}

static void test_threshold_is_strict(void **state) {
    (void)state;
    const float score[3] = {0.5f, nextafterf(0.5f, 1), 0};
    uint8_t mask[3];
    score_map_threshold(score, 3, 0.5, mask);
    assert_true(mask[0] == 0 && mask[1] == 1 && mask[2] == 0);
}

static void test_raw_scores_become_ratios(void **state) {
    (void)state;
    const float raw[4] = {-3, 0, 2, 8};
    float unit[4];
    score_map_to_unit(raw, 4, SCORE_RAW, unit);
    assert_true(unit[0] == 0 && unit[1] == 0 && unit[2] == 0.25f && unit[3] == 1);
    const float negative[2] = {-1, -2};
    score_map_to_unit(negative, 2, SCORE_RAW, unit); /* nothing stands out: nothing is found */
    assert_true(unit[0] == 0 && unit[1] == 0);
    const float probability[2] = {0.125f, 0.25f}; /* not stretched */
    score_map_to_unit(probability, 2, SCORE_PROBABILITY, unit);
    assert_true(unit[0] == 0.125f && unit[1] == 0.25f);
}

static void test_resize_score(void **state) {
    (void)state;
    const float row[2] = {0, 1};
    float out[4];
    score_map_resize(row, 2, 1, 4, 1, out); /* centres at -0.25, 0.25, 0.75, 1.25 */
    assert_true(out[0] == 0 && out[1] == 0.25f && out[2] == 0.75f && out[3] == 1);
    float plane[5 * 7], larger[11 * 13];
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 7; x++)
            plane[y * 7 + x] = (float)(2 * x - y);
    score_map_resize(plane, 7, 5, 13, 11, larger);
    for (int y = 2; y < 9; y++) /* a plane stays one, away from the replicated edges */
        for (int x = 2; x < 11; x++) {
            double expected = 2 * ((x + 0.5) * 7 / 13 - 0.5) - ((y + 0.5) * 5 / 11 - 0.5);
            /* Values below 16, four roundings of half a unit of 2^-20. */
            assert_true(fabs(larger[y * 13 + x] - expected) < 4e-6);
        }
    score_map_resize(plane, 7, 5, 7, 5, larger);
    assert_memory_equal(larger, plane, sizeof plane);
}

static grey_image noise(int width, int height, int maximum) {
    grey_image image;
    rng r = rng_new(9, 0);
    assert_ok(grey_image_new(width, height, maximum, &image));
    for (int i = 0; i < width * height; i++)
        image.pixels[i] = (uint16_t)rng_below(&r, (uint32_t)maximum + 1);
    return image;
}

static void test_detect_image(void **state) {
    (void)state;
    detector *d = tiny_detector();
    grey_image image = noise(37, 21, 65535);
    detect_options native = {.threshold = 0.5, .detail = DETAIL_STAGES}, fixed = {.size = 16, .threshold = 0.5};
    detected_image result;
    assert_ok(detect_image(d, &image, &native, &result));
    assert_true(result.width == 37 && result.height == 21 && result.maps.width == 37 && result.maps.stage_count == 4);
    assert_memory_equal(result.score, result.maps.score, 37 * 21 * sizeof(float));
    for (int i = 0; i < 37 * 21; i++)
        assert_int_equal(result.mask[i], result.score[i] > 0.5f);
    detected_image_free(&result);
    assert_ok(detect_image(d, &image, &fixed, &result));
    assert_true(result.width == 37 && result.height == 21 && result.maps.width == 16 && result.maps.height == 16);
    for (int i = 0; i < result.found.count; i++)
        assert_true(result.found.items[i].x1 < 37 && result.found.items[i].y1 < 21);
    detected_image_free(&result);
    grey_image_free(&image);
    detector_free(d);
}

static void test_report(void **state) {
    (void)state;
    detection items[2] = {{1.5, 2, 1, 2, 2, 2, 2, 0.75}, {8, 9, 8, 9, 8, 9, 1, 1}};
    detected_image some = {.width = 20, .height = 10, .found = {2, items}}, none = {.width = 5, .height = 6};
    detect_options options = {.size = 256, .threshold = 0.5};
    detection_report *r;
    assert_ok(detection_report_new("rpcanet_plus", &options, &r));
    assert_ok(detection_report_add(r, "a,\"b", "in/a,\"b.png", &some));
    assert_ok(detection_report_add(r, "empty", "in/empty.png", &none));
    assert_ok(detection_report_add(r, "\xff", "in/\xff.png", &none)); /* not UTF-8, as JSON is */
    char folder[512], path[4096], text[512] = "";
    snprintf(folder, sizeof folder, "%s", scratch_path("report"));
    assert_ok(folder_create(folder));
    assert_ok(detection_report_write(r, folder));
    detection_report_free(r);
    assert_ok(path_join(path, folder, "detections", ".csv"));
    FILE *csv = fopen(path, "r");
    assert_non_null(csv);
    assert_true(fread(text, 1, sizeof text - 1, csv) > 0);
    fclose(csv);
    assert_string_equal(text, "image,number,x,y,x0,y0,x1,y1,area,peak\n"
                              "\"a,\"\"b\",1,1.500,2.000,1,2,2,2,2,0.75\n"
                              "\"a,\"\"b\",2,8.000,9.000,8,9,8,9,1,1\n");
    assert_ok(path_join(path, folder, "detections", ".json"));
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    const char *method, *name;
    int size, count, width, x1, area;
    double peak;
    json_t *images, *second;
    assert_int_equal(json_unpack(json, "{s:s, s:i, s:o}", "method", &method, "size", &size, "images", &images), 0);
    assert_true(!strcmp(method, "rpcanet_plus") && size == 256 && json_array_size(images) == 3);
    assert_int_equal(json_unpack(json_array_get(images, 0), "{s:s, s:i, s:[{s:[i,i,i,i], s:i, s:F}]}", "image", &name,
                                 "width", &width, "detections", "box", &count, &count, &x1, &count, "area", &area,
                                 "peak", &peak),
                     0);
    assert_true(!strcmp(name, "a,\"b") && width == 20 && x1 == 2 && area == 2 && peak == 0.75);
    second = json_object_get(json_array_get(images, 1), "detections");
    assert_true(json_is_array(second) && json_array_size(second) == 0);
    assert_int_equal(json_unpack(json_array_get(images, 2), "{s:s}", "file", &name), 0);
    assert_string_equal(name, "in/\xef\xbf\xbd.png");
    json_decref(json);

    assert_ok(path_join(path, folder, "detections", ".coco.json"));
    json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    int image, x, y, width_of_box, height_of_box;
    assert_int_equal(json_unpack(json, "{s:[{s:i, s:s, s:i}], s:[{s:i, s:[i,i,i,i], s:i, s:F}], s:[{s:i}]}", "images",
                                 "id", &image, "file_name", &name, "width", &width, "annotations", "image_id", &count,
                                 "bbox", &x, &y, &width_of_box, &height_of_box, "area", &area, "score", &peak,
                                 "categories", "id", &size),
                     0);
    assert_true(image == 1 && count == 1 && !strcmp(name, "in/a,\"b.png") && size == 1);
    assert_true(x == 1 && y == 2 && width_of_box == 2 && height_of_box == 1 && area == 2 && peak == 0.75);
    assert_int_equal(json_array_size(json_object_get(json, "images")), 3);
    assert_int_equal(json_array_size(json_object_get(json, "annotations")), 2);
    json_decref(json);
}

/* The picture has whole image pixels, enlarged, and the box lies around the target, not on it. */
static void test_overlay(void **state) {
    (void)state;
    grey_image image, picture;
    assert_ok(grey_image_new(64, 100, 255, &image));
    image.pixels[50 * 64 + 30] = 200;
    detection target = {30, 50, 30, 50, 30, 50, 1, 0.9};
    detection_list found = {1, &target};
    const char *path = scratch_path("overlay.png");
    assert_ok(overlay_write(path, &image, &found));
    assert_ok(png_read_grey(path, &picture));
    assert_true(picture.width == 512 && picture.height == 800); /* 8 times */
    for (int y = 400; y < 408; y++)
        for (int x = 240; x < 248; x++)
            assert_int_equal(picture.pixels[y * 512 + x], 200);
    assert_int_equal(picture.pixels[700 * 512 + 100], 0);
    assert_true(picture.pixels[404 * 512 + 228] > 100); /* left edge of the box: 240 - 1.5 * 8 */
    grey_image_free(&picture);
    grey_image_free(&image);

    image = noise(9000, 3, 65535); /* far longer than a picture may be */
    assert_ok(overlay_write(path, &image, &(detection_list){0}));
    assert_ok(png_read_grey(path, &picture));
    assert_int_equal(picture.width, 8192);
    grey_image_free(&picture);
    grey_image_free(&image);

    for (int turned = 0; turned < 2; turned++) { /* as long as an image may be */
        image = turned ? noise(1, IMAGE_LARGEST_SIDE, 255) : noise(IMAGE_LARGEST_SIDE, 1, 255);
        assert_ok(overlay_write(path, &image, &(detection_list){0}));
        assert_ok(png_read_grey(path, &picture));
        assert_int_equal(turned ? picture.height : picture.width, 8192);
        grey_image_free(&picture);
        grey_image_free(&image);
    }
}

static void test_pictures_all_or_none(void **state) {
    (void)state;
    grey_image image = noise(8, 8, 255), back;
    float score[64] = {[9] = 1};
    uint8_t mask[64] = {[9] = 1, [30] = 1, [31] = 1};
    detected_image result = {.width = 8, .height = 8, .score = score, .mask = mask};
    char folder[512], path[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("pictures"));
    assert_ok(folder_create(folder));
    assert_ok(detection_write_pictures(folder, "a", &image, &result));
    assert_ok(path_join(path, folder, "a", "_score.png"));
    assert_ok(png_read_grey(path, &back));
    assert_true(back.maximum == 65535 && back.pixels[9] == 65535 && back.pixels[0] == 0);
    grey_image_free(&back);
    assert_ok(path_join(path, folder, "a", "_mask.png"));
    assert_ok(png_read_grey(path, &back));
    assert_true(back.maximum == 255 && back.pixels[9] == 255 && back.pixels[0] == 0);
    grey_image_free(&back);
    assert_ok(path_join(path, folder, "a", "_labels.png"));
    assert_ok(png_read_grey(path, &back));
    assert_true(back.maximum == 65535 && back.pixels[9] == 1 && back.pixels[30] == 2 && back.pixels[31] == 2);
    assert_int_equal(back.pixels[0], 0);
    grey_image_free(&back);
    assert_ok(path_join(path, folder, "b_overlay.png", "")); /* a folder stands where the last picture should go */
    assert_ok(folder_create(path));
    assert_int_equal(detection_write_pictures(folder, "b", &image, &result), STATUS_OUTPUT);
    assert_ok(path_join(path, folder, "b_score.png", ""));
    assert_false(path_is_file(path));
    grey_image_free(&image);
}

static void test_inputs(void **state) {
    (void)state;
    char folder[512], other[512], path[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("inputs"));
    snprintf(other, sizeof other, "%s", scratch_path("inputs/other"));
    assert_ok(folder_create(other));
    const char *const files[] = {"b.png", "a.PNG", "notes.txt", "c.d.bmp", "other/a.png", "dump.y16"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_ok(path_join(path, folder, files[i], ""));
        assert_ok(file_write(path, "0123456789ab", 12));
    }
    input_images images;
    input_options options = {0};
    char text[512];
    const char *const one[] = {folder};
    assert_ok(input_images_collect(one, 1, &options, &images));
    assert_int_equal(images.count, 3);
    assert_string_equal(images.items[0].name, "a");
    assert_string_equal(images.items[1].name, "b");
    assert_string_equal(images.items[2].name, "c.d");
    assert_true(input_images_remark(&images, text, sizeof text));
    assert_non_null(strstr(text, "dump.y16"));
    assert_non_null(strstr(text, "notes.txt"));
    assert_non_null(strstr(text, "inputs/other"));
    input_images_free(&images);
    options = (input_options){.recursive = true, .raw_width = 3, .raw_height = 1};
    assert_ok(input_images_collect(one, 1, &options, &images)); /* two frames of six bytes */
    assert_int_equal(images.count, 6);
    assert_string_equal(images.items[3].name, "dump_0001");
    assert_string_equal(images.items[4].name, "dump_0002");
    assert_int_equal(images.items[4].page, 2);
    assert_string_equal(images.items[5].name, "other/a");
    assert_int_equal(images.left_out.count, 1);
    input_images_free(&images);
    options = (input_options){0};
    const char *const same[] = {folder, other};
    assert_fails(input_images_collect(same, 2, &options, &images), STATUS_USAGE, "a.PNG", "other/a.png");
    const char *const missing[] = {"no/such.png"};
    assert_fails(input_images_collect(missing, 1, &options, &images), STATUS_INPUT, "no/such.png", "no such");
    assert_ok(folder_create(scratch_path("inputs/none")));
    const char *const none[] = {scratch_path("inputs/none")};
    assert_fails(input_images_collect(none, 1, &options, &images), STATUS_INPUT, "inputs/none", "no image");
    assert_fails(input_images_collect(NULL, 0, &options, &images), STATUS_USAGE, "INPUT", "");
}

/* The last test: the signal stays. */
static void test_a_signal_ends_collecting(void **state) {
    (void)state;
    input_images images;
    const char *const one[] = {scratch_path("inputs")};
    process_begin_signals();
    raise(SIGINT);
    assert_int_equal(input_images_collect(one, 1, &(input_options){0}, &images), STATUS_INTERRUPTED);
    process_end_signals();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components_become_detections),
        cmocka_unit_test(test_threshold_is_strict),
        cmocka_unit_test(test_threshold_is_rounded_as_scores_are),
        cmocka_unit_test(test_raw_scores_become_ratios),
        cmocka_unit_test(test_resize_score),
        cmocka_unit_test(test_detect_image),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_overlay),
        cmocka_unit_test(test_pictures_all_or_none),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_a_signal_ends_collecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
