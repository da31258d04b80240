/* Ranges of grey values: how they are written, what they do to pixels, and when one is missed. */
#include "core/io/grey_range.h"
#include "tests/expect.h"

static void test_ranges(void **state) {
    (void)state;
    grey_range range;
    assert_ok(grey_range_read("percentile", "--range", &range));
    assert_true(range.kind == RANGE_PERCENTILE && range.percent == 0.1);
    assert_ok(grey_range_read("percentile:2", "--range", &range));
    assert_true(range.percent == 2);
    static const char *const wrong[] = {"",      "5",    "5,", "9,3", "1,2,3", "percentile:50", "percentile2",
                                        "Image", "0,nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(grey_range_read(wrong[i], "--range", &range), STATUS_USAGE, "--range", "LO,HI");

    uint16_t pixels[4] = {100, 1100, 600, 5000};
    grey_image image = {.width = 4, .height = 1, .maximum = 65535, .pixels = pixels};
    assert_ok(grey_range_read("full", "--range", &range));
    assert_ok(grey_range_apply(&range, &image));
    assert_int_equal(pixels[0], 100);
    assert_ok(grey_range_read("100,1100", "--range", &range));
    assert_ok(grey_range_apply(&range, &image));
    assert_memory_equal(pixels, ((uint16_t[]){0, 65535, 32768, 65535}), sizeof pixels);
    memcpy(pixels, (uint16_t[]){10, 20, 30, 50}, sizeof pixels);
    image.maximum = 255;
    assert_ok(grey_range_read("image", "--range", &range));
    assert_ok(grey_range_apply(&range, &image));
    assert_int_equal(image.maximum, 65535);
    assert_memory_equal(pixels, ((uint16_t[]){0, 16384, 32768, 65535}), sizeof pixels);
    memcpy(pixels, (uint16_t[]){7, 7, 7, 7}, sizeof pixels);
    assert_ok(grey_range_apply(&range, &image)); /* nothing to spread */
    assert_int_equal(pixels[0], 0);
    memcpy(pixels, (uint16_t[]){0, 20, 30, 60000}, sizeof pixels);
    assert_ok(grey_range_read("percentile:25", "--range", &range));
    assert_ok(grey_range_apply(&range, &image)); /* one pixel at each end */
    assert_memory_equal(pixels, ((uint16_t[]){0, 0, 65535, 65535}), sizeof pixels);
}

static void test_remarks(void **state) {
    (void)state;
    char text[512];
    uint16_t pixels[2] = {200, 16000};
    grey_image image = {.width = 2, .height = 1, .maximum = 65535, .pixels = pixels};
    grey_span span = {0};
    assert_false(grey_span_remark(&span, "--range ", text, sizeof text));
    grey_span_add(&span, &image);
    assert_true(grey_span_remark(&span, "--range ", text, sizeof text));
    assert_non_null(strstr(text, "200 to 16000"));
    assert_non_null(strstr(text, "--range 0,16383 (14 bits)"));
    static const struct {
        uint16_t high;
        const char *range;
    } cases[] = {
        {255, "0,255 (8 bits)"}, {256, "0,1023 (10 bits)"}, {1023, "0,1023 (10 bits)"}, {1024, "0,2047 (11 bits)"}};
    for (int i = 0; i < 4; i++) {
        pixels[1] = cases[i].high;
        span = (grey_span){0};
        grey_span_add(&span, &image);
        assert_true(grey_span_remark(&span, "--range ", text, sizeof text));
        assert_non_null(strstr(text, cases[i].range));
    }
    pixels[1] = 65000; /* another image of the set is bright */
    grey_span_add(&span, &image);
    assert_false(grey_span_remark(&span, "--range ", text, sizeof text));
    span = (grey_span){0};
    image.maximum = 255;
    memcpy(pixels, (uint16_t[]){10, 60}, sizeof pixels); /* low contrast, but images are like this */
    grey_span_add(&span, &image);
    assert_false(grey_span_remark(&span, "--range ", text, sizeof text));
    /* 57 and 300 of 4095, as pixels of 16 bits, which lie a little below them. */
    span = (grey_span){0};
    image.maximum = 65535;
    image.value_high = 4095;
    memcpy(pixels, (uint16_t[]){912, 4801}, sizeof pixels);
    grey_span_add(&span, &image);
    assert_true(grey_span_remark(&span, "--range ", text, sizeof text));
    assert_non_null(strstr(text, "run from 57 to 300 and"));
    /* Floating point read by 1, and another image of the set by 255. */
    span = (grey_span){0};
    image.value_high = 1;
    memcpy(pixels, (uint16_t[]){0, 65535}, sizeof pixels);
    grey_span_add(&span, &image);
    assert_false(grey_span_remark(&span, "--range ", text, sizeof text));
    image.value_high = 255;
    grey_span_add(&span, &image);
    assert_true(grey_span_remark(&span, "--range ", text, sizeof text));
    assert_non_null(strstr(text, "run from 1 to 255, and each is read by its own: --range LO,HI"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_remarks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
