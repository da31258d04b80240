/* Charts: scales and ticks, what is drawn where, files. */
#include "core/draw/plot.h"

#include "core/draw/plot_labels.h"
#include "core/draw/plot_scale.h"
#include "core/io/image.h"
#include "core/io/png_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- scales --- */

/* Ticks are round, evenly spaced, inside the range, and about as many as asked for. */
static void expect_good_scale(const plot_scale *s, double minimum, double maximum) {
    assert_true(s->low <= minimum && s->high >= maximum && s->low < s->high);
    double digits = s->step / pow(10, floor(log10(s->step) + 1e-9));
    assert_true(fabs(digits - 1) < 1e-9 || fabs(digits - 2) < 1e-9 || fabs(digits - 5) < 1e-9);
    int count = plot_scale_tick_count(s);
    assert_in_range(count, 2, 14);
    for (int i = 0; i < count; i++) {
        double tick = plot_scale_tick(s, i);
        assert_true(tick >= s->low - 1e-5 * s->step && tick <= s->high + 1e-5 * s->step);
        if (i > 0)
            assert_true(fabs(tick - plot_scale_tick(s, i - 1) - s->step) < 1e-5 * s->step);
    }
}

static void test_scales(void **state) {
    (void)state;
    static const double ranges[][2] = {{0, 1},      {0, 400},       {1, 7},         {-3, 5},         {0.91, 0.92},
                                       {0, 1.8e-5}, {-1e-9, 1e-9},  {1e6, 1e6 + 1}, {0, 3e12},       {5, 5},
                                       {0, 0},      {-2e-7, -2e-7}, {1e299, 1e299}, {-1e300, 1e300}, {0, 1e-310}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        plot_scale s = plot_scale_tight(ranges[i][0], ranges[i][1], 8);
        expect_good_scale(&s, ranges[i][0], ranges[i][1]);
        s = plot_scale_round(ranges[i][0], ranges[i][1], 8);
        double slack = (ranges[i][1] - ranges[i][0]) * 1e-5; /* a limit may miss a value by rounding */
        expect_good_scale(&s, ranges[i][0] + slack, ranges[i][1] - slack);
        double low = s.low / s.step, high = s.high / s.step;
        assert_true(fabs(low - round(low)) < 1e-5 && fabs(high - round(high)) < 1e-5);
    }
    plot_scale none = plot_scale_round(INFINITY, -INFINITY, 8);
    assert_true(none.low == 0 && none.high == 1);
}

static void expect_labels(double minimum, double maximum, const char *first, const char *second, const char *power) {
    char label[32];
    plot_scale s = plot_scale_round(minimum, maximum, 5);
    plot_scale_label(&s, plot_scale_tick(&s, 0), label);
    assert_string_equal(label, first);
    plot_scale_label(&s, plot_scale_tick(&s, 1), label);
    assert_string_equal(label, second);
    plot_scale_exponent(&s, label);
    assert_string_equal(label, power);
}

static void test_labels(void **state) {
    (void)state;
    expect_labels(0, 1, "0.0", "0.2", "");
    expect_labels(0, 400, "0", "100", "");
    expect_labels(0.911, 0.949, "0.91", "0.92", "");
    expect_labels(0, 1.8e-5, "0", "5", " (×10⁻⁶)");
    expect_labels(0, 2.4e7, "0", "5", " (×10⁶)");
    expect_labels(0, 5e-13, "0", "100", " (×10⁻¹⁵)");
    char label[32];
    plot_scale s = plot_scale_round(-1, 1, 4);
    plot_scale_label(&s, -1e-17, label);
    assert_string_equal(label, "0.0");
}

/* --- pictures --- */

enum { WIDTH = 1200, HEIGHT = 750, N = 200 };

static grey_image drawn(const plot *p, const char *name) {
    grey_image image;
    const char *path = scratch_path(name);
    assert_ok(plot_write(p, path));
    assert_ok(png_read_grey(path, &image));
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    return image;
}

static bool same(const grey_image *a, const grey_image *b) {
    return memcmp(a->pixels, b->pixels, sizeof *a->pixels * WIDTH * HEIGHT) == 0;
}

typedef struct box {
    int x0, y0, x1, y1; /* inclusive */
} box;

static box difference(const grey_image *a, const grey_image *b) {
    box d = {WIDTH, HEIGHT, -1, -1};
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            if (a->pixels[y * WIDTH + x] == b->pixels[y * WIDTH + x])
                continue;
            d.x0 = x < d.x0 ? x : d.x0;
            d.x1 = x > d.x1 ? x : d.x1;
            d.y0 = y < d.y0 ? y : d.y0;
            d.y1 = y > d.y1 ? y : d.y1;
        }
    }
    return d;
}

