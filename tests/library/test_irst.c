/* The public interface: what it finds in frames, and what it refuses. */
#include "include/irst.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/library/frames.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include "core/io/grey_range.h"
#include "eval/detect/detections.h"
#include "modules/torch/torch_export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What detect finds in the same pixels. */
static void expect_as_detect(detector *d, grey_image image, const grey_range *range, double threshold,
                             const irst_result *found) {
    detected_image expected;
    uint16_t *copy = malloc(PIXELS * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, image.pixels, PIXELS * sizeof *copy);
    image.pixels = copy;
    assert_ok(grey_range_apply(range, &image));
    assert_ok(detect_image(d, &image, &(detect_options){.threshold = threshold}, &expected));
    assert_true(found->width == WIDTH && found->height == HEIGHT && found->threshold == (float)threshold);
    assert_memory_equal(found->score, expected.score, PIXELS * sizeof(float));
    assert_int_equal(found->count, expected.found.count);
    for (int i = 0; i < found->count; i++) {
        const irst_detection *a = &found->detections[i];
        const detection *b = &expected.found.items[i];
        assert_true(a->x == b->x && a->y == b->y && a->left == b->x0 && a->top == b->y0 && a->right == b->x1);
        assert_true(a->bottom == b->y1 && a->area == b->area && a->peak == (float)b->peak);
    }
    detected_image_free(&expected);
    free(copy);
}

/* What detect finds in the same pixels, resized to size x size. */
static void expect_as_resized(detector *d, const grey_image *image, int size, const irst_result *found) {
    detected_image expected;
    assert_ok(detect_image(d, image, &(detect_options){.threshold = 0.5, .size = size}, &expected));
    assert_true(found->width == WIDTH && found->height == HEIGHT);
    for (int i = 0; i < PIXELS; i++)
        assert_true(fabsf(found->score[i] - expected.score[i]) < 1e-5f);
    assert_int_equal(found->count, expected.found.count);
    detected_image_free(&expected);
}

static detector *mpcm(void) {
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.name", "mpcm", NULL}, &d));
    return d;
}

static void test_all_formats_give_what_detect_gives(void **state) {
    (void)state;
    uint16_t wide[PIXELS];
    unsigned char narrow[PIXELS];
    frames_draw(wide, 255);
    for (int i = 0; i < PIXELS; i++)
        narrow[i] = (unsigned char)wide[i];
    detector *expected = mpcm();
    irst_detector *d = frames_open("mpcm", NULL, 0);
    irst_result found;
    irst_frame frame = {.pixels = narrow, .width = WIDTH, .height = HEIGHT, .format = IRST_U8};
    grey_image image = {WIDTH, HEIGHT, 255, wide, 0, 0, false};
    grey_range range = {.kind = RANGE_FULL};
    assert_found(irst_detect(d, &frame, &found));
    assert_true(found.count > 0);
    expect_as_detect(expected, image, &range, 0.5, &found);

    float real[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        real[i] = (float)wide[i] / 255;
    frame = (irst_frame){.pixels = real, .width = WIDTH, .height = HEIGHT, .format = IRST_F32};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.5, &found);

    frames_draw(wide, 16383);
    image.maximum = 65535;
    frame =
        (irst_frame){.pixels = wide, .width = WIDTH, .height = HEIGHT, .format = IRST_U16, .low = 100, .high = 9000};
    range = (grey_range){.kind = RANGE_VALUES, .low = 100, .high = 9000};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.5, &found);
    irst_close(d);
    detector_free(expected);
}

static void test_frames_are_resized_as_by_detect(void **state) {
    (void)state;
    uint16_t wide[PIXELS];
    unsigned char narrow[PIXELS];
    float real[PIXELS];
    irst_result found;
    frames_draw(wide, 255);
    for (int i = 0; i < PIXELS; i++)
        narrow[i] = (unsigned char)wide[i];
    detector *expected = mpcm();
    const int sizes[] = {40, 96};
    for (int i = 0; i < 2; i++) {
        char setting[32];
        snprintf(setting, sizeof setting, "size=%d", sizes[i]);
        irst_detector *d = frames_open("mpcm", (const char *const[]){setting}, 1);
        irst_frame frame = {.pixels = narrow, .width = WIDTH, .height = HEIGHT, .format = IRST_U8};
        assert_found(irst_detect(d, &frame, &found));
        assert_true(found.count > 0);
        expect_as_resized(expected, &(grey_image){WIDTH, HEIGHT, 255, wide, 0, 0, false}, sizes[i], &found);

        uint16_t deep[PIXELS]; /* in 16 bits rounding does not show */
        for (int k = 0; k < PIXELS; k++) {
            real[k] = (float)wide[k] / 255;
            deep[k] = (uint16_t)(wide[k] * 257);
        }
        frame = (irst_frame){.pixels = real, .width = WIDTH, .height = HEIGHT, .format = IRST_F32};
        assert_found(irst_detect(d, &frame, &found));
        detected_image whole;
        const grey_image image = {WIDTH, HEIGHT, 65535, deep, 0, 0, false};
        assert_ok(detect_image(expected, &image, &(detect_options){.threshold = 0.5, .size = sizes[i]}, &whole));
        for (int k = 0; k < PIXELS; k++)
            assert_true(fabsf(found.score[k] - whole.score[k]) < 1e-3f);
        detected_image_free(&whole);
        irst_close(d);
    }
    detector_free(expected);
}

