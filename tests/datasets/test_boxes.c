/* Boxes of three formats, the masks made of them, and a whole set. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/dataset.h"
#include "datasets/make/box_set.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 40, HEIGHT = 20 };

/* A path in a folder of the scratch folder, which is created. */
static const char *put(const char *folder, const char *name, const char *text) {
    static char path[4096];
    assert_ok(folder_create(scratch_path(folder)));
    assert_ok(path_join(path, scratch_path(folder), name, ""));
    assert_ok(file_write(path, text, strlen(text)));
    return path;
}

static status read_boxes(const char *path, const char *name, box_list *out, bool *found) {
    box_source *s;
    char stem[64];
    *out = (box_list){0};
    TRY(box_source_open(path, scratch_path("named"), &s));
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    *found = s->format->has(s, name, stem);
    status result = *found ? s->format->read(s, name, stem, WIDTH, HEIGHT, out) : STATUS_OK;
    s->format->close(s);
    return result;
}

static void expect_box(const char *path, const char *name, double x0, double y0, double x1, double y1) {
    box_list boxes;
    bool found;
    assert_ok(read_boxes(path, name, &boxes, &found));
    assert_true(found);
    assert_int_equal(boxes.count, 2);
    const box *b = &boxes.items[1];
    assert_true(fabs(b->x0 - x0) + fabs(b->y0 - y0) + fabs(b->x1 - x1) + fabs(b->y1 - y1) < 1e-9);
    box_list_free(&boxes);
}

static void expect_refused(const char *path, const char *name, const char *a, const char *b) {
    box_list boxes;
    bool found;
    assert_fails(read_boxes(path, name, &boxes, &found), STATUS_INPUT, a, b);
    box_list_free(&boxes);
}

static const char voc[] =
    "<?xml version=\"1.0\"?>\n<annotation><size><width>40</width></size>\n"
    "<object><name>t</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    "</object>\n<object><bndbox>\n<ymin> 6 </ymin><xmin>11</xmin><ymax>8.0</ymax><xmax>14</xmax>"
    "</bndbox><part><xmin>3</xmin></part></object></annotation>\n";
static const char yolo[] = "0 0.1 0.1 0.05 0.05\r\n\nship 0.3 0.325 0.1 0.15 0.9\n";
static const char coco[] =
    "{\"images\": [{\"id\": 7, \"file_name\": \"sub/a.png\"}, {\"id\": 8, \"file_name\": \"b.png\"}],"
    "\"annotations\": [{\"image_id\": 7, \"bbox\": [1, 1, 2, 2]},"
    "{\"image_id\": 7, \"bbox\": [10, 5, 4, 3.0], \"category_id\": 1}]}";

/* The same box in all three: columns 10 to 13, rows 5 to 7. */
static void test_formats(void **state) {
    (void)state;
    put("named", "a.png", "");
    put("voc", "a.xml", voc);
    expect_box(scratch_path("voc"), "a.png", 10, 5, 14, 8);
    put("yolo", "a.txt", yolo);
    expect_box(scratch_path("yolo"), "a.png", 10, 5, 14, 8);
    expect_box(put("coco", "all.json", coco), "a.png", 10, 5, 14, 8);
    expect_box(put("coco", "UPPER.JSON", coco), "a.png", 10, 5, 14, 8);
    char marked[sizeof coco + 3];
    snprintf(marked, sizeof marked, "\xef\xbb\xbf%s", coco);
    expect_box(put("coco", "marked.json", marked), "a.png", 10, 5, 14, 8);
}

static void test_images_without_boxes(void **state) {
    (void)state;
    box_list boxes;
    bool found;
    put("named", "b.png", "");
    const char *json = put("coco", "all.json", coco);
    assert_ok(read_boxes(json, "b.png", &boxes, &found));
    assert_true(found && boxes.count == 0);
    assert_ok(read_boxes(json, "c.png", &boxes, &found));
    assert_false(found);
    put("voc", "a.xml", voc);
    assert_ok(read_boxes(scratch_path("voc"), "c.png", &boxes, &found));
    assert_false(found);
    assert_false(box_format_voc.missing_is_empty);
    assert_true(box_format_yolo.missing_is_empty);
}

