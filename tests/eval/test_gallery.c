/* The pictures of a report: which images and marks are kept, and that what is kept is bounded. */
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "core/io/png_io.h"
#include "eval/report/evaluation_page.h"
#include "eval/report/gallery_cut.h"
#include "eval/report/gallery_file.h"
#include "eval/report/gallery_page.h"
#include "eval/report/gallery_panel.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, PIXELS = SIDE * SIDE };

typedef struct scene {
    float image[PIXELS], score[PIXELS];
    uint8_t label[PIXELS];
} scene;

static void put(float *map, int x, int y, float value) {
    map[y * SIDE + x] = map[y * SIDE + x + 1] = value;
}

/* A target of two pixels at (10, 10) with score `target`, a false alarm at (50, 40) with score `alarm`. */
static scene *scene_of(float target, float alarm) {
    scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (int i = 0; i < PIXELS; i++)
        s->image[i] = 0.25f + 0.001f * (float)(i % 7);
    put(s->image, 10, 10, 0.75f);
    put(s->score, 10, 10, target);
    put(s->score, 50, 40, alarm);
    s->label[10 * SIDE + 10] = s->label[10 * SIDE + 11] = 1;
    return s;
}

static void show(const gallery *g, const char *name, const scene *s, match_protocol protocol) {
    const scored_image image = {.width = SIDE,
                                .height = SIDE,
                                .score = s->score,
                                .kind = SCORE_PROBABILITY,
                                .label = s->label,
                                .image = s->image};
    const scoring how = {.rule = RULE_SCORE, .protocol = protocol};
    const image_watcher *watcher = gallery_watcher(g);
    per_image alone;
    assert_ok(per_image_measure(&image, &how, &alone));
    assert_ok(watcher->see(watcher->context, name, &image, &alone));
    per_image_free(&alone);
}

static gallery *new_gallery(int images, match_protocol protocol) {
    gallery *g;
    const gallery_options options = {.images = images, .protocol = protocol, .chosen = 2, .worst = 2, .marks = 3};
    assert_ok(gallery_new(&options, &g));
    return g;
}

/* Ten images: number i has a target with score 0.05 (i + 1), found from number 9 on, and a false alarm with score
 * 0.5 + 0.01 (i % 5) from number 2 on. */
static gallery *shown_gallery(void) {
    gallery *g = new_gallery(10, PROTOCOL_OVERLAP);
    for (int i = 0; i < 10; i++) {
        char name[16];
        scene *s =
            scene_of(i == 9 ? 0.75f : 0.05f * (float)(i + 1) - 0.001f, i < 2 ? 0 : 0.5f + 0.01f * (float)(1 + i % 5));
        snprintf(name, sizeof name, "scene %d", i);
        show(g, name, s, PROTOCOL_OVERLAP);
        free(s);
    }
    return g;
}

static void test_choice(void **state) {
    (void)state;
    gallery *g = shown_gallery();
    int count;
    const gallery_scene *scenes = gallery_chosen(g, &count);
    assert_int_equal(count, 2);
    assert_int_equal(scenes[0].index, 2); /* the middle of each half */
    assert_int_equal(scenes[1].index, 7);
    assert_int_equal(scenes[0].targets, 1);
    assert_int_equal(scenes[0].found, 0);
    assert_int_equal(scenes[0].false_alarms, 1);
    assert_int_equal(scenes[0].false_pixels, 2);
    assert_int_equal(scenes[0].missed_pixels, 2);
    assert_int_equal(scenes[0].box_count, 2);
    assert_int_equal(scenes[0].boxes[0].kind, GALLERY_MISSED);
    assert_true(scenes[0].boxes[0].x0 == 10 && scenes[0].boxes[0].x1 == 12 && scenes[0].boxes[0].y1 == 11);
    assert_int_equal(scenes[0].boxes[1].kind, GALLERY_FALSE);
    scenes = gallery_worst(g, &count);
    assert_int_equal(count, 2);
    assert_string_equal(scenes[0].name, "scene 0"); /* of equals the first */
    assert_string_equal(scenes[1].name, "scene 1");
    const gallery_mark *marks = gallery_misses(g, &count);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "scene %d", i);
        assert_string_equal(marks[i].name, name);
        assert_int_equal(marks[i].area, 2);
        assert_true(fabs(marks[i].peak - (0.05 * (i + 1) - 0.001)) < 1e-6);
        assert_true(marks[i].contrast > 2);
        assert_int_equal(marks[i].maps.width, 48);
        assert_true(marks[i].box.x0 == 10 && marks[i].box.y0 == 10); /* the part begins at the edge */
        assert_int_equal(marks[i].maps.image[10 * 48 + 10], 255);
    }
    marks = gallery_false_alarms(g, &count);
    assert_int_equal(count, 3);
    assert_string_equal(marks[0].name, "scene 4"); /* 0.55; of equals the first */
    assert_string_equal(marks[1].name, "scene 9");
    assert_string_equal(marks[2].name, "scene 3"); /* 0.54 */
    assert_true(marks[0].x == 50.5 && marks[0].y == 40);
    assert_true(marks[0].box.x0 == 50 - 16 && marks[0].box.y0 == 40 - 16); /* and ends at the other edges */
    const gallery_row *rows = gallery_rows(g, &count);
    assert_int_equal(count, 10);
    assert_int_equal(rows[9].found, 1);
    assert_int_equal(rows[9].false_pixels, 2);
    assert_int_equal(rows[0].missed_pixels, 2);
    assert_true(rows[9].iou == 0.5);
    gallery_free(g);
    gallery_free(NULL);
}