/* Rows apart, at odd addresses, or from the bottom up. */
static void test_strides(void **state) {
    (void)state;
    enum { STRIDE = 2 * WIDTH + 7 };
    uint16_t dense[PIXELS], flipped[PIXELS];
    static char apart[1 + HEIGHT * STRIDE];
    frames_draw(dense, 60000);
    for (int y = 0; y < HEIGHT; y++) {
        memcpy(apart + 1 + y * STRIDE, dense + y * WIDTH, 2 * WIDTH);
        memcpy(flipped + y * WIDTH, dense + (HEIGHT - 1 - y) * WIDTH, 2 * WIDTH);
    }
    detector *expected = mpcm();
    irst_detector *d = frames_open("mpcm", NULL, 0);
    const grey_image image = {WIDTH, HEIGHT, 65535, dense, 0, 0, false};
    const grey_range range = {.kind = RANGE_FULL};
    irst_result found;
    irst_frame frame = {apart + 1, WIDTH, HEIGHT, STRIDE, IRST_U16, 0, 0};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.5, &found);
    frame = (irst_frame){flipped + (HEIGHT - 1) * WIDTH, WIDTH, HEIGHT, -2 * WIDTH, IRST_U16, 0, 0};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.5, &found);
    irst_close(d);
    detector_free(expected);
}

static void test_a_checkpoint_brings_range_and_threshold(void **state) {
    (void)state;
    uint16_t pixels[PIXELS];
    frames_draw(pixels, 16383);
    const char *path = frames_checkpoint("0,16383", 0.25), *const settings[] = {"range=percentile:1",
                                                                                "threshold=0.125"};
    const grey_image image = {WIDTH, HEIGHT, 65535, pixels, 0, 0, false};
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U16};
    detector *expected = tiny_detector();
    irst_result found;
    irst_detector *d = frames_open(path, NULL, 0);
    grey_range range = {.kind = RANGE_VALUES, .low = 0, .high = 16383};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.25, &found);
    assert_found(irst_set_threshold(d, 0.75f));
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.75, &found);
    irst_close(d);

    d = frames_open(path, settings, 2);
    range = (grey_range){.kind = RANGE_PERCENTILE, .percent = 1};
    assert_found(irst_detect(d, &frame, &found));
    expect_as_detect(expected, image, &range, 0.125, &found);
    irst_close(d);
    detector_free(expected);
}

/* A file of floats has its own scale in 16 bits, and so has a frame. */
static void test_floats_of_any_scale(void **state) {
    (void)state;
    uint16_t pixels[PIXELS];
    float kelvin[PIXELS];
    frames_draw(pixels, 65535);
    pixels[0] = 0;
    for (int i = 0; i < PIXELS; i++)
        kelvin[i] = 250 + (float)pixels[i] / 1000;
    irst_frame frame = {.pixels = kelvin, .width = WIDTH, .height = HEIGHT, .format = IRST_F32};
    irst_detector *d = frames_open("mpcm", NULL, 0);
    irst_result found;
    assert_int_equal(irst_detect(d, &frame, &found), 1);
    assert_true(strstr(irst_error(), "run from 250 to 315") && !found.score && found.count == 0);
    irst_close(d);
    d = frames_open("mpcm", (const char *const[]){"range=image"}, 1);
    assert_found(irst_detect(d, &frame, &found));
    detector *expected = mpcm();
    expect_as_detect(expected, (grey_image){WIDTH, HEIGHT, 65535, pixels, 0, 0, false},
                     &(grey_range){.kind = RANGE_IMAGE}, 0.5, &found);
    detector_free(expected);
    irst_close(d);
}

/* --- what is refused --- */

static void expect_refused(const char *name, const char *setting, const char *a, const char *b) {
    assert_null(irst_open(name, &(irst_options){.settings = &setting, .setting_count = setting != NULL}));
    if (!strstr(irst_error(), a) || !strstr(irst_error(), b))
        fail_msg("expected \"%s\" and \"%s\", got \"%s\"", a, b, irst_error());
}