/* The pixels that a level line changes, in a frame that two single points span, one in either corner. */
static box level_line(double x0, double x1, double y, plot_axis axis) {
    double corner[] = {0, 1}, line_x[] = {x0, x1}, line_y[] = {y, y};
    plot_series series[] = {{.x = corner, .y = corner, .count = 1, .axis = axis},
                            {.x = corner + 1, .y = corner + 1, .count = 1, .axis = axis},
                            {.x = line_x, .y = line_y, .axis = axis}};
    plot p = {NULL, NULL, NULL, NULL, series, 3, NULL, 0, NULL};
    grey_image without = drawn(&p, "without.png");
    series[2].count = 2;
    grey_image with = drawn(&p, "with.png");
    box d = difference(&without, &with);
    grey_image_free(&without);
    grey_image_free(&with);
    return d;
}

/* A line of 2 points at 1.5 pixels each with markers of radius 3 covers 9 rows, and one more on either side
 * where its edge falls between pixels. */
static void test_lines_are_where_they_should_be(void **state) {
    (void)state;
    for (int axis = PLOT_LEFT; axis <= PLOT_RIGHT; axis++) {
        box low = level_line(0.2, 0.8, 0.1, (plot_axis)axis), high = level_line(0.2, 0.8, 0.9, (plot_axis)axis);
        assert_in_range(low.y1 - low.y0 + 1, 8, 11);
        double span = (low.y0 + low.y1 - high.y0 - high.y1) / 2.0 / 0.8; /* pixels from 0 to 1 */
        assert_true(span > 0.8 * HEIGHT && span < HEIGHT);
        box middle = level_line(0.2, 0.8, 0.35, (plot_axis)axis);
        assert_true(fabs((low.y0 + low.y1 - middle.y0 - middle.y1) / 2.0 - 0.25 * span) <= 1);
        box right = level_line(0.4, 1, 0.5, (plot_axis)axis);
        double across = (right.x1 - right.x0 - 9) / 0.6; /* without the radii of the two markers */
        assert_true(across > 0.85 * WIDTH && across < WIDTH);
        assert_true(fabs(right.x0 - low.x0 - 0.2 * across) <= 2);
    }
}

static void test_points_that_are_no_numbers_are_left_out(void **state) {
    (void)state;
    double x[] = {0, 1, 2, 3, NAN, 5}, y[] = {1, NAN, 3, INFINITY, 5, 6};
    double good_x[] = {0, 2, 5}, good_y[] = {1, 3, 6};
    plot_series series = {.name = "a", .x = x, .y = y, .count = 6};
    plot p = {"title", "x", "y", NULL, &series, 1, NULL, 0, NULL};
    grey_image with = drawn(&p, "with.png");
    series = (plot_series){.name = "a", .x = good_x, .y = good_y, .count = 3};
    grey_image without = drawn(&p, "without.png");
    assert_true(same(&with, &without));
    grey_image_free(&with);
    grey_image_free(&without);
}

/* Learning curves as the trainer draws them: each part of the description shows. */
static void test_every_text_shows(void **state) {
    (void)state;
    static double epoch[N], loss[N], miou[N];
    for (int i = 0; i < N; i++) {
        epoch[i] = i + 1;
        loss[i] = 0.1 + 0.8 * exp(-i / 30.0);
        miou[i] = i % 10 == 9 ? 0.9 - 0.7 * exp(-i / 40.0) : NAN;
    }
    plot_series series[] = {{.name = "loss", .x = epoch, .y = loss, .count = N},
                            {.name = "mIoU", .x = epoch, .y = miou, .count = N, .axis = PLOT_RIGHT}};
    const plot whole = {"RPCANet+ on NUDT-SIRST", "epoch", "loss", "mIoU", series, 2, NULL, 0, NULL};
    grey_image all = drawn(&whole, "all.png");
    for (int part = 0; part < 6; part++) {
        plot p = whole;
        plot_series fewer[] = {series[0], series[1]};
        p.series = fewer;
        p.title = part == 0 ? "" : p.title;
        p.x_label = part == 1 ? NULL : p.x_label;
        p.y_label = part == 2 ? NULL : p.y_label;
        p.y2_label = part == 3 ? NULL : p.y2_label;
        fewer[0].name = part == 4 ? NULL : fewer[0].name;
        fewer[1].name = part == 5 ? "another" : fewer[1].name;
        grey_image without = drawn(&p, "part.png");
        assert_false(same(&all, &without));
        grey_image_free(&without);
    }
    grey_image_free(&all);
}

