/* Pictures of frames: boxes leave what they mark visible, tracks that are not seen are dashed, the levels of deep
 * images follow slowly. */
#include "eval/video/annotator.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>

enum { SIDE = 64, SCALE = 512 / SIDE };

static video_frame grey_frame(int value) {
    video_frame frame = {.number = 3, .time = 0.12};
    assert_ok(grey_image_new(SIDE, SIDE, 255, &frame.image));
    for (int i = 0; i < SIDE * SIDE; i++)
        frame.image.pixels[i] = (uint16_t)value;
    return frame;
}

static const uint8_t *pixel_at(const overlay_picture *p, int x, int y) {
    return p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
}

static bool is_grey(const uint8_t *rgb, int value) {
    return rgb[0] == value && rgb[1] == value && rgb[2] == value;
}

/* Of the outline around pixels 30 to 32, 40 to 42 the share that is not grey. */
static double drawn_share(const overlay_picture *p, int value) {
    int drawn = 0, all = 0;
    for (int x = 29 * SCALE; x < 34 * SCALE; x++) {
        int changed = 0;
        for (int y = 38 * SCALE; y < 40 * SCALE; y++) /* above the marked pixels */
            changed |= !is_grey(pixel_at(p, x, y), value);
        drawn += changed;
        all++;
    }
    return (double)drawn / all;
}

static void draw(const video_frame *frame, const track_list *tracks, overlay_picture *out) {
    detection item = {.x = 31, .y = 41, .x0 = 30, .y0 = 40, .x1 = 32, .y1 = 42, .area = 9, .peak = 0.75};
    const detection_list found = {.count = 1, .items = &item};
    overlay_levels levels = overlay_levels_of(&frame->image);
    assert_ok(annotator_draw(frame, &levels, &found, tracks, out));
}

static void test_target_stays_visible(void **state) {
    (void)state;
    video_frame frame = grey_frame(90);
    track seen = {.id = 12, .x = 31, .y = 41}, expected = {.id = 12, .x = 31, .y = 41, .point = -1};
    const track_list none = {0}, one = {1, &seen}, unseen = {1, &expected}, no_track = {0, &seen};
    const track_list *const cases[] = {&none, &one, &unseen, &no_track};
    double shares[4];
    for (int i = 0; i < 4; i++) {
        overlay_picture p;
        int width, height;
        draw(&frame, cases[i], &p);
        overlay_size(SIDE, SIDE, true, &width, &height);
        assert_true(p.width == width && p.height == height && width == SIDE * SCALE && height > SIDE * SCALE);
        for (int y = 40 * SCALE; y < 43 * SCALE && i != 2; y++)
            for (int x = 30 * SCALE; x < 33 * SCALE; x++)
                assert_true(is_grey(pixel_at(&p, x, y), 90));
        assert_true(is_grey(pixel_at(&p, 31 * SCALE, 41 * SCALE), 90));
        assert_true(is_grey(pixel_at(&p, 0, 0), 90) && is_grey(pixel_at(&p, 0, SIDE * SCALE - 1), 90));
        assert_true(is_grey(pixel_at(&p, width - 1, height - 1), 0)); /* the strip of the title */
        shares[i] = drawn_share(&p, 90);
        overlay_picture_free(&p);
    }
    assert_true(shares[0] > 0.9 && shares[1] > 0.9);
    assert_true(shares[3] == 0); /* a detection of no track */
    grey_image_free(&frame.image);
}

static void test_levels(void **state) {
    (void)state;
    grey_image image;
    frame_source *source;
    annotator *a;
    const frame_source_options raw = {.raw_width = 2, .raw_height = 1, .rate = 25};
    char path[4096], video[4096];
    snprintf(path, sizeof path, "%s", scratch_file("a.raw", "abcd", 4));
    snprintf(video, sizeof video, "%s", scratch_path("a.nut"));
    assert_ok(frame_source_open(path, &raw, &source));
    assert_ok(annotator_open(video, source, &a));
    assert_ok(grey_image_new(2, 1, 65535, &image));
    image.pixels[0] = 1000;
    image.pixels[1] = 2000;
    overlay_levels first = annotator_levels(a, &image);
    assert_true(first.black == 1000 && first.white == 2000);
    image.pixels[1] = 3000;
    overlay_levels next = annotator_levels(a, &image);
    assert_true(next.black == 1000 && next.white > 2000 && next.white < 2500);
    for (int i = 0; i < 100; i++)
        next = annotator_levels(a, &image);
    assert_true(next.white > 2990 && next.white <= 3000);
    grey_image_free(&image);
    overlay_picture blank;
    bool gone;
    const overlay_mark none = {0};
    assert_ok(grey_image_new(2, 1, 65535, &image));
    assert_ok(overlay_draw(&image, &first, &none, 0, "title", &blank));
    assert_ok(annotator_write(a, 4, &blank, &gone));
    assert_ok(annotator_close(a));
    overlay_picture_free(&blank);
    grey_image_free(&image);
    frame_source_free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_stays_visible),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