static void test_bad_annotations_are_refused(void **state) {
    (void)state;
    put("bad_yolo", "a.txt", "0 0.5 0.5 0.1 0.1\n0 12 3 4 5\n");
    expect_refused(scratch_path("bad_yolo"), "a.png", "a.txt, line 2", "0 to 1");
    put("bad_yolo", "a.txt", "0 0.5 0.5 0 0.1\n");
    expect_refused(scratch_path("bad_yolo"), "a.png", "line 1", "without area");
    put("bad_voc", "a.xml", "<annotation>\n<object><bndbox><xmin>1</xmin></bndbox></object></annotation>");
    expect_refused(scratch_path("bad_voc"), "a.png", "a.xml: line 2", "without area");
    put("bad_voc", "a.xml", "<annotation><object><bndbox><xmin>one</xmin></bndbox></object></annotation>");
    expect_refused(scratch_path("bad_voc"), "a.png", "a.xml: line 1", "xmin");
    put("bad_voc", "a.xml",
        "<annotation><object><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>\n"
        "<object><robndbox><cx>7</cx><cy>7</cy><w>4</w><h>4</h><angle>0.3</angle></robndbox></object></annotation>");
    expect_refused(scratch_path("bad_voc"), "a.png", "a.xml: line 2", "an <object> without <bndbox>");
    put("bad_voc", "a.xml", "<annotation>\n<object>");
    expect_refused(scratch_path("bad_voc"), "a.png", "a.xml: line 2", "no XML");
    expect_refused(put("bad", "a.json", "{\"images\": []}"), "a.png", "a.json", "COCO");
    expect_refused(put("bad", "a.json", "{\"images\": [\n"), "a.png", "a.json: line", "");
    expect_refused(put("bad", "a.json", "{\"images\": [{\"id\": 1}], \"annotations\": []}"), "a.png", "images[0]",
                   "file_name");
    expect_refused(put("bad", "a.json", "{\"images\": [], \"annotations\": [{\"image_id\": 1, \"bbox\": [1]}]}"),
                   "a.png", "annotations[0]", "bbox");
    assert_ok(folder_create(scratch_path("nothing")));
    expect_refused(scratch_path("nothing"), "a.png", "nothing", "COCO");
}

/* Cameras and tools write names in different cases. */
static void test_files_in_another_case(void **state) {
    (void)state;
    put("named", "IMG_1.PNG", "");
    put("upper_voc", "img_1.XML", voc);
    expect_box(scratch_path("upper_voc"), "IMG_1.PNG", 10, 5, 14, 8);
    put("upper_yolo", "IMG_1.TXT", yolo);
    put("upper_yolo", "classes.txt", "drone\n");
    expect_box(scratch_path("upper_yolo"), "IMG_1.PNG", 10, 5, 14, 8);
    box_source *source;
    assert_ok(box_source_open(scratch_path("upper_yolo"), scratch_path("named"), &source));
    assert_int_equal(source->named, 1); /* classes are no image */
    source->format->close(source);
    put("upper_yolo", "img_1.txt", "0 0.5 0.5 0.1 0.1\n");
    expect_refused(scratch_path("upper_yolo"), "IMG_1.PNG", "img_1.txt", "could both be meant by image IMG_1");
    put("upper_yolo", "IMG_1.txt", yolo);
    expect_box(scratch_path("upper_yolo"), "IMG_1.PNG", 10, 5, 14, 8);
}

/* --- masks --- */

/* A target of 3 x 2 pixels at (12, 6) on a ground of 50; another bright spot at (15, 9), not connected. */
static void draw(grey_image *image, grey_image *mask) {
    assert_ok(grey_image_new(WIDTH, HEIGHT, 255, image));
    assert_ok(grey_image_new(WIDTH, HEIGHT, 255, mask));
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        image->pixels[i] = 50;
    for (int y = 6; y < 8; y++)
        for (int x = 12; x < 15; x++)
            image->pixels[y * WIDTH + x] = 200;
    image->pixels[6 * WIDTH + 11] = 100; /* its edge, less than half way up */
    image->pixels[10 * WIDTH + 17] = 190;
}

static int area_of(const grey_image *mask, int x0, int y0, int x1, int y1) {
    int area = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            area += mask->pixels[y * WIDTH + x] == 255;
    return area;
}

static void test_what_stands_out_in_a_box(void **state) {
    (void)state;
    grey_image image, mask;
    int flat = 0;
    draw(&image, &mask);
    assert_ok(box_mask_add(&image, &(box){10, 4, 19, 12}, BOX_FILL_CONTRAST, &mask, &flat));
    assert_int_equal(area_of(&mask, 12, 6, 15, 8), 6);
    assert_int_equal(area_of(&mask, 0, 0, WIDTH, HEIGHT), 6);
    assert_int_equal(flat, 0);
    assert_ok(box_mask_add(&image, &(box){30, 4, 33, 7}, BOX_FILL_CONTRAST, &mask, &flat)); /* nothing there */
    assert_int_equal(flat, 1);
    assert_int_equal(area_of(&mask, 30, 4, 33, 7), 9);
    grey_image_free(&image);
    grey_image_free(&mask);
}

