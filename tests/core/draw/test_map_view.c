/* Colours for numbers, palettes, and maps as pictures: what is drawn where. */
#include "core/draw/canvas.h"
#include "core/draw/colour_map.h"
#include "core/draw/map_view.h"
#include "core/draw/palette.h"
#include "core/io/png_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* --- colour maps --- */

static double linear_of(unsigned byte) {
    double v = byte / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* CIE lightness L* in [0, 100], another measure than the one that the maps are made with. */
static double lightness(unsigned rgb) {
    double y = 0.2126 * linear_of(rgb >> 16) + 0.7152 * linear_of(rgb >> 8 & 0xff) + 0.0722 * linear_of(rgb & 0xff);
    return y > 0.008856 ? 116 * cbrt(y) - 16 : 903.3 * y;
}

/* The heat map grows lighter with every step, and about evenly: no band stands out where there is no feature. */
static void test_heat_is_even(void **state) {
    (void)state;
    double previous = lightness(colour_map_at(COLOUR_HEAT, 0)), first = previous;
    double whole = lightness(colour_map_at(COLOUR_HEAT, 1)) - first;
    assert_true(first < 5 && whole > 85);
    for (int i = 1; i <= 20; i++) {
        double now = lightness(colour_map_at(COLOUR_HEAT, i / 20.0));
        assert_true(now - previous > 0.3 * whole / 20 || i <= 2);
        assert_true(now > previous && now - previous < 1.5 * whole / 20);
        previous = now;
    }
}

/* Symmetrical in lightness about a nearly white middle, blue below and red above. */
static void test_diverging_is_balanced(void **state) {
    (void)state;
    assert_true(lightness(colour_map_at(COLOUR_DIVERGING, 0.5)) > 93);
    for (int i = 1; i <= 10; i++) {
        unsigned low = colour_map_at(COLOUR_DIVERGING, 0.5 - i / 20.0);
        unsigned high = colour_map_at(COLOUR_DIVERGING, 0.5 + i / 20.0);
        assert_true(fabs(lightness(low) - lightness(high)) < 6);
        assert_true((low & 0xff) > low >> 16 && (high & 0xff) < high >> 16);
    }
}

static void test_values_out_of_range(void **state) {
    (void)state;
    for (int map = 0; map <= COLOUR_DIVERGING; map++) {
        colour_map m = (colour_map)map;
        assert_int_equal(colour_map_at(m, -3), colour_map_at(m, 0));
        assert_int_equal(colour_map_at(m, 7), colour_map_at(m, 1));
        assert_int_equal(colour_map_at(m, NAN), colour_map_at(m, 0));
    }
    assert_int_equal(colour_map_at(COLOUR_GREY, 0.2), 0x333333);
}

/* --- palettes --- */

enum { MANY = 4096 };

static void test_few_colours_are_kept(void **state) {
    (void)state;
    const uint32_t colours[] = {0xffffff, 0x000000, 0xff8000, 0x0072b2};
    uint32_t pixels[MANY];
    uint8_t indices[MANY];
    palette p;
    for (int i = 0; i < MANY; i++)
        pixels[i] = colours[i < 3 ? i : 3] | 0xab000000u; /* three of them on one pixel each */
    assert_ok(palette_reduce(pixels, MANY, 16, &p, indices));
    assert_int_equal(p.count, 4);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(p.colours[indices[i]], pixels[i] & 0xffffff);
}

/* A grey ramp of 256 levels in 16 colours: none is further away than a step of the ramp, and they lie in order. */
static void test_a_ramp_is_cut_evenly(void **state) {
    (void)state;
    uint32_t pixels[MANY];
    uint8_t indices[MANY];
    palette p;
    for (int i = 0; i < MANY; i++)
        pixels[i] = (uint32_t)(i / 16) * 0x010101u;
    assert_ok(palette_reduce(pixels, MANY, 16, &p, indices));
    assert_int_equal(p.count, 16);
    for (int i = 0; i < MANY; i++)
        assert_true(abs((int)(p.colours[indices[i]] & 0xff) - i / 16) <= 16);
    assert_ok(palette_reduce(pixels, MANY, 1, &p, indices));
    assert_int_equal(p.count, 1);
    assert_true(p.colours[0] == 0x808080 || p.colours[0] == 0x7f7f7f);
    assert_ok(palette_reduce(pixels, 0, 16, &p, indices));
    assert_int_equal(p.count, 0);
}

static void test_palette_file(void **state) {
    (void)state;
    const uint32_t colours[] = {0x000000, 0x646464, 0xffffff};
    const uint8_t indices[] = {0, 1, 2, 2, 1, 0};
    const uint16_t greys[] = {0, 100, 255, 255, 100, 0};
    const char *path = scratch_path("palette.png");
    grey_image image;
    assert_ok(png_write_palette(path, 3, 2, colours, 3, indices));
    assert_ok(png_read_grey(path, &image));
    assert_memory_equal(image.pixels, greys, sizeof greys);
    grey_image_free(&image);
    assert_fails(png_write_palette("no/folder/x.png", 3, 2, colours, 3, indices), STATUS_OUTPUT, "no/folder/x.png", "");
}

/* --- pictures --- */

enum { WIDTH = 120, HEIGHT = 100 };

static const float map[] = {0, 0.25f, 0.5f, 0.75f, 1, 0};
static const map_view view = {map, 3, 2, 0, 1, COLOUR_GREY};

typedef enum drawing { DRAW_WHOLE, DRAW_PART, DRAW_SCALE, DRAW_SURFACE, DRAW_FLAT_SURFACE } drawing;

static void draw(void *context, cairo_t *cairo) {
    map_place place = {10, 20, 60, 40};
    static const float flat[16] = {0};
    switch (*(drawing *)context) {
    case DRAW_WHOLE:
        map_view_draw(cairo, &view, NULL, place);
        break;
    case DRAW_PART:
        map_view_draw(cairo, &view, &(map_part){1, 0, 3, 2}, place);
        break;
    case DRAW_SCALE:
        assert_true(map_view_draw_scale(cairo, &view, (map_place){10, 20, 8, 60}, "label") > 20);
        break;
    case DRAW_SURFACE:
    case DRAW_FLAT_SURFACE:
        map_view_draw_surface(cairo,
                              &(map_view){*(drawing *)context == DRAW_SURFACE ? map : flat, 3, 2, 0, 1, COLOUR_GREY},
                              (map_place){0, 0, WIDTH, HEIGHT});
        break;
    }
}

static grey_image drawn(drawing what, canvas_png png) {
    grey_image image;
    const char *path = scratch_path("view.png");
    assert_ok(canvas_write(path, WIDTH, HEIGHT, png, draw, &what));
    assert_ok(png_read_grey(path, &image));
    assert_int_equal(image.width, WIDTH * png.scale);
    assert_int_equal(image.height, HEIGHT * png.scale);
    return image;
}

static int at(const grey_image *image, int x, int y) {
    return image->pixels[y * image->width + x];
}

static int dark_pixels(const grey_image *image) {
    int dark = 0;
    for (int i = 0; i < image->width * image->height; i++)
        dark += image->pixels[i] < 200;
    return dark;
}

/* Pixels of the map become squares of 20 points; nothing is smoothed, nothing drawn beside them. */
static void test_map_is_where_it_should_be(void **state) {
    (void)state;
    grey_image image = drawn(DRAW_WHOLE, (canvas_png){.scale = 1});
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool inside = x >= 10 && x < 70 && y >= 20 && y < 60;
            int expected = inside ? (int)lrint(255 * map[(y - 20) / 20 * 3 + (x - 10) / 20]) : 255;
            assert_int_equal(at(&image, x, y), expected);
        }
    grey_image_free(&image);
    image = drawn(DRAW_PART, (canvas_png){.scale = 1}); /* the right third lies beyond the map's edge */
    assert_int_equal(at(&image, 11, 21), 64);
    assert_int_equal(at(&image, 31, 41), 0);
    assert_int_equal(at(&image, 51, 41), 255);
    grey_image_free(&image);
}

