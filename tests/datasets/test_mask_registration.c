/* Masks that lie beside what they mark, all to one side. */
#include "datasets/check/mask_registration.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 256, SPACING = 40, ACROSS = 6, TARGETS = 24, HALF = 2, GROUND = 100 };

/* A scene of TARGETS spots on even ground, each with a label of 5 x 5 pixels; `light` above the ground (below: < 0). */
typedef struct scene {
    grey_image image, mask;
} scene;

static void add_spot(scene *s, int row, int column, double rows, double columns, double light) {
    for (int y = row - 10; y <= row + 10; y++)
        for (int x = column - 10; x <= column + 10; x++) {
            double v = y - row - rows, u = x - column - columns;
            s->image.pixels[y * SIDE + x] = (uint16_t)lround(GROUND + light * exp(-(u * u + v * v) / (2 * 1.3 * 1.3)));
            if (abs(y - row) <= HALF && abs(x - column) <= HALF)
                s->mask.pixels[y * SIDE + x] = 255;
        }
}

static scene blank(void) {
    scene s;
    assert_ok(grey_image_new(SIDE, SIDE, 255, &s.image));
    assert_ok(grey_image_new(SIDE, SIDE, 255, &s.mask));
    for (int i = 0; i < SIDE * SIDE; i++)
        s.image.pixels[i] = GROUND;
    return s;
}

static void free_scene(scene *s) {
    grey_image_free(&s->image);
    grey_image_free(&s->mask);
}

static void add_scene(mask_registration *r, const scene *s) {
    assert_ok(mask_registration_add(r, &s->image, &s->mask, 255, MASK_MAX));
}

/* Spot k is off by `rows`, `columns`, turned over by bits 0 and 1 of k & turns. */
static mask_registration registration_of(double rows, double columns, int turns, double light) {
    mask_registration r = {0};
    scene s = blank();
    for (int k = 0; k < TARGETS; k++)
        add_spot(&s, 25 + SPACING * (k / ACROSS), 25 + SPACING * (k % ACROSS), k & turns & 1 ? -rows : rows,
                 k & turns & 2 ? -columns : columns, light);
    add_scene(&r, &s);
    free_scene(&s);
    return r;
}

static void expect_shift(mask_registration r, double rows, double columns) {
    registration_shift shift;
    assert_int_equal(r.targets, TARGETS);
    assert_true(mask_registration_shift(&r, &shift));
    assert_true(shift.rows == rows && shift.columns == columns);
    assert_int_equal(shift.targets, TARGETS);
    assert_int_equal(shift.others, 0);
}

static void test_to_one_side(void **state) {
    (void)state;
    expect_shift(registration_of(0.5, 0.5, 0, 100), 0.5, 0.5);
    expect_shift(registration_of(-0.5, 0, 0, 100), -0.5, 0);
    expect_shift(registration_of(0, 0.9, 0, 100), 0, 1);
    expect_shift(registration_of(0.5, -0.5, 0, -60), 0.5, -0.5); /* dark on bright ground */
}

static void test_in_place_or_to_any_side(void **state) {
    (void)state;
    registration_shift shift;
    mask_registration r = registration_of(0.1, -0.1, 0, 100);
    assert_int_equal(r.cells[REGISTRATION_REACH][REGISTRATION_REACH], TARGETS);
    assert_false(mask_registration_shift(&r, &shift));
    for (int turns = 1; turns <= 3; turns++) { /* half or a quarter of them to each side */
        r = registration_of(0.5, 0.5, turns, 100);
        assert_int_equal(r.targets, TARGETS);
        assert_false(mask_registration_shift(&r, &shift));
    }
}

static void test_few(void **state) {
    (void)state;
    registration_shift shift;
    mask_registration many = registration_of(0.5, 0.5, 0, 100), r = {.targets = 300};
    r.cells[3][3] = 30;
    r.cells[1][3] = 7;
    assert_true(mask_registration_shift(&r, &shift));
    assert_true(shift.targets == 30 && shift.others == 7);
    r.cells[3][1] = 8; /* nearly a quarter of it to another side */
    assert_false(mask_registration_shift(&r, &shift));
    r.cells[3][1] = 0;
    r.targets = 301; /* less than a tenth of all */
    assert_false(mask_registration_shift(&r, &shift));
    many.cells[3][3] = 19;
    assert_false(mask_registration_shift(&many, &shift));
    r = (mask_registration){.targets = 300};
    r.cells[3][2] = 30; /* down; what lies to the left is as far */
    r.cells[2][1] = 7;
    assert_true(mask_registration_shift(&r, &shift));
    assert_true(shift.rows == 0.5 && shift.columns == 0 && shift.others == 7);
    r.cells[2][1] = 8;
    assert_false(mask_registration_shift(&r, &shift));
}