/* Ticks with words in place of numbers; one that lies beyond the points is left out. */
static void test_ticks_with_words(void **state) {
    (void)state;
    double x[] = {0, 1, 2}, y[] = {3, 1, 2};
    const plot_tick ticks[] = {{0, "none"}, {1, "some"}, {2, "all"}, {7, "beyond"}};
    plot_series series = {.x = x, .y = y, .count = 3};
    plot p = {.series = &series, .series_count = 1, .x_ticks = ticks, .x_tick_count = 3};
    grey_image words = drawn(&p, "words.png");
    p.x_tick_count = 4;
    grey_image beyond = drawn(&p, "beyond.png");
    assert_true(same(&words, &beyond));
    p.x_tick_count = 2;
    grey_image fewer = drawn(&p, "fewer.png");
    box d = difference(&words, &fewer);
    assert_true(d.x0 > WIDTH * 3 / 4); /* the last tick, its line and its word */
    grey_image_free(&words);
    grey_image_free(&beyond);
    grey_image_free(&fewer);
}

/* The bar of the middle point reaches as far up and down as its spread says, and not beyond the possible values. */
static void test_error_bars(void **state) {
    (void)state;
    double x[] = {0, 1, 2}, y[] = {0, 50, 100}, spread[] = {NAN, 20, NAN};
    const plot_range percent = {0, 100};
    plot_series series = {.x = x, .y = y, .count = 3};
    plot p = {.series = &series, .series_count = 1, .y_range = &percent};
    grey_image without = drawn(&p, "without.png");
    series.spread = spread;
    grey_image with = drawn(&p, "with.png");
    box d = difference(&without, &with);
    double height = (d.y1 - d.y0) / 40.0; /* pixels of one percent */
    assert_true(100 * height > 0.8 * HEIGHT && 100 * height < HEIGHT);
    assert_true(d.x0 > WIDTH / 3 && d.x1 < WIDTH * 2 / 3);
    grey_image_free(&with);
    spread[2] = 60; /* cut off at 100: the axis stays as it is */
    spread[1] = NAN;
    with = drawn(&p, "cut.png");
    d = difference(&without, &with);
    assert_true(d.x0 > WIDTH * 3 / 4 && fabs((d.y1 - d.y0) / height - 60) < 2);
    grey_image_free(&with);
    grey_image_free(&without);
}

/* What scattered points lack is the line, from the first to the last. */
static void test_scattered_points(void **state) {
    (void)state;
    double x[] = {0, 1, 2}, y[] = {0, 2, 1};
    plot_series series = {.x = x, .y = y, .count = 3, .is_scattered = true};
    plot p = {.series = &series, .series_count = 1};
    grey_image points = drawn(&p, "points.png");
    series.is_scattered = false;
    grey_image joined = drawn(&p, "joined.png");
    box d = difference(&points, &joined);
    assert_true(d.x0 < WIDTH / 5 && d.x1 > WIDTH * 4 / 5); /* from the first point to the last */
    grey_image_free(&points);
    grey_image_free(&joined);
}

enum { CROWD = 12 };

typedef struct printed {
    plot_box boxes[CROWD];
    int count;
} printed;

static double width_of(void *context, const char *text) {
    (void)context;
    return 10.0 * (double)strlen(text);
}

static void keep(void *context, const plot_box *at, const char *text) {
    printed *p = context;
    assert_true(fabs(at->right - at->left - 10.0 * (double)strlen(text)) < 1e-9);
    assert_true(fabs(at->bottom - at->top - 12) < 1e-9);
    p->boxes[p->count++] = *at;
}

static bool overlap(const plot_box *a, const plot_box *b) {
    return a->left < b->right && a->right > b->left && a->top < b->bottom && a->bottom > b->top;
}

/* Names of points that lie close together, at an edge and in one place: none covers a point or another name, and all
 * stay between the axes; the NaN has none. */