static void test_whole_boxes_and_edges(void **state) {
    (void)state;
    static const struct {
        box b;
        int area;
    } cases[] = {
        {{10, 4, 14, 7}, 12},      {{-3, -3, 2, 2}, 4},        {{38.4, 18, 60, 60}, 4},
        {{5.2, 5.2, 5.3, 5.3}, 1}, {{9.6, 4.6, 11.4, 5.4}, 1}, {{0, 0, WIDTH, HEIGHT}, WIDTH * HEIGHT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grey_image image, mask;
        int flat = 0;
        draw(&image, &mask);
        assert_ok(box_mask_add(&image, &cases[i].b, BOX_FILL_WHOLE, &mask, &flat));
        assert_int_equal(area_of(&mask, 0, 0, WIDTH, HEIGHT), cases[i].area);
        assert_ok(box_mask_add(&image, &cases[i].b, BOX_FILL_CONTRAST, &mask, &flat));
        assert_int_equal(area_of(&mask, 0, 0, WIDTH, HEIGHT), cases[i].area); /* nothing outside the box */
        assert_fails(box_mask_add(&image, &(box){50, 2, 55, 5}, BOX_FILL_WHOLE, &mask, &flat), STATUS_INPUT, "outside",
                     "40x20");
        grey_image_free(&image);
        grey_image_free(&mask);
    }
}

/* --- a set --- */

static void test_a_whole_set(void **state) {
    (void)state;
    grey_image image, mask;
    char images[4000], boxes[4096], path[4096], text[4096];
    static const char *const outputs[] = {"made", "made.h5"};
    draw(&image, &mask);
    grey_image_free(&mask);
    snprintf(images, sizeof images, "%s", scratch_path("frames"));
    snprintf(boxes, sizeof boxes, "%s", put("set", "all.json", coco));
    assert_ok(folder_create(images));
    uint8_t grey[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        grey[i] = (uint8_t)image.pixels[i];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%c.png", images, "abc"[i]);
        assert_ok(png_write_8(path, WIDTH, HEIGHT, 1, grey));
    }
    for (int i = 0; i < 2; i++) {
        box_set_counts counts;
        dataset *d;
        char to[4096];
        snprintf(to, sizeof to, "%s", scratch_path(outputs[i]));
        assert_ok(box_set_write(images, boxes, to, BOX_FILL_WHOLE, &counts, NULL, NULL));
        assert_true(counts.images == 2 && counts.boxes == 2 && counts.empty == 1 && counts.unannotated == 1);
        assert_ok(dataset_open(to, "all", &d));
        assert_int_equal(dataset_count(d), 2);
        assert_ok(dataset_read(d, 0, MASK_SIZE_MUST_MATCH, NULL, &mask));
        assert_int_equal(area_of(&mask, 0, 0, WIDTH, HEIGHT), 4 + 12);
        grey_image_free(&mask);
        dataset_close(d);
        assert_fails(box_set_write(images, scratch_path("nothing"), to, BOX_FILL_WHOLE, &counts, NULL, NULL),
                     STATUS_INPUT, "nothing", "COCO");
    }
    box_set_counts counts;
    put("others", "z.txt", yolo); /* not one image has a file there: a wrong folder, not a set without targets */
    assert_fails(
        box_set_write(images, scratch_path("others"), scratch_path("none"), BOX_FILL_WHOLE, &counts, NULL, NULL),
        STATUS_INPUT, "frames", "has an annotation (YOLO)");
    put("two", "a.txt", yolo);
    snprintf(path, sizeof path, "%s/a.bmp", images);
    assert_ok(file_copy(put("frames", "a.png", "any"), path)); /* content is not looked at so early */
    assert_fails(box_set_write(images, scratch_path("two"), scratch_path("none"), BOX_FILL_WHOLE, &counts, NULL, NULL),
                 STATUS_INPUT, "a.bmp and a.png", "one image of each name");
    assert_ok(path_join(path, scratch_path("made"), "README.txt", ""));
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    fclose(stream);
    assert_non_null(strstr(text, "every pixel of a box"));
    assert_non_null(strstr(text, "2 boxes (COCO JSON) in 2 images, 1 of them without a box"));
    grey_image_free(&image);
}

/* COCO: the folders of file_names count where they are there. */
static void test_images_in_folders(void **state) {
    (void)state;
    uint8_t grey[WIDTH * HEIGHT] = {9};
    char frames[4000], json[4096], to[4096];
    box_set_counts counts;
    dataset *d;
    grey_image mask;
    snprintf(frames, sizeof frames, "%s", scratch_path("seq"));
    assert_ok(png_write_8(put("seq", "1.png", ""), WIDTH, HEIGHT, 1, grey));
    snprintf(
        json, sizeof json, "%s",
        put("set", "seq.json",
            "{\"images\": [{\"id\": 1, \"file_name\": \"s1/1.png\"}, {\"id\": 2, \"file_name\": \".\\\\s2\\\\1.png\"},"
            "{\"id\": 4, \"file_name\": \"s1/gone.png\"}],"
            "\"annotations\": [{\"image_id\": 1, \"bbox\": [1, 1, 2, 2]}, {\"image_id\": 2, \"bbox\": [1, 1, 3, 2]},"
            "{\"image_id\": 3, \"bbox\": [1, 1, 3, 2]}]}"));
    snprintf(to, sizeof to, "%s", scratch_path("made-of-folders"));
    /* One file that both may mean. */
    assert_fails(box_set_write(frames, json, to, BOX_FILL_WHOLE, &counts, NULL, NULL), STATUS_INPUT,
                 "'s1/1.png' (id 1)", "(id 2) both are the image 1.png");
    for (int i = 1; i <= 2; i++)
        assert_ok(png_write_8(put(i == 1 ? "seq/s1" : "seq/s2", "1.png", ""), WIDTH, HEIGHT, 1, grey));
    for (int i = 0; i < 2; i++) {
        snprintf(to, sizeof to, "%s", scratch_path(i ? "of-folders.h5" : "of-folders"));
        assert_ok(box_set_write(frames, json, to, BOX_FILL_WHOLE, &counts, NULL, NULL));
        assert_true(counts.images == 2 && counts.boxes == 2 && counts.unannotated == 1);
        assert_true(counts.named == 3 && counts.absent == 1 && counts.stray == 1);
        assert_ok(dataset_open(to, "all", &d));
        assert_int_equal(dataset_count(d), 2);
        assert_string_equal(dataset_sample_name(d, 1), "s2/1");
        assert_ok(dataset_read(d, 1, MASK_SIZE_MUST_MATCH, NULL, &mask));
        assert_int_equal(area_of(&mask, 0, 0, WIDTH, HEIGHT), 6);
        grey_image_free(&mask);
        dataset_close(d);
    }
}

static void test_names_and_ids_stand_once(void **state) {
    (void)state;
    static const char format[] = "{\"images\": [{\"id\": 7, \"file_name\": \"a.png\"},"
                                 "{\"id\": %d, \"file_name\": \"%s\"}], \"annotations\": []}";
    char text[512];
    put("named", "a.png", "");
    snprintf(text, sizeof text, format, 8, "old/a.png");
    expect_refused(put("bad", "a.json", text), "a.png", "a.json: 'a.png' (id 7) and 'old/a.png' (id 8)", "image a.png");
    snprintf(text, sizeof text, format, 7, "b.png");
    expect_refused(put("bad", "a.json", text), "a.png", "'a.png' (id 7) and 'b.png' (id 7)", "the image with id 7");
}

/* As many ends of a name are looked for as it has slashes; what is above the last ".." is none of them. */
static void test_long_names_and_parents(void **state) {
    (void)state;
    enum { LENGTH = 5000 };
    static const char before[] = "{\"images\": [{\"id\": 7, \"file_name\": \"", after[] = "\"}], \"annotations\": []}";
    char text[LENGTH + 100];
    bool found;
    box_list boxes;
    size_t at = (size_t)sprintf(text, "%s", before);
    for (int i = 0; i < LENGTH; i += 2)
        memcpy(text + at + i, "a/", 2);
    strcpy(text + at + LENGTH, after);
    expect_refused(put("bad", "a.json", text), "a.png", "a.json: images[0]", "5000 bytes; expected at most 4095");
    put("named", "a.png", "");
    sprintf(text, "%s../x/../a.png%s", before, after);
    assert_ok(read_boxes(put("coco", "up.json", text), "a.png", &boxes, &found));
    assert_true(found);
    sprintf(text, "%sa.png/..%s", before, after);
    assert_ok(read_boxes(put("coco", "up.json", text), "a.png", &boxes, &found));
    assert_false(found);
}

/* Boxes of an image that was scaled or turned since lie elsewhere. A side that is 0 or left out is not stated. */
static void test_sizes_that_annotations_state(void **state) {
    (void)state;
    static const struct {
        const char *coco, *voc, *fault;
    } cases[] = {
        {"\"width\": 40, \"height\": 20", "<width>40</width><height> 20 </height>", NULL},
        {"\"width\": 0, \"height\": null", "<width>0</width><height>0</height>", NULL},
        {"\"height\": 20", "<width/><height>20</height><depth>1</depth>", NULL},
        {"\"width\": 20, \"height\": 40", "<width>20</width><height>40</height>", "20x40"},
        {"\"width\": 40, \"height\": 21", "<width>40</width><height>21</height>", "40x21"},
        {"\"width\": 80", "<width>80</width>", "80x20"},
    };
    put("named", "a.png", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512], size[64];
        box_list boxes;
        bool found;
        snprintf(text, sizeof text, "<annotation><size>%s</size></annotation>", cases[i].voc);
        put("sized", "a.xml", text);
        snprintf(text, sizeof text, "{\"images\": [{\"id\": 7, \"file_name\": \"a.png\", %s}], \"annotations\": []}",
                 cases[i].coco);
        const char *json = put("coco", "sized.json", text);
        snprintf(size, sizeof size, "annotated at a size of %s pixels; expected 40x20", cases[i].fault);
        if (cases[i].fault) {
            expect_refused(json, "a.png", "sized.json: image a.png: ", size);
            expect_refused(scratch_path("sized"), "a.png", "a.xml: line 1: <size>: ", size);
            continue;
        }
        assert_ok(read_boxes(json, "a.png", &boxes, &found));
        assert_ok(read_boxes(scratch_path("sized"), "a.png", &boxes, &found));
        assert_true(found);
    }
}

