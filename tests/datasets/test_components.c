#include "tests/expect.h"

#include "core/base/rng.h"
#include "datasets/check/components.h"

#include <stdlib.h>

/* A map drawn with '#' and '.', rows joined without separators. */
static component_list find(const char *drawing, int width, int height) {
    uint8_t map[256];
    assert_int_equal(strlen(drawing), width * height);
    for (int i = 0; i < width * height; i++)
        map[i] = drawing[i] == '#' ? 255 : 0;
    component_list list;
    assert_ok(components_find(map, width, height, &list));
    return list;
}

static void test_empty_and_full(void **state) {
    (void)state;
    component_list list = find("............", 4, 3);
    assert_int_equal(list.count, 0);
    for (int i = 0; i < 12; i++)
        assert_int_equal(list.labels[i], 0);
    component_list_free(&list);
    list = find("############", 4, 3);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].area, 12);
    assert_true(list.items[0].centroid_x == 1.5 && list.items[0].centroid_y == 1);
    component_list_free(&list);
    component_list_free(&list); /* a freed list is empty */
    assert_null(list.items);
}

static void test_corners_connect(void **state) {
    (void)state;
    component_list list = find("#...#"
                               ".#.#."
                               "....."
                               "#.#.#",
                               5, 4);
    assert_int_equal(list.count, 5);
    assert_int_equal(list.items[0].area, 2);
    assert_int_equal(list.items[1].area, 2);
    component_list_free(&list);
}

/* Two arms that meet only in the last row: their labels are merged late, and the number is that of the first pixel. */
static void test_late_merge_keeps_scan_order(void **state) {
    (void)state;
    component_list list = find("..#...#.#"
                               "#.#...#.."
                               "#.#####..",
                               9, 3);
    assert_int_equal(list.count, 3);
    const component *u = &list.items[0];
    assert_int_equal(u->area, 9);
    assert_int_equal(u->x0, 2);
    assert_int_equal(u->x1, 6);
    assert_int_equal(u->y0, 0);
    assert_int_equal(u->y1, 2);
    assert_true(u->centroid_x == 4 && u->centroid_y == (0 + 0 + 1 + 1 + 5 * 2) / 9.0);
    assert_int_equal(list.labels[8], 2); /* starts in row 0, behind the U */
    assert_int_equal(list.labels[9], 3); /* starts in row 1 */
    assert_int_equal(list.labels[2 * 9 + 4], 1);
    component_list_free(&list);
}

static void test_bounds_do_not_wrap_around_rows(void **state) {
    (void)state;
    component_list list = find("...#"
                               "#...",
                               4, 2); /* neighbours in memory, not in the image */
    assert_int_equal(list.count, 2);
    component_list_free(&list);
    list = find("#", 1, 1);
    assert_int_equal(list.count, 1);
    component_list_free(&list);
    list = find("#.##", 1, 4);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1].y0, 2);
    assert_int_equal(list.items[1].y1, 3);
    component_list_free(&list);
}

/* Most provisional labels that a map can have: isolated pixels in every other row and column. */
static void test_grid_of_isolated_pixels(void **state) {
    (void)state;
    enum { SIDE = 31 };
    uint8_t map[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            map[y * SIDE + x] = x % 2 == 0 && y % 2 == 0;
    component_list list;
    assert_ok(components_find(map, SIDE, SIDE, &list));
    assert_int_equal(list.count, 16 * 16);
    component_list_free(&list);
}

enum { WIDTH = 23, HEIGHT = 17, PIXELS = WIDTH * HEIGHT };

/* Plain flood fill: the oracle. */
static void flood(const uint8_t *map, int32_t *labels, int x, int y, int32_t label) {
    if (x < 0 || y < 0 || x >= WIDTH || y >= HEIGHT || !map[y * WIDTH + x] || labels[y * WIDTH + x])
        return;
    labels[y * WIDTH + x] = label;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            flood(map, labels, x + dx, y + dy, label);
}

static void test_random_maps_equal_flood_fill(void **state) {
    (void)state;
    rng r = rng_new(7, 0);
    for (int trial = 0; trial < 300; trial++) {
        uint8_t map[PIXELS];
        int32_t labels[PIXELS] = {0}, count = 0;
        uint32_t density = 10 + rng_below(&r, 80); /* percent: near 40 the components are most tangled */
        for (int i = 0; i < PIXELS; i++)
            map[i] = rng_below(&r, 100) < density;
        for (int i = 0; i < PIXELS; i++)
            if (map[i] && !labels[i])
                flood(map, labels, i % WIDTH, i / WIDTH, ++count);
        component_list list;
        assert_ok(components_find(map, WIDTH, HEIGHT, &list));
        assert_int_equal(list.count, count);
        assert_memory_equal(list.labels, labels, sizeof labels);
        int area = 0, foreground = 0;
        for (int i = 0; i < list.count; i++)
            area += list.items[i].area;
        for (int i = 0; i < PIXELS; i++)
            foreground += map[i];
        assert_int_equal(area, foreground);
        component_list_free(&list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_and_full),
        cmocka_unit_test(test_corners_connect),
        cmocka_unit_test(test_late_merge_keeps_scan_order),
        cmocka_unit_test(test_bounds_do_not_wrap_around_rows),
        cmocka_unit_test(test_grid_of_isolated_pixels),
        cmocka_unit_test(test_random_maps_equal_flood_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
