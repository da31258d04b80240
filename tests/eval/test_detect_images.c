/* Many images at a time: the files and lists are those of one after the other, whatever the number of threads, with an
 * unreadable image among them; and what is left when one fails. */
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include "core/base/rng.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "eval/detect/detect_images.h"
#include "eval/detect/detection_files.h"

#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 24, UNREADABLE = 7, WIDE = 5, CUT = 10, MOST_BYTES = 1 << 26 };

static const detector_tiles tiles = {.side = 512, .overlap = 64, .limit = 700 * 520};
static int cuts_told;

static void write_noise(const char *folder, int number) {
    int width = number == WIDE ? 700 : number == CUT ? 800 : 33 + number % 3, height = width > 600 ? 500 : 24;
    uint16_t *pixels = malloc((size_t)width * (size_t)height * sizeof *pixels);
    char path[4096], name[16];
    assert_non_null(pixels);
    rng r = rng_new((uint64_t)number, 1);
    for (int i = 0; i < width * height; i++)
        pixels[i] = (uint16_t)(65535 * rng_uniform(&r));
    snprintf(name, sizeof name, "%02d", number);
    assert_ok(path_join(path, folder, name, ".png"));
    assert_ok(number == UNREADABLE ? file_write(path, "no image", 8) : png_write_grey16(path, width, height, pixels));
    free(pixels);
}

/* A folder of images, made once. */
static const char *inputs(void) {
    static char folder[512];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s", scratch_path("many"));
        assert_ok(folder_create(folder));
        for (int i = 0; i < IMAGES; i++)
            write_noise(folder, i);
    }
    return folder;
}

enum { SEEN = 96 }; /* the size of images that are resized */

static void count_cut(const char *path, detect_sides seen) {
    /* resized all are as large as the first; else one is too large */
    assert_true(seen.width == seen.height ? seen.width == SEEN : seen.width == 800 && strstr(path, "10.png") != NULL);
    cuts_told++;
}

/* What a run needs. */
typedef struct setup {
    detector *d;
    detect_options how;
    input_options input;
    input_images images;
    grey_range range;
    detection_report *report;
    char out[512], maps[512];
} setup;

/* Untrained weights hardly see the image; larger ones do. */
static void strengthen(detector *d) {
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        for (size_t k = 0; set->items[i]->rank == 4 && k < set->items[i]->count; k++)
            set->items[i]->value[k] *= 3;
}

static void set_up(setup *s, const char *name, int threads) {
    const char *const arguments[] = {inputs()};
    char maps[64];
    *s = (setup){.how = {.threshold = 0.5, .detail = DETAIL_RECONSTRUCTION}};
    snprintf(maps, sizeof maps, "%s.h5", name);
    snprintf(s->out, sizeof s->out, "%s", scratch_path(name));
    snprintf(s->maps, sizeof s->maps, "%s", scratch_path(maps));
    use_threads(threads);
    s->d = tiny_detector();
    use_threads(0);
    strengthen(s->d);
    detector_set_tiles(s->d, &tiles);
    assert_ok(input_images_collect(arguments, 1, &s->input, &s->images));
    assert_int_equal(s->images.count, IMAGES);
    assert_ok(detection_report_new("tiny", &s->how, &s->report));
}

static void tear_down(setup *s) {
    detection_report_free(s->report);
    input_images_free(&s->images);
    detector_free(s->d);
}

static status run(setup *s, int threads, detect_outcome *outcome) {
    cuts_told = 0;
    return detect_images(&(detect_job){.d = s->d,
                                       .threads = threads,
                                       .how = &s->how,
                                       .images = &s->images,
                                       .input = &s->input,
                                       .range = &s->range,
                                       .out = s->out,
                                       .raw = s->maps,
                                       .report = s->report,
                                       .say_cut = count_cut},
                         outcome);
}

/* One image after the other, by hand. */
static int run_plainly(setup *s) {
    h5_file *maps;
    int found = 0;
    assert_ok(folder_create(s->out));
    assert_ok(h5_create(s->maps, &maps));
    for (int i = 0; i < IMAGES; i++) {
        const input_image *input = &s->images.items[i];
        grey_image image;
        detected_image result;
        if (i == UNREADABLE)
            continue;
        assert_ok(image_read(&(image_source){.path = input->path}, &image));
        assert_ok(detect_image(s->d, &image, &s->how, &result));
        assert_ok(detection_report_add(s->report, input->name, input->path, &result));
        assert_ok(detection_write_maps(maps, input->name, &result.maps));
        assert_ok(detection_write_pictures(s->out, input->name, &image, &result));
        found += result.found.count;
        detected_image_free(&result);
        grey_image_free(&image);
    }
    assert_ok(detection_report_write(s->report, s->out));
    assert_ok(h5_commit(maps));
    return found;
}

static void expect_same_file(const char *path, const char *expected) {
    uint8_t *a, *b;
    size_t size, expected_size;
    assert_ok(file_read(path, MOST_BYTES, &a, &size));
    assert_ok(file_read(expected, MOST_BYTES, &b, &expected_size));
    assert_int_equal(size, expected_size);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
}