/* What YOLO's tools write behind a class: a box, a box and its confidence, or the corners of a polygon. */
static void test_lines_of_yolo(void **state) {
    (void)state;
    put("lines", "a.txt", "0 .1 .1 .1 .1\n0 0.25 0.25 0.35 0.25 0.35 0.4 0.25 0.4\n");
    expect_box(scratch_path("lines"), "a.png", 10, 5, 14, 8);
    put("lines", "a.txt", "0 .1 .1 .1 .1\nship 0.25 0.3 0.3 0.25 0.35 0.4\r\n");
    expect_box(scratch_path("lines"), "a.png", 10, 5, 14, 8);
    put("lines", "a.txt", "0 .1 .1 .1 .1 .7\n0 0.3 0.325 0.1 0.15 87.5\n");
    expect_box(scratch_path("lines"), "a.png", 10, 5, 14, 8);
    static const char *const bad[] = {"0 .1 .1 .1", "0 .1 .1 .2 .1 .2 .2 .1", "0 .1 .1 .2 .1 1.2 .2", "0 .1 .1 .2 x"};
    for (int i = 0; i < 4; i++) {
        put("lines", "a.txt", bad[i]);
        expect_refused(scratch_path("lines"), "a.png", "a.txt, line 1", "numbers from 0 to 1");
    }
}

