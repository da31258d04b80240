/* Frames out of y4m and raw streams: kinds of pixels, their range, what is refused, and what breaks off. */
#include "eval/video/frame_source.h"
#include "eval/video/y4m.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>

static const frame_source_options plain = {.rate = 25};

/* As if the bytes came on standard input. */
static void feed(const void *bytes, size_t size) {
    assert_non_null(freopen(scratch_file("input", bytes, size), "rb", stdin));
}

static frame_source *open_stream(const void *bytes, size_t size, const frame_source_options *options) {
    frame_source *s;
    feed(bytes, size);
    assert_ok(frame_source_open("-", options, &s));
    return s;
}

static void expect_frame(frame_source *s, int64_t number, double time, const uint16_t *pixels, int maximum) {
    video_frame frame;
    bool more;
    assert_ok(frame_source_next(s, &frame, &more));
    assert_true(more && frame.number == number && frame.image.maximum == maximum);
    assert_true(frame.time > time - 1e-9 && frame.time < time + 1e-9);
    for (int i = 0; i < frame.image.width * frame.image.height; i++)
        assert_int_equal(frame.image.pixels[i], pixels[i]);
    grey_image_free(&frame.image);
}

static void expect_end(frame_source *s) {
    video_frame frame;
    bool more;
    assert_ok(frame_source_next(s, &frame, &more));
    assert_false(more);
    frame_source_free(s);
}

#define BYTES(text) text, sizeof text - 1

static void test_grey_is_kept(void **state) {
    (void)state;
    frame_source *s = open_stream(BYTES("YUV4MPEG2 W2 H1 F10:1 Cmono\nFRAME\n\1\377FRAME Ip\n\12\16"), &plain);
    assert_true(frame_source_width(s) == 2 && frame_source_height(s) == 1 && frame_source_rate(s) == 10);
    expect_frame(s, 0, 0, (uint16_t[]){1, 255}, 255);
    expect_frame(s, 1, 0.1, (uint16_t[]){10, 14}, 255);
    expect_end(s);
    s = open_stream(BYTES("YUV4MPEG2 W2 H1 F0:0 Ip A1:1 Cmono16 XCOLORRANGE=FULL\nFRAME\n\1\2\377\377"), &plain);
    assert_true(frame_source_rate(s) == 25);
    expect_frame(s, 0, 0, (uint16_t[]){513, 65535}, 65535);
    expect_end(s);
}

/* 12 bits are spread over 16, and the image says what its values stand for. */
static void test_other_depths(void **state) {
    (void)state;
    video_frame frame;
    bool more;
    frame_source *s = open_stream(BYTES("YUV4MPEG2 W2 H1 Cmono12\nFRAME\n\377\17\0\10"), &plain);
    assert_ok(frame_source_next(s, &frame, &more));
    assert_true(more && frame.image.pixels[0] == 65535 && frame.image.pixels[1] == 32776);
    assert_true(frame.image.value_low == 0 && frame.image.value_high == 4095);
    grey_image_free(&frame.image);
    frame_source_free(s);
}

/* Of colour the grey plane, from black at 16 to white at 235. */
static void test_colour(void **state) {
    (void)state;
    static const uint16_t spread[] = {0, 255, 128, 0, 255, 1};
    frame_source *s =
        open_stream(BYTES("YUV4MPEG2 W3 H2\nFRAME\n\20\353\176\0\377\21uuvvFRAME\n\20\353\176\0\377\21uuvv"), &plain);
    expect_frame(s, 0, 0, spread, 255);
    expect_frame(s, 1, 0.04, spread, 255);
    expect_end(s);
    s = open_stream(BYTES("YUV4MPEG2 W2 H1 C444alpha XCOLORRANGE=FULL\nFRAME\n\20\353uuvvaa"), &plain);
    expect_frame(s, 0, 0, (uint16_t[]){16, 235}, 255);
    expect_end(s);
    s = open_stream(BYTES("YUV4MPEG2 W2 H1 C422p10\nFRAME\n\100\0\254\3uuvv"), &plain);
    expect_frame(s, 0, 0, (uint16_t[]){0, 65535}, 65535);
    expect_end(s);
}

static void test_raw(void **state) {
    (void)state;
    const frame_source_options raw = {.raw_width = 2, .raw_height = 1, .rate = 50};
    frame_source *s = open_stream(BYTES("\1\0\0\1\2\0\0\2"), &raw);
    expect_frame(s, 0, 0, (uint16_t[]){1, 256}, 65535);
    expect_frame(s, 1, 0.02, (uint16_t[]){2, 512}, 65535);
    expect_end(s);
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch_file("a.raw", "\3\0\0\3", 4));
    assert_ok(frame_source_open(path, &raw, &s));
    expect_frame(s, 0, 0, (uint16_t[]){3, 768}, 65535);
    expect_end(s);
    assert_fails(frame_source_open("/no/such.raw", &raw, &s), STATUS_INPUT, "/no/such.raw", "No such file");
    feed("", 0);
    assert_fails(frame_source_open("-", &raw, &s), STATUS_INPUT, "standard input: ", "no frames come");
}