static void test_what_cannot_be_opened(void **state) {
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s", frames_checkpoint(NULL, 0.5));
    expect_refused(NULL, NULL, "neither", "named");
    expect_refused("absent.h5", NULL, "absent.h5", "");
    expect_refused("mpmc", NULL, "mpmc", "mpcm");
    expect_refused("rpcanet_plus", NULL, "rpcanet_plus", "checkpoint");
    expect_refused("mpcm", "sides=256", "sides", "threshold");
    expect_refused("mpcm", "size=0", "'0'", "native");
    expect_refused("mpcm", "size=256x256", "256x256", "native");
    expect_refused("mpcm", "threshold", "threshold", "key=value");
    expect_refused("mpcm", "threshold=1", "threshold", "less than 1");
    expect_refused("mpcm", "threshold=0.99999999", "threshold", "less than 1");
    expect_refused("mpcm", "range=1", "range", "percentile");
    expect_refused("mpcm", "tiles=1", "tiles", "overlap");
    expect_refused("mpcm", "precision=int4", "precision", "float, int8");
    expect_refused("mpcm", "precision=int8", "mpcm", "ranges");
    expect_refused(path, "precision=int8", path, "ranges");
    expect_refused("mpcm", "model.stages=3", "mpcm: model.stages", "unknown key: mpcm has no such option");
    expect_refused("ipi", "model.preset=own", "ipi: model.preset = own", "community");
    expect_refused("ipi", "model.preset=a\nb", "ipi: ", "line break");
    expect_refused(path, "model.stages=3", "model.stages=3", "cannot be changed");
    expect_refused(path, "model.colour=3", "model.colour", "unknown");
    assert_null(irst_open("mpcm", &(irst_options){.isa = "abacus"}));
    assert_non_null(strstr(irst_error(), "abacus"));
    assert_null(irst_open("mpcm", &(irst_options){.threads = -1}));
    assert_int_equal(irst_error_code(), 2);
    assert_null(irst_open("absent.h5", NULL));
    assert_int_equal(irst_error_code(), 1);
    expect_refused(path, "model.stages=one", "model.stages=one", "cannot be changed");
    irst_close(frames_open(path, (const char *const[]){"model.stages=1"}, 1));
    irst_close(frames_open(path, (const char *const[]){"model.stages=01"}, 1)); /* the same number */
    irst_close(NULL);
}

/* As the programs do, and the values of what PyTorch has no place for are the user's to say. */
static void test_options_of_a_file_of_pytorch(void **state) {
    (void)state;
    char path[4096], other[4096];
    detector *d = tiny_detector();
    snprintf(path, sizeof path, "%s", scratch_path("tiny.pth"));
    assert_ok(torch_export(detector_parameters(d), path));
    detector_free(d);
    irst_close(frames_open(path, (const char *const[]){"model.carry_noise=true"}, 1));
    irst_close(frames_open(path, (const char *const[]){"model.stages=01"}, 1));
    expect_refused(path, "model.stages=3", path, "model.stages is 1 by the tensors; it cannot be set to 3");
    expect_refused(path, "model.colour=3", path, "settings: model.colour: unknown key");
    expect_refused(path, "model.name=mshnet", path, "mshnet");
    snprintf(other, sizeof other, "%s", frames_checkpoint(NULL, 0.5));
    expect_refused(other, "model.carry_noise=true", other, "cannot be changed");
}

static void test_frames_that_cannot_be(void **state) {
    (void)state;
    float pixels[PIXELS] = {0};
    pixels[3 * WIDTH + 2] = NAN;
    irst_detector *d = frames_open("mpcm", NULL, 0);
    irst_result found;
    const irst_frame good = {pixels, WIDTH, HEIGHT, 0, IRST_U8, 0, 0};
    const struct {
        irst_frame frame;
        int code;
        const char *word;
    } bad[] = {
        {{NULL, WIDTH, HEIGHT, 0, IRST_U8, 0, 0}, 2, "pixels"},
        {{pixels, 0, HEIGHT, 0, IRST_U8, 0, 0}, 2, "0x43"},
        {{pixels, WIDTH, 40000, 0, IRST_U8, 0, 0}, 2, "32768"},
        {{pixels, WIDTH, HEIGHT, WIDTH, IRST_U16, 0, 0}, 2, "stride"},
        {{pixels, WIDTH, HEIGHT, 0, (irst_format)7, 0, 0}, 2, "format 7"},
        {{pixels, WIDTH, HEIGHT, 0, IRST_U8, 2, 1}, 2, "range"},
        {{pixels, WIDTH, HEIGHT, 0, IRST_F32, 0, 0}, 1, "(2, 3)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(irst_detect(d, &bad[i].frame, &found), bad[i].code);
        if (!strstr(irst_error(), bad[i].word))
            fail_msg("expected \"%s\", got \"%s\"", bad[i].word, irst_error());
    }
    assert_int_equal(irst_detect(NULL, &good, &found), 2);
    assert_int_equal(irst_detect(d, NULL, &found), 2);
    assert_int_equal(irst_detect(d, &good, NULL), 2);
    assert_int_equal(irst_set_threshold(d, 1), 2);
    assert_int_equal(irst_set_threshold(d, NAN), 2);
    assert_int_equal(irst_set_threshold(NULL, 0.5f), 2);
    assert_found(irst_detect(d, &good, &found)); /* none of it did harm */
    irst_close(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_formats_give_what_detect_gives),
        cmocka_unit_test(test_frames_are_resized_as_by_detect),
        cmocka_unit_test(test_strides),
        cmocka_unit_test(test_a_checkpoint_brings_range_and_threshold),
        cmocka_unit_test(test_floats_of_any_scale),
        cmocka_unit_test(test_what_cannot_be_opened),
        cmocka_unit_test(test_options_of_a_file_of_pytorch),
        cmocka_unit_test(test_frames_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