/* Empty objects take seventy times their bytes. */
static void test_too_many_values(void **state) {
    (void)state;
    enum { VALUES = (1 << 23) + 1, EACH = 3 };
    char *text = malloc(VALUES * EACH + 64);
    box_source *source;
    assert_non_null(text);
    size_t at = (size_t)sprintf(text, "{\"images\":[],\"annotations\":[");
    for (int i = 0; i < VALUES; i++, at += EACH)
        memcpy(text + at, "{},", EACH);
    memcpy(text + at - 1, "]}", 3);
    const char *path = scratch_file("many.json", text, at + 1);
    free(text);
    assert_fails(box_source_open(path, ".", &source), STATUS_INPUT, path, "more than 8388608 values");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_images_without_boxes),
        cmocka_unit_test(test_bad_annotations_are_refused),
        cmocka_unit_test(test_files_in_another_case),
        cmocka_unit_test(test_what_stands_out_in_a_box),
        cmocka_unit_test(test_whole_boxes_and_edges),
        cmocka_unit_test(test_a_whole_set),
        cmocka_unit_test(test_images_in_folders),
        cmocka_unit_test(test_names_and_ids_stand_once),
        cmocka_unit_test(test_long_names_and_parents),
        cmocka_unit_test(test_sizes_that_annotations_state),
        cmocka_unit_test(test_lines_of_yolo),
        cmocka_unit_test(test_too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
