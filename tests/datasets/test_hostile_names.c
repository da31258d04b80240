/* Names out of files - lists, packs, annotations - that point out of the folder they belong to. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/dataset.h"
#include "datasets/make/box_set.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>

enum { SIDE = 8 };

static char root[4096];

static const char *inside(const char *relative) {
    static char path[4][4096];
    static int next;
    next = (next + 1) % 4;
    assert_ok(path_join(path[next], root, relative, ""));
    return path[next];
}

static int make_set(void **state) {
    (void)state;
    uint8_t pixels[SIDE * SIDE] = {[9] = 255};
    snprintf(root, sizeof root, "%s", scratch_path("set"));
    assert_ok(folder_create(inside("images")));
    assert_ok(folder_create(inside("masks")));
    assert_ok(png_write_8(inside("images/a.png"), SIDE, SIDE, 1, pixels));
    assert_ok(png_write_8(inside("masks/a.png"), SIDE, SIDE, 1, pixels));
    return 0;
}

static void write_text(const char *relative, const char *text) {
    assert_ok(file_write(inside(relative), text, strlen(text)));
}

/* A line is found by its last part, and then has the name of what was found. */
static void test_lists(void **state) {
    (void)state;
    static const char *const lines[] = {"../a", "../../../etc/a.png", "/etc/a", "b/../../a"};
    for (int i = 0; i < 4; i++) {
        dataset *d = NULL;
        write_text("test.txt", lines[i]);
        if (dataset_open(root, "test", &d) != STATUS_OK)
            continue; /* as good */
        assert_int_equal(dataset_count(d), 1);
        assert_string_equal(dataset_sample_name(d, 0), "a");
        dataset_close(d);
    }
    dataset *d;
    write_text("test.txt", "../../etc/passwd");
    assert_fails(dataset_open(root, "test", &d), STATUS_INPUT, "etc/passwd", "no such image");
}

static void test_packs(void **state) {
    (void)state;
    static const char *const names[] = {"../evil", "/tmp/evil", "a/../../evil", ""};
    for (int i = 0; i < 4; i++) {
        const char *path = scratch_path("evil.h5");
        grey_image image, mask;
        pack_writer *w;
        dataset *d;
        assert_ok(grey_image_new(SIDE, SIDE, 255, &image));
        assert_ok(grey_image_new(SIDE, SIDE, 255, &mask));
        assert_ok(pack_begin(path, 1, &w));
        assert_ok(pack_add(w, "test", names[i], &image, &mask));
        assert_ok(pack_commit(w));
        assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, "evil", "expected a name without '..'");
        grey_image_free(&image);
        grey_image_free(&mask);
    }
}

/* COCO's file_name and VOC's <filename> say which image a box is of, never where a mask goes. */
static void expect_masks_inside(const char *annotations, const char *out) {
    box_set_counts counts;
    char mask[4096];
    assert_ok(box_set_write(inside("images"), annotations, out, BOX_FILL_WHOLE, &counts, NULL, NULL));
    assert_int_equal(counts.boxes, 1);
    assert_ok(path_join(mask, out, "masks/a.png", ""));
    assert_true(path_is_file(mask));
    assert_false(path_is_file(inside("a.png")));
    assert_false(path_is_file(inside("../a.png")));
}

static void test_annotations(void **state) {
    (void)state;
    write_text("boxes.json", "{\"images\": [{\"id\": 1, \"file_name\": \"../../a.png\"}],"
                             " \"annotations\": [{\"image_id\": 1, \"bbox\": [1, 1, 2, 2]}]}");
    expect_masks_inside(inside("boxes.json"), inside("coco"));
    assert_ok(folder_create(inside("voc")));
    write_text("voc/a.xml", "<annotation><filename>../../b.png</filename><object><bndbox><xmin>1</xmin><ymin>1</ymin>"
                            "<xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>");
    expect_masks_inside(inside("voc"), inside("made"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_packs),
        cmocka_unit_test(test_annotations),
    };
    return cmocka_run_group_tests(tests, make_set, NULL);
}