static void test_reduced_picture(void **state) {
    (void)state;
    grey_image exact = drawn(DRAW_WHOLE, (canvas_png){.scale = 2});
    grey_image same = drawn(DRAW_WHOLE, (canvas_png){.scale = 2, .colours = 16});
    assert_memory_equal(exact.pixels, same.pixels, sizeof *exact.pixels * 4 * WIDTH * HEIGHT);
    grey_image_free(&same);
    same = drawn(DRAW_WHOLE, (canvas_png){.scale = 2, .colours = 2});
    assert_memory_not_equal(exact.pixels, same.pixels, sizeof *exact.pixels * 4 * WIDTH * HEIGHT);
    grey_image_free(&same);
    grey_image_free(&exact);
}

static void test_scale_runs_from_low_to_high(void **state) {
    (void)state;
    grey_image image = drawn(DRAW_SCALE, (canvas_png){.scale = 1});
    assert_true(at(&image, 14, 22) > 240 && at(&image, 14, 77) < 15);
    for (int y = 22; y < 78; y++)
        assert_true(at(&image, 14, y) <= at(&image, 14, y - 1));
    grey_image_free(&image);
}

/* A surface that rises begins further up than its floor. */
static void test_surface_has_height(void **state) {
    (void)state;
    grey_image flat = drawn(DRAW_FLAT_SURFACE, (canvas_png){.scale = 1});
    grey_image high = drawn(DRAW_SURFACE, (canvas_png){.scale = 1});
    int y_flat = 0, y_high = 0;
    while (y_flat < HEIGHT - 1 && at(&flat, WIDTH / 2, y_flat) > 200)
        y_flat++;
    while (y_high < HEIGHT - 1 && at(&high, WIDTH / 2, y_high) > 200)
        y_high++;
    assert_true(dark_pixels(&flat) > 500);
    assert_true(y_high < y_flat);
    grey_image_free(&flat);
    grey_image_free(&high);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heat_is_even),
        cmocka_unit_test(test_diverging_is_balanced),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_few_colours_are_kept),
        cmocka_unit_test(test_a_ramp_is_cut_evenly),
        cmocka_unit_test(test_palette_file),
        cmocka_unit_test(test_map_is_where_it_should_be),
        cmocka_unit_test(test_reduced_picture),
        cmocka_unit_test(test_scale_runs_from_low_to_high),
        cmocka_unit_test(test_surface_has_height),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
