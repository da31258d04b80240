/* A pack gives the grey values of its files: a range of values means the same on both. */
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "core/io/png_io.h"
#include "datasets/make/box_set.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, IMAGES = 2 };

static char root[4096];

static const char *file_of(const char *folder, int index, const char *ending) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    assert_ok(folder_create(path));
    snprintf(path, sizeof path, "%s/%s/%d%s", root, folder, index, ending);
    return path;
}

/* Values of a PGM from 0 to its full scale. */
static void write_pgm(int index, int full) {
    char bytes[32 + 2 * PIXELS];
    int length = snprintf(bytes, 32, "P5 %d %d %d\n", SIDE, SIDE, full);
    for (int i = 0; i < PIXELS; i++) {
        int value = full * i / (PIXELS - 1);
        bytes[length++] = (char)(value >> 8);
        bytes[length++] = (char)(value & 255);
    }
    assert_ok(file_write(file_of("images", index, ".pgm"), bytes, (size_t)length));
}

static void make_set(const char *name, int full, int other_full) {
    uint8_t mask[PIXELS] = {[9] = 255};
    snprintf(root, sizeof root, "%s", scratch_path(name));
    write_pgm(0, full);
    write_pgm(1, other_full);
    for (int i = 0; i < IMAGES; i++)
        assert_ok(png_write_8(file_of("masks", i, ".png"), SIDE, SIDE, 1, mask));
}

static dataset *packed_as(const char *name, const char *from, const pack_options *options) {
    dataset *d, *packed;
    const char *path = scratch_path(name);
    assert_ok(dataset_open(from, "all", &d));
    assert_ok(pack_write(path, &d, 1, options, NULL, NULL));
    dataset_close(d);
    assert_ok(dataset_open(path, "all", &packed));
    return packed;
}

/* The pixels of both under a range, and the files' own counting. */
static void expect_same(dataset *a, dataset *b, const char *text) {
    grey_range range;
    assert_ok(grey_range_read(text, "--range", &range));
    dataset_set_range(a, &range);
    dataset_set_range(b, &range);
    for (int i = 0; i < IMAGES; i++) {
        grey_image one, two;
        assert_ok(dataset_read(a, i, MASK_SIZE_MUST_MATCH, &one, NULL));
        assert_ok(dataset_read(b, i, MASK_SIZE_MUST_MATCH, &two, NULL));
        assert_memory_equal(one.pixels, two.pixels, PIXELS * sizeof *one.pixels);
        assert_true(one.value_low == two.value_low && one.value_high == two.value_high);
        assert_int_equal(one.own_scale, two.own_scale);
        grey_image_free(&one);
        grey_image_free(&two);
    }
}

static void expect_pack_as_folder(void) {
    dataset *d, *packed = packed_as("set.h5", root, &(pack_options){0});
    char first[4096];
    snprintf(first, sizeof first, "%s", scratch_path("set.h5"));
    dataset *again = packed_as("again.h5", first, &(pack_options){0}); /* a pack of a pack, too */
    dataset *sized = packed_as("sized.h5", root, &(pack_options){.size = SIDE});
    assert_ok(dataset_open(root, "all", &d));
    static const char *const ranges[] = {"full", "0,2000", "100,300"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        expect_same(d, packed, ranges[i]);
        expect_same(d, again, ranges[i]);
        expect_same(d, sized, ranges[i]);
    }
    dataset_close(d);
    dataset_close(packed);
    dataset_close(again);
    dataset_close(sized);
}

static void test_one_scale(void **state) {
    (void)state;
    make_set("one", 4095, 4095);
    expect_pack_as_folder();
}

static void test_different_scales(void **state) {
    (void)state;
    make_set("different", 4095, 16383);
    expect_pack_as_folder();
}

/* Files of 16 bits count as the pack does; nothing is kept of them. */
static void test_plain_values(void **state) {
    (void)state;
    h5_file *file;
    make_set("plain", 65535, 65535);
    expect_pack_as_folder();
    assert_ok(h5_open(scratch_path("set.h5"), &file));
    assert_false(h5_exists(file, "scales"));
    h5_close(file);
}

static void expect_refused(const h5_shape *shape, const double *scales, const char *message) {
    h5_file *file;
    dataset *d;
    const char *path = scratch_path("odd.h5");
    static const uint16_t pixels[IMAGES * PIXELS];
    const h5_shape all = {.rank = 3, .size = {IMAGES, SIDE, SIDE}};
    static const char *const names[] = {"0", "1"}, *const splits[] = {"all", "all"};
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "images", H5_UINT16, &all, pixels));
    assert_ok(h5_write(file, "masks", H5_UINT16, &all, pixels));
    assert_ok(h5_write_attribute_int(file, "images", "full_scale", 65535));
    assert_ok(h5_write(file, "scales", H5_FLOAT64, shape, scales));
    assert_ok(h5_write_strings(file, "names", names, IMAGES));
    assert_ok(h5_write_strings(file, "split", splits, IMAGES));
    assert_ok(h5_commit(file));
    assert_fails(dataset_open(path, "all", &d), STATUS_INPUT, path, message);
}

/* A folder of PNG counts anew, which is said; a pack of boxes does not. */
static void test_boxes(void **state) {
    (void)state;
    static const char line[] = "0 0.5 0.5 0.3 0.3\n";
    char images[4200], labels[4200];
    box_set_counts counts;
    dataset *d, *packed;
    make_set("boxes", 4095, 4095);
    for (int i = 0; i < IMAGES; i++)
        assert_ok(file_write(file_of("labels", i, ".txt"), line, sizeof line - 1));
    snprintf(images, sizeof images, "%s/images", root);
    snprintf(labels, sizeof labels, "%s/labels", root);
    assert_ok(box_set_write(images, labels, scratch_path("made"), BOX_FILL_WHOLE, &counts, NULL, NULL));
    assert_int_equal(counts.recounted, IMAGES);
    const char *path = scratch_path("boxes.h5");
    assert_ok(box_set_write(images, labels, path, BOX_FILL_WHOLE, &counts, NULL, NULL));
    assert_int_equal(counts.recounted, 0);
    assert_ok(dataset_open(root, "all", &d));
    assert_ok(dataset_open(path, "all", &packed));
    expect_same(d, packed, "0,2000");
    dataset_close(d);
    dataset_close(packed);
}

static void test_odd_scales(void **state) {
    (void)state;
    static const h5_shape fits = {.rank = 2, .size = {IMAGES, 3}}, narrow = {.rank = 2, .size = {IMAGES, 2}};
    static const double falling[] = {0, 4095, 0, 5, 4, 0}, endless[] = {0, 4095, 0, 0, 1.0 / 0.0, 0};
    expect_refused(&narrow, falling, "another shape than 2 x 3");
    expect_refused(&fits, falling, "an image from 5 to 4");
    expect_refused(&fits, endless, "an image from 0 to inf");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_scale), cmocka_unit_test(test_different_scales), cmocka_unit_test(test_plain_values),
        cmocka_unit_test(test_boxes),     cmocka_unit_test(test_odd_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