/* A raw file is read as slowly as it was taken where that is wanted, or --drop would leave out nearly all of it. */
static void test_pace(void **state) {
    (void)state;
    const frame_source_options raw = {.raw_width = 2, .raw_height = 1, .rate = 20, .own_pace = true};
    frame_source *s;
    video_frame frames[3];
    bool more;
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch_file("paced.raw", "\1\0\0\1\2\0\0\2\3\0\0\3", 12));
    assert_ok(frame_source_open(path, &raw, &s));
    for (int i = 0; i < 3; i++) {
        assert_ok(frame_source_next(s, &frames[i], &more));
        assert_true(more);
        grey_image_free(&frames[i].image);
    }
    frame_source_free(s);
    assert_true(frames[2].arrived - frames[0].arrived >= 0.099);
}

static void refused(const char *header, const char *why) {
    frame_source *s;
    feed(header, strlen(header));
    assert_fails(frame_source_open("-", &plain, &s), STATUS_INPUT, "standard input: ", why);
    assert_null(s);
}

static void test_headers_refused(void **state) {
    (void)state;
    refused("", "no frames come");
    refused("P5 2 1 255\n", "not YUV4MPEG2; raw frames need --y16");
    refused("YUV4MPEG2 W2 H2", "raw frames need --y16");
    refused("YUV4MPEG2 W2\n", "without sides");
    refused("YUV4MPEG2 W2 H-2\n", "without sides");
    refused("YUV4MPEG2 W2 H99999999999\n", "without sides");
    refused("YUV4MPEG2 W32768 H32768\n", "pixels");
    refused("YUV4MPEG2 W2 H2 C420p17\n", "C420p17");
    refused("YUV4MPEG2 W2 H2 Cmonop10\n", "Cmonop10");
    refused("YUV4MPEG2 W2 H2 C42\n", "C42,");
    refused("YUV4MPEG2 W2 H2 C444p+9\n", "C444p+9");
    char longer[2 * Y4M_LONGEST_LINE];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    refused(longer, "not YUV4MPEG2");
}

static void breaks_off(const char *bytes, size_t size, int whole, const char *why) {
    video_frame frame;
    bool more;
    char frames[64];
    frame_source *s = open_stream(bytes, size, &plain);
    for (int i = 0; i < whole; i++) {
        assert_ok(frame_source_next(s, &frame, &more));
        assert_true(more);
        grey_image_free(&frame.image);
    }
    snprintf(frames, sizeof frames, "broke off after %d frame%s: ", whole, whole == 1 ? "" : "s");
    assert_fails(frame_source_next(s, &frame, &more), STATUS_INPUT, frames, why);
    frame_source_free(s);
}

static void test_streams_that_break_off(void **state) {
    (void)state;
    breaks_off(BYTES("YUV4MPEG2 W2 H1 Cmono\nFRAME\n\1\2FRAME\n\3"), 1, "middle of a frame");
    breaks_off(BYTES("YUV4MPEG2 W2 H1\nFRAME\n\1\2u"), 0, "middle of a frame"); /* in the colour */
    breaks_off(BYTES("YUV4MPEG2 W2 H1 Cmono\nFRAME\n\1\2FRA"), 1, "FRAME was expected");
    breaks_off(BYTES("YUV4MPEG2 W2 H1 Cmono\nFRAME\n\1\2FRAMED\n\3\4"), 1, "FRAME was expected");
    breaks_off(BYTES("YUV4MPEG2 W2 H1 Cmono\nframe\n\1\2"), 0, "FRAME was expected");
}

/* Of a grabber that failed behind its header. */
static void test_no_frame_at_all(void **state) {
    (void)state;
    video_frame frame;
    bool more;
    frame_source *s = open_stream(BYTES("YUV4MPEG2 W2 H1 Cmono\n"), &plain);
    assert_fails(frame_source_next(s, &frame, &more), STATUS_INPUT, "standard input: ", "no frames come");
    frame_source_free(s);
}

static void test_stop(void **state) {
    (void)state;
    frame_source *s;
    atomic_bool stop = true;
    feed("YUV4MPEG2", 9);
    assert_int_equal(frame_source_open("-", &(frame_source_options){.rate = 25, .stop = &stop}, &s),
                     STATUS_INTERRUPTED);
}

/* Black, white and the three colours, as BT.601 has them. */
static void test_from_rgb(void **state) {
    (void)state;
    static const uint8_t rgb[] = {0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255};
    static const uint8_t expected[] = {16, 235, 81, 145, 41, 128, 128, 90, 54, 240, 128, 128, 240, 34, 110};
    uint8_t planes[15];
    y4m_from_rgb(rgb, 5, planes);
    assert_memory_equal(planes, expected, sizeof expected);
    char header[128];
    y4m_format f;
    int length = y4m_print(header, sizeof header, 5, 1, 30000 / 1001.0);
    header[length - 1] = '\0';
    assert_ok(y4m_parse(header, &f));
    assert_true(f.width == 5 && f.height == 1 && f.rest_bytes == 10 && f.rate == 29.97);
    static const double slow[] = {0.5, 0.0016, 0.0004};
    for (int i = 0; i < 3; i++) {
        length = y4m_print(header, sizeof header, 5, 1, slow[i]);
        header[length - 1] = '\0';
        assert_ok(y4m_parse(header, &f));
        assert_true(fabs(f.rate / slow[i] - 1) < 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grey_is_kept),
        cmocka_unit_test(test_other_depths),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_headers_refused),
        cmocka_unit_test(test_streams_that_break_off),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_no_frame_at_all),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_from_rgb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