/* By centroids a detection 5 pixels long that covers a target is a false alarm, and the target is missed. */
static void test_protocol(void **state) {
    (void)state;
    for (int protocol = 0; protocol < 2; protocol++) {
        gallery *g = new_gallery(1, (match_protocol)protocol);
        scene *s = scene_of(1, 0);
        int misses, alarms;
        for (int x = 12; x < 24; x++)
            s->score[10 * SIDE + x] = 1;
        show(g, "long", s, (match_protocol)protocol);
        gallery_misses(g, &misses);
        gallery_false_alarms(g, &alarms);
        assert_int_equal(misses, protocol == PROTOCOL_CENTROID);
        assert_int_equal(alarms, protocol == PROTOCOL_CENTROID);
        free(s);
        gallery_free(g);
    }
}

/* What an experiment's page shows of it. */
static char *short_page(const gallery *g) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_ok(gallery_print_short(g, "image", stream));
    fclose(stream);
    return text;
}

static void test_empty(void **state) {
    (void)state;
    gallery *g = new_gallery(1, PROTOCOL_OVERLAP);
    scene *s = calloc(1, sizeof *s);
    int count;
    show(g, "nothing", s, PROTOCOL_OVERLAP);
    const gallery_scene *kept = gallery_chosen(g, &count);
    assert_int_equal(count, 1);
    assert_int_equal(kept->maps.image[0], 0); /* an even image is black */
    gallery_worst(g, &count);
    assert_int_equal(count, 0); /* nothing is wrong with it */
    assert_true(isnan(gallery_rows(g, &count)->iou));
    char *text = short_page(g);
    assert_non_null(strstr(text, "64 &times; 64, IoU – (pixels: 0 false, 0 missed), 0 of 0 targets found"));
    free(text);
    free(s);
    gallery_free(g);
}

/* A hundred false alarms: not all of them are marked in the picture, and the page says so. */
static void test_many_marks(void **state) {
    (void)state;
    gallery *g = new_gallery(1, PROTOCOL_OVERLAP);
    scene *s = scene_of(1, 0);
    for (int i = 0; i < 100; i++)
        s->score[(20 + 4 * (i / 10)) * SIDE + 4 * (i % 10)] = 1;
    show(g, "many", s, PROTOCOL_OVERLAP);
    char *text = short_page(g);
    assert_non_null(strstr(text, "1 of 1 target found, 100 false alarms; the first 64 of them are marked</small>"));
    free(text);
    free(s);
    gallery_free(g);
}

/* One bright pixel of 2000 x 100 is neither lost nor is the picture large. */
static void test_reduction(void **state) {
    (void)state;
    enum { WIDTH = 2000, HEIGHT = 100 };
    float *image = calloc(WIDTH * HEIGHT, sizeof *image), *score = calloc(WIDTH * HEIGHT, sizeof *score);
    uint8_t *label = calloc(WIDTH * HEIGHT, 1);
    gallery_maps maps;
    score[99 * WIDTH + 1999] = 1;
    label[99 * WIDTH + 1999] = 1;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        image[i] = i % WIDTH < WIDTH / 2 ? 0.1f : 0.9f;
    const gallery_source source = {WIDTH, HEIGHT, image, score, label, label};
    assert_ok(gallery_reduce(&source, GALLERY_LARGEST_SIDE, &maps));
    assert_int_equal(maps.width, 286);
    assert_int_equal(maps.height, 15);
    assert_int_equal(maps.score[15 * 286 - 1], 255);
    assert_int_equal(maps.label[15 * 286 - 1], 1);
    assert_int_equal(maps.predicted[0], 0);
    assert_int_equal(maps.image[0], 0);
    assert_int_equal(maps.image[285], 255);
    gallery_maps_free(&maps);
    free(image);
    free(score);
    free(label);
}