static void expect_same_folder(const char *folder, const char *expected) {
    name_list names, expected_names;
    char path[4096], other[4096];
    assert_ok(folder_list(folder, "", &names));
    assert_ok(folder_list(expected, "", &expected_names));
    assert_int_equal(names.count, expected_names.count);
    for (int i = 0; i < names.count; i++) {
        assert_string_equal(names.names[i], expected_names.names[i]);
        assert_ok(path_join(path, folder, names.names[i], ""));
        assert_ok(path_join(other, expected, names.names[i], ""));
        expect_same_file(path, other);
    }
    name_list_free(&names);
    name_list_free(&expected_names);
}

static const detector_tiles small_tiles = {.side = 64, .overlap = 16};

static void see_at(setup *s, int size) {
    s->how.size = size;
    if (size > 0)
        detector_set_tiles(s->d, &small_tiles);
}

/* `size`: as --size; images are seen so, and cut then. */
static void expect_as_one_after_the_other(int size, int *found) {
    setup plain, several;
    detect_outcome outcome;
    char name[32];
    snprintf(name, sizeof name, "plain%d", size);
    set_up(&plain, name, 1);
    see_at(&plain, size);
    *found = run_plainly(&plain);
    for (int threads = 1; threads <= 5; threads += 2) {
        snprintf(name, sizeof name, "threads%d of %d", threads, size);
        set_up(&several, name, threads);
        see_at(&several, size);
        assert_ok(run(&several, threads, &outcome));
        assert_ok(detection_report_write(several.report, several.out));
        assert_ok(h5_commit(outcome.maps));
        assert_true(outcome.done == IMAGES - 1 && outcome.left_out == 1 && outcome.found == *found);
        assert_non_null(strstr(outcome.first_error, "07.png"));
        assert_int_equal(outcome.span.images, IMAGES - 1);
        assert_int_equal(cuts_told, 1);
        expect_same_folder(several.out, plain.out);
        expect_same_file(several.maps, plain.maps);
        tear_down(&several);
    }
    tear_down(&plain);
}

static void test_as_one_after_the_other(void **state) {
    (void)state;
    int found;
    expect_as_one_after_the_other(0, &found);
    assert_true(found > IMAGES);
    expect_as_one_after_the_other(SEEN, &found);
}

/* A folder stands where a picture should go: images before have their pictures, those behind have none. */
static void test_failure_ends_the_run(void **state) {
    (void)state;
    enum { BLOCKED = 12 };
    for (int threads = 1; threads <= 3; threads += 2) {
        setup s;
        detect_outcome outcome;
        char name[32], path[4096];
        snprintf(name, sizeof name, "blocked%d", threads);
        set_up(&s, name, threads);
        assert_ok(path_join(path, s.out, "12_mask.png", ""));
        assert_ok(folder_create(path));
        assert_fails(run(&s, threads, &outcome), STATUS_OUTPUT, "12_mask.png", "it is a folder");
        assert_int_equal(outcome.done, BLOCKED - 1);
        h5_close(outcome.maps);
        assert_false(path_is_file(s.maps));
        for (int i = 0; i < IMAGES; i++) {
            assert_ok(path_join(path, s.out, s.images.items[i].name, "_score.png"));
            assert_true(path_is_file(path) == (i < BLOCKED && i != UNREADABLE));
        }
        tear_down(&s);
    }
}

/* The smallest images are no larger than a patch of the method: the others have their results. */
static void test_an_image_that_the_method_does_not_take(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        setup s;
        detect_outcome outcome;
        char name[32];
        snprintf(name, sizeof name, "small%d", threads);
        set_up(&s, name, threads);
        detector_free(s.d);
        use_threads(threads);
        assert_ok(golden_detector(
            (const char *[]){"model.name", "pstnn", "model.patch_size", "34", "model.patch_step", "34", NULL}, &s.d));
        use_threads(0);
        s.how.detail = DETAIL_SCORE;
        s.how.size = 0;
        s.images.count = 9; /* of sides of 24, but for one */
        assert_ok(run(&s, threads, &outcome));
        assert_true(outcome.done == 1 && outcome.left_out == 8);
        assert_non_null(strstr(outcome.first_error, "00.png: an image of 33x24 is smaller than the patches"));
        h5_close(outcome.maps);
        s.images.count = IMAGES;
        tear_down(&s);
    }
}

static void test_nothing_readable_leaves_nothing(void **state) {
    (void)state;
    setup s;
    detect_outcome outcome;
    set_up(&s, "nothing", 2);
    input_image first = s.images.items[0];
    int count = s.images.count;
    s.images.items[0] = s.images.items[UNREADABLE];
    s.images.count = 1;
    assert_ok(run(&s, 2, &outcome));
    assert_true(outcome.done == 0 && outcome.left_out == 1 && !outcome.maps);
    assert_false(path_is_folder(s.out));
    s.images.items[0] = first;
    s.images.count = count;
    tear_down(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_one_after_the_other),
        cmocka_unit_test(test_failure_ends_the_run),
        cmocka_unit_test(test_an_image_that_the_method_does_not_take),
        cmocka_unit_test(test_nothing_readable_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