/* What the surroundings vary by is no light: it would draw every centre of light to that of the label. */
static void test_noise(void **state) {
    (void)state;
    mask_registration r = {0};
    scene s = blank();
    for (int k = 0; k < TARGETS; k++)
        add_spot(&s, 25 + SPACING * (k / ACROSS), 25 + SPACING * (k % ACROSS), 0.5, 0.5, 20);
    for (int i = 0; i < SIDE * SIDE; i++)
        s.image.pixels[i] = (uint16_t)(s.image.pixels[i] + ((i + i / SIDE) % 2 ? 3 : -3));
    add_scene(&r, &s);
    free_scene(&s);
    expect_shift(r, 0.5, 0.5);
}

/* Another target is no part of the surroundings: beside a bright one a faint one would be no light. */
static void test_beside_a_bright_one(void **state) {
    (void)state;
    mask_registration r = {0};
    scene s = blank();
    add_spot(&s, 100, 100, 0.5, 0.5, 20);
    for (int i = 0; i < 18; i++) {
        int at = (98 + i / 3) * SIDE + 105 + i % 3;
        s.image.pixels[at] = s.mask.pixels[at] = 255;
    }
    add_scene(&r, &s);
    free_scene(&s);
    assert_int_equal(r.targets, 2);
}

/* What has no offset: too small, too large, without light, without surroundings, masks of another size. */
static void test_passed_over(void **state) {
    (void)state;
    mask_registration r = {0};
    scene s = blank();
    add_scene(&r, &s);
    memset(s.mask.pixels, 0, SIDE * SIDE * sizeof *s.mask.pixels);
    s.mask.pixels[50 * SIDE + 50] = s.mask.pixels[50 * SIDE + 51] = 255;
    s.image.pixels[50 * SIDE + 50] = 200;
    for (int x = 20; x < 20 + 65; x++)
        s.mask.pixels[100 * SIDE + x] = 255; /* a line of 65 pixels */
    s.image.pixels[100 * SIDE + 50] = 200;
    for (int i = 0; i < 16; i++)
        s.mask.pixels[(150 + i / 4) * SIDE + 150 + i % 4] = 255; /* as bright as the ground */
    add_scene(&r, &s);
    free_scene(&s);
    static uint16_t pixels[9];
    grey_image small = {.width = 3, .height = 3, .maximum = 255, .pixels = pixels};
    for (int i = 0; i < 9; i++)
        pixels[i] = 255;
    assert_ok(mask_registration_add(&r, &small, &small, 255, MASK_MAX));
    s = blank();
    assert_ok(mask_registration_add(&r, &s.image, &small, 255, MASK_MAX));
    assert_ok(mask_registration_add(&r, &s.image, &s.mask, 0, MASK_MAX));
    free_scene(&s);
    assert_int_equal(r.targets, 0);
}

/* At the corners of an image, and beside another target. */
static void test_edges(void **state) {
    (void)state;
    mask_registration r = {0};
    scene s = blank();
    add_spot(&s, 10, 10, 0.5, 0.5, 100);
    add_spot(&s, SIDE - 11, SIDE - 11, 0.5, 0.5, 100);
    add_spot(&s, 100, 100, 0.5, 0.5, 100);
    for (int i = 0; i < 4; i++) { /* bright, on the side that the other's light is not on */
        int at = (98 + i) * SIDE + 95;
        s.image.pixels[at] = s.mask.pixels[at] = 255;
    }
    add_scene(&r, &s);
    free_scene(&s);
    assert_int_equal(r.targets, 4);
    assert_int_equal(r.cells[REGISTRATION_REACH + 1][REGISTRATION_REACH + 1], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_one_side),
        cmocka_unit_test(test_in_place_or_to_any_side),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_passed_over),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_beside_a_bright_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