/* Read back as grey: image, label and score of the target, and the frame around it. */
static void test_panel(void **state) {
    (void)state;
    gallery *g = new_gallery(1, PROTOCOL_OVERLAP);
    scene *s = scene_of(1, 0);
    gallery_panel panel;
    grey_image read;
    int count;
    show(g, "found", s, PROTOCOL_OVERLAP);
    for (int block = 1; block <= 2; block++) {
        assert_ok(gallery_panel_make(gallery_chosen(g, &count), SIDE / block, &panel));
        int side = SIDE / block, step = side + 4, x = 10 / block, y = 10 / block;
        assert_int_equal(panel.width, 4 * side + 12);
        assert_int_equal(panel.height, side);
        assert_ok(png_read_grey(scratch_file("panel.png", panel.png.text, panel.png.size), &read));
        const uint16_t *row = read.pixels + (size_t)y * (size_t)read.width;
        assert_int_equal(row[x], block == 1 ? 255 : 127); /* a block has one bright row of two */
        assert_int_equal(row[side], 255);                 /* the gap */
        assert_int_equal(row[step + x], 255);             /* label */
        assert_int_equal(row[step + x + 3], 0);           /* no label */
        assert_true(row[2 * step + x] > 200);             /* score */
        assert_true(row[2 * step + x + 3] < 20);          /* none */
        assert_int_equal(row[3 * step + x - 2], 152);     /* 0x35d07f as grey */
        assert_true(row[3 * step + x - 3] < 20);          /* outside of the frame */
        grey_image_free(&read);
        gallery_panel_free(&panel);
    }
    free(s);
    gallery_free(g);
}

static bool same_box(const gallery_box *a, const gallery_box *b) {
    return a->kind == b->kind && a->x0 == b->x0 && a->y0 == b->y0 && a->x1 == b->x1 && a->y1 == b->y1;
}

/* What is written comes back; nothing more is taken from a file than there may be. */
static void test_file(void **state) {
    (void)state;
    gallery *g = shown_gallery(), *read;
    const char *path = scratch_path("gallery.h5");
    int count, kept;
    assert_ok(gallery_file_write(g, 1, 2, path));
    assert_ok(gallery_file_read(path, &read));
    const gallery_mark *misses = gallery_misses(g, &count), *read_misses = gallery_misses(read, &kept);
    assert_int_equal(kept, 2);
    for (int i = 0; i < kept; i++) {
        const gallery_mark *a = &misses[i], *b = &read_misses[i];
        size_t pixels = (size_t)a->maps.width * (size_t)a->maps.height;
        assert_string_equal(a->name, b->name);
        assert_true(a->kind == b->kind && a->x == b->x && a->area == b->area && a->contrast == b->contrast);
        assert_true(same_box(&a->box, &b->box));
        assert_memory_equal(a->maps.image, b->maps.image, pixels);
        assert_memory_equal(a->maps.predicted, b->maps.predicted, pixels);
    }
    const gallery_mark *alarms = gallery_false_alarms(read, &kept);
    assert_int_equal(kept, 2);
    assert_int_equal(alarms[1].kind, GALLERY_FALSE);
    assert_true(isnan(alarms[1].contrast));
    const gallery_scene *a = gallery_chosen(g, &count), *b = gallery_chosen(read, &kept);
    assert_int_equal(kept, 1);
    assert_string_equal(a->name, b->name);
    assert_int_equal(b->box_count, a->box_count);
    for (int i = 0; i < a->box_count; i++)
        assert_true(same_box(&a->boxes[i], &b->boxes[i]));
    assert_true(b->full_width == SIDE && b->targets == 1 && b->false_alarms == a->false_alarms && b->iou == a->iou);
    assert_true(b->false_pixels == 2 && b->missed_pixels == 2);
    gallery_free(read);
    gallery_free(g);
    h5_file *file;
    const h5_shape shape = {.rank = 1, .size = {3}};
    assert_ok(h5_amend(path, &file));
    assert_ok(h5_write(file, "misses/2/image", H5_UINT8, &shape, "abc"));
    assert_ok(h5_commit(file));
    assert_fails(gallery_file_read(path, &read), STATUS_INPUT, "misses/2/image", "no map");
    assert_null(read);
    assert_ok(h5_create(path, &file));
    assert_ok(h5_commit(file));
    assert_fails(gallery_file_read(path, &read), STATUS_INPUT, "gallery.h5", "gallery");
}