static void test_names_of_points(void **state) {
    (void)state;
    static const char *const names[] = {"a", "longer", "b", "c", "nowhere", "edge"};
    double x[] = {50, 50, 60, 200, NAN, 295}, y[] = {50, 50, 52, 5, 10, 100};
    const plot_series series[] = {{.x = x, .y = y, .count = 6, .labels = names}, {.x = y, .y = y, .count = 1}};
    const plot p = {.series = series, .series_count = 2};
    printed all = {.count = 0};
    /* Values are places: y, too, grows downwards. */
    const plot_area area = {
        .axes = {.x = {.low = 0, .high = 300}, .y = {{.low = 200, .high = 0}}}, .right = 300, .bottom = 200};
    const plot_labels labels = {.area = &area, .height = 12, .context = &all, .width = width_of, .print = keep};
    plot_labels_print(&labels, &p);
    assert_int_equal(all.count, 5);
    for (int i = 0; i < all.count; i++) {
        const plot_box *b = &all.boxes[i];
        assert_true(b->left >= 0 && b->top >= 0 && b->right <= 300 && b->bottom <= 200);
        for (int j = 0; j < i; j++)
            assert_false(overlap(b, &all.boxes[j]));
        for (int j = 0; j < 6; j++)
            assert_false(x[j] > b->left && x[j] < b->right && y[j] > b->top && y[j] < b->bottom);
    }
    assert_true(all.boxes[4].right < x[5]); /* left of the point at the right edge */
}

static void test_grid(void **state) {
    (void)state;
    double x[] = {0, 1, 2}, y[] = {3, 1, 2};
    plot_series series = {.name = "a", .x = x, .y = y, .count = 3};
    plot plots[3];
    for (int i = 0; i < 3; i++)
        plots[i] = (plot){.series = &series, .series_count = 1};
    grey_image wide, high;
    const char *path = scratch_path("grid.png");
    assert_ok(plot_grid_write("title", plots, 3, 2, path));
    assert_ok(png_read_grey(path, &wide));
    assert_ok(plot_grid_write("title", plots, 3, 1, path));
    assert_ok(png_read_grey(path, &high));
    assert_int_equal(wide.width, 2 * high.width);
    assert_true(wide.height < high.height);
    int drawn_pixels = 0; /* the fourth quarter is empty */
    for (int y1 = wide.height * 3 / 4; y1 < wide.height; y1++)
        for (int x1 = wide.width / 2; x1 < wide.width; x1++)
            drawn_pixels += wide.pixels[y1 * wide.width + x1] != 255;
    assert_int_equal(drawn_pixels, 0);
    grey_image_free(&wide);
    grey_image_free(&high);
    assert_ok(plot_grid_write(NULL, plots, 3, 2, scratch_path("grid.svg")));
    assert_fails(plot_grid_write(NULL, plots, 3, 2, "grid.pdf"), STATUS_USAGE, "grid.pdf", ".svg");
}

static void test_files(void **state) {
    (void)state;
    double x[] = {1, 2, 3};
    plot_series series[20];
    for (int i = 0; i < 20; i++)
        series[i] = (plot_series){.name = "a name that fills the legend", .x = x, .y = x, .count = 3};
    plot p = {"many series", "x", "y", NULL, series, 20, NULL, 0, NULL};
    grey_image image = drawn(&p, "many.png");
    grey_image_free(&image);
    plot empty = {.series_count = 0};
    image = drawn(&empty, "empty.png");
    grey_image_free(&image);

    const char *path = scratch_path("plot.svg");
    assert_ok(plot_write(&p, path));
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_memory_equal(text, "<?xml", 5);

    assert_fails(plot_write(&p, "plot.pdf"), STATUS_USAGE, "plot.pdf", ".png or .svg");
    assert_fails(plot_write(&p, "plot"), STATUS_USAGE, "plot", ".png or .svg");
    assert_fails(plot_write(&p, "no/such/folder/plot.png"), STATUS_OUTPUT, "no/such/folder/plot.png", "");
}

/* What is no UTF-8 costs its characters and not the picture; one that was cut at the end is left out. */
static void test_texts_that_are_not_utf8(void **state) {
    (void)state;
    double x[] = {1, 2, 3};
    plot_series series = {.name = "not \xff UTF-8", .x = x, .y = x, .count = 3};
    plot p = {"na\xefve", "x", "cut \xe2\x82", NULL, &series, 1, NULL, 0, NULL};
    grey_image bad = drawn(&p, "bad.png");
    series.name = "not \xef\xbf\xbd UTF-8";
    p.title = "na\xef\xbf\xbdve";
    p.y_label = "cut ";
    grey_image good = drawn(&p, "good.png");
    assert_int_equal(bad.width, good.width);
    assert_memory_equal(bad.pixels, good.pixels, (size_t)good.width * (size_t)good.height * sizeof *good.pixels);
    grey_image_free(&bad);
    grey_image_free(&good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_lines_are_where_they_should_be),
        cmocka_unit_test(test_points_that_are_no_numbers_are_left_out),
        cmocka_unit_test(test_every_text_shows),
        cmocka_unit_test(test_ticks_with_words),
        cmocka_unit_test(test_error_bars),
        cmocka_unit_test(test_scattered_points),
        cmocka_unit_test(test_names_of_points),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_texts_that_are_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
