/* Cells: kept under a key, lost when the key changes or the file is damaged. */
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "eval/experiments/cell.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cell some_cell(void) {
    cell c = {.params = 215916, .ms_image = 72.5};
    c.counts = (metrics){.images = 664,
                         .tp = 1,
                         .fp = 2,
                         .fn = 3,
                         .targets = 945,
                         .targets_detected = 930,
                         .false_pixels = 779,
                         .area_pixels = 43487189,
                         .iou_sum = 600.125,
                         .roc_targets = 945,
                         .roc_background = 43487189};
    for (int i = 0; i < ROC_POINTS; i++) {
        c.counts.roc_detected[i] = 945 - i;
        c.counts.roc_false_pixels[i] = 43487189 / (i + 1);
    }
    return c;
}

static void test_write_and_read_back(void **state) {
    (void)state;
    const char *path = scratch_path("cell.json");
    cell in = some_cell(), out;
    assert_false(cell_read(path, "key", &out));
    assert_ok(cell_write(path, "key", &in));
    assert_true(cell_read(path, "key", &out));
    assert_memory_equal(&in, &out, sizeof in);
    assert_false(cell_read(path, "another key", &out));
}

static void test_intervals(void **state) {
    (void)state;
    const char *path = scratch_path("intervals.json");
    char text[32768];
    cell in = some_cell(), out;
    in.has_intervals = true;
    for (int m = 0; m < METRICS; m++)
        in.intervals[m] = (interval){0.25 + m, 0.375 + m};
    assert_ok(cell_write(path, "key", &in));
    assert_true(cell_read(path, "key", &out));
    assert_memory_equal(&in, &out, sizeof in);
    in.intervals[METRIC_pd] = (interval){NAN, NAN};
    assert_ok(cell_write(path, "key", &in));
    assert_true(cell_read(path, "key", &out));
    assert_true(isnan(out.intervals[METRIC_pd].low) && isnan(out.intervals[METRIC_pd].high));
    assert_true(out.intervals[METRIC_miou].high == 0.375 + METRIC_miou);

    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *miou = strstr(text, "\"miou\": [");
    assert_non_null(miou);
    memcpy(miou, "\"mIoU\"", 6); /* one is missing */
    assert_false(cell_read(scratch_file("missing.json", text, strlen(text)), "key", &out));
}

/* The cell's file with `from`, the first there is, replaced by `to`, which is as long. */
static bool reads_with(const char *text, const char *from, const char *to) {
    char changed[16384];
    cell out;
    snprintf(changed, sizeof changed, "%s", text);
    char *at = strstr(changed, from);
    assert_true(at && strlen(from) == strlen(to));
    memcpy(at, to, strlen(to));
    return cell_read(scratch_file("changed.json", changed, strlen(changed)), "key", &out);
}

/* Every byte cut off a file, a number that became a word, also within a curve, and one that counts nothing, make it
 * void. */
static void test_damaged(void **state) {
    (void)state;
    char path[4096], text[16384];
    cell in = some_cell(), out;
    snprintf(path, sizeof path, "%s", scratch_path("whole.json"));
    assert_ok(cell_write(path, "key", &in));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    for (size_t cut = 0; cut < length; cut += 97)
        assert_false(cell_read(scratch_file("cut.json", text, cut), "key", &out));
    text[length] = '\0';
    assert_true(reads_with(text, "945", "944"));
    assert_false(reads_with(text, "945", "\"9\""));
    assert_false(reads_with(text, "945", "-94"));
    assert_false(reads_with(text, "[\n    945", "[\n    \"9\""));
    assert_false(reads_with(text, "[\n    945", "[\n    -94"));
    assert_false(reads_with(text, "43487189", "1e999999"));
    assert_false(reads_with(text, "\"params\": 215916", "\"params\": 4e1000"));
}

/* A file that goes on without end is not read to see whether its beginning would do. */
static void test_large(void **state) {
    (void)state;
    enum { LARGE = 2 << 20 };
    char path[4096], *blanks = malloc(LARGE);
    cell in = some_cell(), out;
    assert_non_null(blanks);
    memset(blanks, ' ', LARGE);
    snprintf(path, sizeof path, "%s", scratch_path("large.json"));
    assert_ok(cell_write(path, "key", &in));
    FILE *file = fopen(path, "a");
    assert_true(file && fwrite(blanks, 1, 1000, file) == 1000 && fclose(file) == 0);
    assert_true(cell_read(path, "key", &out));
    file = fopen(path, "a");
    assert_true(file && fwrite(blanks, 1, LARGE, file) == LARGE && fclose(file) == 0);
    assert_false(cell_read(path, "key", &out));
    free(blanks);
}

enum { SIDE = 8 };

static void put(const char *path, int lit) {
    uint8_t pixels[SIDE * SIDE] = {0};
    pixels[lit] = 255;
    assert_ok(png_write_8(path, SIDE, SIDE, 1, pixels));
}

static void put_text(const char *path, const char *text) {
    assert_ok(file_write(path, text, strlen(text)));
}

/* The key of the only method on the only set, as it is now. */
static void key_now(const experiment *e, char out[CELL_KEY_SIZE]) {
    cell_data what;
    assert_ok(cell_data_find(e, 0, &what));
    assert_ok(cell_key(e, 0, 0, &what, NULL, out));
}

/* A mask that is shifted, an image that changes and a list of as many other images are other data under the same name:
 * what was measured before is not theirs. */
static void test_key_holds_the_data(void **state) {
    (void)state;
    static const char ini[] = "[data]\nA = A\n[methods]\nips = mpcm\n";
    char first[CELL_KEY_SIZE], key[CELL_KEY_SIZE];
    experiment *e;
    assert_int_equal(chdir(scratch_path("")), 0);
    assert_ok(folder_create("A/images"));
    assert_ok(folder_create("A/masks"));
    for (int i = 0; i < 2; i++) {
        put(i ? "A/images/y.png" : "A/images/x.png", 20 + i);
        put(i ? "A/masks/y.png" : "A/masks/x.png", 20 + i);
    }
    put_text("A/test.txt", "x\n");
    put_text("experiment.ini", ini);
    assert_ok(experiment_read("experiment.ini", NULL, 0, NULL, 0, &e));
    key_now(e, first);
    key_now(e, key);
    assert_string_equal(key, first);
    put("A/masks/x.png", 25);
    key_now(e, key);
    assert_string_not_equal(key, first);
    put("A/masks/x.png", 20);
    put("A/images/x.png", 25);
    key_now(e, key);
    assert_string_not_equal(key, first);
    put("A/images/x.png", 20);
    put_text("A/test.txt", "y\n");
    key_now(e, key);
    assert_string_not_equal(key, first);
    put_text("A/test.txt", "x\n");
    key_now(e, key);
    assert_string_equal(key, first);
    put_text("A/masks/x.png", "no image");
    assert_fails(cell_data_find(e, 0, &(cell_data){0}), STATUS_INPUT, "data.A", "x.png");
    experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read_back),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_key_holds_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