/* A file of an older version does not tell how many pixels of an image are false: then nothing is said of them. */
static void test_older_file(void **state) {
    (void)state;
    static const char *const maps[] = {"image", "score", "label", "predicted"};
    static const char *const numbers[] = {"full_width", "full_height", "iou", "targets", "found", "false_alarms"};
    const h5_shape shape = {.rank = 2, .size = {2, 2}};
    const char *path = scratch_path("older.h5");
    h5_file *file;
    gallery *read;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_int(file, "/", "gallery", 1));
    for (int i = 0; i < 4; i++) {
        char map[32];
        snprintf(map, sizeof map, "chosen/0/%s", maps[i]);
        assert_ok(h5_write(file, map, H5_UINT8, &shape, "abc"));
    }
    assert_ok(h5_write_attribute_text(file, "chosen/0", "name", "a"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_ok(h5_write_attribute_double(file, "chosen/0", numbers[i], 1));
    assert_ok(h5_commit(file));
    assert_ok(gallery_file_read(path, &read));
    char *text = short_page(read);
    assert_non_null(strstr(text, "IoU 100.0 %, 1 of 1 target found"));
    free(text);
    gallery_free(read);
}

/* 64 entries of a kind with four maps of the largest sides would be 4 GiB. One that is too much by itself shows the
 * limit of all. */
static void test_large_file(void **state) {
    (void)state;
    static const char *const maps[] = {"image", "score", "label", "predicted"};
    static const char *const numbers[] = {"x", "y", "area", "peak", "contrast", "box_x0", "box_y0", "box_x1", "box_y1"};
    const h5_shape shape = {.rank = 2, .size = {4096, 1025}};
    const char *path = scratch_path("large.h5");
    h5_file *file;
    gallery *read;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write_attribute_int(file, "/", "gallery", 1));
    for (int i = 0; i < 4; i++) {
        char map[32];
        snprintf(map, sizeof map, "misses/0/%s", maps[i]);
        assert_ok(h5_create_chunked(file, map, H5_UINT8, &shape));
    }
    assert_ok(h5_write_attribute_text(file, "misses/0", "name", "a"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_ok(h5_write_attribute_double(file, "misses/0", numbers[i], 1));
    assert_ok(h5_commit(file));
    assert_fails(gallery_file_read(path, &read), STATUS_INPUT, path, "more than 4194304 pixels");
    assert_null(read);
}

static void test_page(void **state) {
    (void)state;
    gallery *g = shown_gallery();
    static evaluation e = {.method = "a<b", .dataset = "set", .split = "test"};
    uint8_t *text;
    size_t size;
    const char *path = scratch_path("report.html");
    assert_fails(evaluation_page_check_path("report.txt"), STATUS_USAGE, "report.txt", ".html");
    assert_fails(evaluation_page_check_path(".html"), STATUS_USAGE, ".html", "ends in");
    assert_ok(evaluation_page_check_path(path));
    comparison against[METRICS] = {[METRIC_pd] = {0.125, {-0.25, 0.5}, 0.5}};
    e.against = against;
    e.against_name = "other";
    e.counts.empty_images = 2;
    assert_ok(evaluation_page_write(&e, g, path));
    gallery_free(g);
    assert_ok(file_read(path, 5 << 20, &text, &size));
    assert_non_null(strstr((char *)text, "a&lt;b on set, split test"));
    assert_non_null(strstr((char *)text, "scene 9"));
    assert_non_null(strstr((char *)text, "2 images have no target: "));
    assert_non_null(strstr((char *)text, "+12.50 [-25.00, 50.00]"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),     cmocka_unit_test(test_protocol),   cmocka_unit_test(test_empty),
        cmocka_unit_test(test_page),       cmocka_unit_test(test_reduction),  cmocka_unit_test(test_panel),
        cmocka_unit_test(test_file),       cmocka_unit_test(test_large_file), cmocka_unit_test(test_older_file),
        cmocka_unit_test(test_many_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
