/* The one-to-one matching and its errors, against every assignment tried one by one. */
#include "eval/measure/target_match.h"

#include "core/base/rng.h"
#include "eval/measure/assignment.h"
#include "eval/measure/metric_table.h"
#include "eval/measure/target_contrast.h"
#include "tests/expect.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { WIDTH = 20, HEIGHT = 16, PIXELS = WIDTH * HEIGHT, MOST = 6 };

/* --- assignment --- */

/* The least sum over all ways to give `rows` rows columns of their own; used: a bit for each column taken. */
static double least_sum(const double *cost, int rows, int columns, int row, unsigned used) {
    if (row == rows)
        return 0;
    double best = INFINITY;
    for (int c = 0; c < columns; c++)
        if (!(used & (1u << c)))
            best = fmin(best, cost[row * columns + c] + least_sum(cost, rows, columns, row + 1, used | (1u << c)));
    return best;
}

static void test_assignment(void **state) {
    (void)state;
    rng r = rng_new(7, 0);
    for (int trial = 0; trial < 300; trial++) {
        int rows = 1 + (int)rng_below(&r, MOST), columns = 1 + (int)rng_below(&r, MOST), column_of[MOST];
        double cost[MOST * MOST], flipped[MOST * MOST], sum = 0;
        for (int i = 0; i < rows * columns; i++)
            cost[i] = rng_below(&r, 2) ? rng_below(&r, 5) : 10 * rng_uniform(&r) - 3; /* ties, negative ones */
        for (int i = 0; i < rows; i++)
            for (int c = 0; c < columns; c++)
                flipped[c * rows + i] = cost[i * columns + c];
        assert_ok(assignment_solve(cost, rows, columns, column_of));
        unsigned used = 0;
        int assigned = 0;
        for (int i = 0; i < rows; i++) {
            if (column_of[i] < 0)
                continue;
            assert_true(column_of[i] < columns && !(used & (1u << column_of[i])));
            used |= 1u << column_of[i];
            sum += cost[i * columns + column_of[i]];
            assigned++;
        }
        assert_int_equal(assigned, rows < columns ? rows : columns);
        double expected =
            rows <= columns ? least_sum(cost, rows, columns, 0, 0) : least_sum(flipped, columns, rows, 0, 0);
        assert_true(fabs(sum - expected) < 1e-12);
    }
    assert_ok(assignment_solve(NULL, 0, 0, NULL));
}

/* --- matching, by definition --- */

typedef struct plain {
    int matched, stray, lone;
    double iou, merge, interference, perception;
} plain;

static int common_of(const component_list *a, int i, const component_list *b, int k) {
    int count = 0;
    for (int p = 0; p < PIXELS; p++)
        count += a->labels[p] == i + 1 && b->labels[p] == k + 1;
    return count;
}

/* The best way to pair all of the smaller side of what is left, by trying all; partner[t] of each target. */
static void try_all(const double *distance, const int *targets, int count, const int *detections, int others,
                    bool must_all, int at, int left_out, double sum, int *partner, double *best, int *best_partner) {
    if (at == count) {
        if (sum < *best) {
            *best = sum;
            for (int i = 0; i < count; i++)
                best_partner[i] = partner[i];
        }
        return;
    }
    for (int k = 0; k < others; k++) {
        bool taken = false;
        for (int i = 0; i < at; i++)
            taken |= partner[i] == detections[k];
        if (taken)
            continue;
        partner[at] = detections[k];
        try_all(distance, targets, count, detections, others, must_all, at + 1, left_out,
                sum + distance[targets[at] * 64 + detections[k]], partner, best, best_partner);
    }
    partner[at] = -1;
    if (!must_all && left_out > 0)
        try_all(distance, targets, count, detections, others, must_all, at + 1, left_out - 1, sum, partner, best,
                best_partner);
}

static void pair_plainly(const component_list *t, const component_list *d, bool by_overlap, const double *distance,
                         const double *iou, int *detection_of) {
    int targets[64], detections[64], partner[64], best_partner[64], rows = 0, columns = 0;
    for (int i = 0; i < t->count; i++)
        if (detection_of[i] < 0)
            targets[rows++] = i;
    for (int k = 0; k < d->count; k++) {
        bool taken = false;
        for (int i = 0; i < t->count; i++)
            taken |= detection_of[i] == k;
        if (!taken)
            detections[columns++] = k;
    }
    double best = INFINITY;
    int left_out = rows > columns ? rows - columns : 0;
    try_all(distance, targets, rows, detections, columns, left_out == 0, 0, left_out, 0, partner, &best, best_partner);
    for (int i = 0; i < rows && isfinite(best); i++) {
        int k = best_partner[i];
        if (k >= 0 && (by_overlap ? iou[targets[i] * 64 + k] >= 0.5 : distance[targets[i] * 64 + k] < 3))
            detection_of[targets[i]] = k;
    }
}

static plain match_plainly(const component_list *t, const component_list *d) {
    static double distance[64 * 64], iou[64 * 64];
    int detection_of[64];
    plain out = {0};
    for (int i = 0; i < t->count; i++) {
        detection_of[i] = -1;
        for (int k = 0; k < d->count; k++) {
            int common = common_of(t, i, d, k);
            distance[i * 64 + k] =
                hypot(t->items[i].centroid_x - d->items[k].centroid_x, t->items[i].centroid_y - d->items[k].centroid_y);
            iou[i * 64 + k] = (double)common / (t->items[i].area + d->items[k].area - common);
        }
    }
    pair_plainly(t, d, true, distance, iou, detection_of);
    pair_plainly(t, d, false, distance, iou, detection_of);
    for (int i = 0; i < t->count; i++) {
        bool lone = true;
        for (int k = 0; k < d->count; k++)
            lone &= iou[i * 64 + k] < 0.5 && distance[i * 64 + k] >= 3;
        out.lone += lone;
        if (detection_of[i] < 0)
            continue;
        int both = 0, all = 0, others = 0, background = 0, missed = 0;
        for (int p = 0; p < PIXELS; p++) {
            bool target = t->labels[p] == i + 1, found = d->labels[p] == detection_of[i] + 1;
            both += target && found;
            all += target || found;
            others += found && !target && t->labels[p];
            background += found && !t->labels[p];
            missed += target && !found;
        }
        out.matched++;
        out.iou += (double)both / all;
        out.merge += (double)others / all;
        out.interference += (double)background / all;
        out.perception += (double)missed / all;
    }
    for (int k = 0; k < d->count; k++) {
        bool stray = true;
        for (int i = 0; i < t->count; i++)
            stray &= iou[i * 64 + k] < 0.5 && distance[i * 64 + k] >= 3;
        out.stray += stray;
    }
    return out;
}

static void scatter(rng *r, uint8_t *map, int blobs) {
    memset(map, 0, PIXELS);
    for (int b = 0; b < blobs; b++) {
        int x0 = (int)rng_below(r, WIDTH - 3), y0 = (int)rng_below(r, HEIGHT - 3);
        for (int y = y0; y <= y0 + (int)rng_below(r, 3); y++)
            for (int x = x0; x <= x0 + (int)rng_below(r, 4); x++)
                map[y * WIDTH + x] = 1;
    }
}

static void test_matching_equals_trying_all(void **state) {
    (void)state;
    rng r = rng_new(12, 0);
    int pairs = 0, merged = 0;
    for (int trial = 0; trial < 400; trial++) {
        uint8_t label[PIXELS], found[PIXELS];
        scatter(&r, label, (int)rng_below(&r, 5));
        scatter(&r, found, (int)rng_below(&r, 6));
        for (int i = 0; i < PIXELS; i++) /* mostly near the targets */
            if (trial % 2 && label[i] && rng_below(&r, 4))
                found[i] = 1;
        component_list t, d;
        assert_ok(components_find(label, WIDTH, HEIGHT, &t));
        assert_ok(components_find(found, WIDTH, HEIGHT, &d));
        target_match m;
        assert_ok(target_match_find(&t, &d, PIXELS, &m));
        plain expected = match_plainly(&t, &d);
        assert_int_equal(m.count, expected.matched);
        assert_int_equal(m.stray_detections, expected.stray);
        assert_int_equal(m.lone_targets, expected.lone);
        assert_true(fabs(m.iou_sum - expected.iou) < 1e-12 && fabs(m.merge_sum - expected.merge) < 1e-12);
        assert_true(fabs(m.interference_sum - expected.interference) < 1e-12);
        assert_true(fabs(m.perception_sum - expected.perception) < 1e-12);
        /* What the IoU lacks to 1 is the three errors. */
        assert_true(fabs(m.count - m.iou_sum - m.merge_sum - m.interference_sum - m.perception_sum) < 1e-12);
        pairs += m.count;
        merged += m.merge_sum > 0;
        target_match_free(&m);
        component_list_free(&t);
        component_list_free(&d);
    }
    assert_true(pairs > 100 && merged > 5); /* the trials meet what they are for */
}

typedef struct pairs_of_rows {
    int pairs, lone, stray;
} pairs_of_rows;

/* A target and a detection that lie in one row of pixels. */
static pairs_of_rows match_rows(int target_x0, int target_x1, int found_x0, int found_x1) {
    uint8_t label[PIXELS] = {0}, found[PIXELS] = {0};
    for (int x = target_x0; x <= target_x1; x++)
        label[5 * WIDTH + x] = 1;
    for (int x = found_x0; x <= found_x1; x++)
        found[5 * WIDTH + x] = 1;
    component_list t, d;
    target_match m;
    assert_ok(components_find(label, WIDTH, HEIGHT, &t));
    assert_ok(components_find(found, WIDTH, HEIGHT, &d));
    assert_ok(target_match_find(&t, &d, PIXELS, &m));
    pairs_of_rows out = {m.count, m.lone_targets, m.stray_detections};
    target_match_free(&m);
    component_list_free(&t);
    component_list_free(&d);
    return out;
}

/* An IoU of one half is enough for a pair, a distance of three pixels is too much. */
static void test_limits_of_a_pair(void **state) {
    (void)state;
    pairs_of_rows p = match_rows(0, 11, 0, 5); /* IoU 6 / 12, centroids 5.5 and 2.5 */
    assert_true(p.pairs == 1 && p.lone == 0 && p.stray == 0);
    p = match_rows(0, 11, 0, 4); /* IoU 5 / 12 */
    assert_true(p.pairs == 0 && p.lone == 1 && p.stray == 1);
    p = match_rows(5, 5, 8, 8);
    assert_true(p.pairs == 0 && p.lone == 1 && p.stray == 1);
    p = match_rows(5, 5, 7, 8); /* 2.5 apart */
    assert_true(p.pairs == 1 && p.lone == 0 && p.stray == 0);
}

/* --- signal-to-clutter ratios --- */

static void test_contrast_by_hand(void **state) {
    (void)state;
    enum { SIDE = 64 };
    static float image[SIDE * SIDE];
    static uint8_t label[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = (i + i / SIDE) % 2 ? 0.25f : 0.75f; /* a chessboard: mean 0.5, deviation 0.25 */
    label[30 * SIDE + 30] = label[30 * SIDE + 31] = 1;
    image[30 * SIDE + 30] = image[30 * SIDE + 31] = 1;
    label[30 * SIDE + 45] = 1; /* near the other, whose surroundings leave it out */
    image[30 * SIDE + 45] = 100;
    component_list targets;
    double ratios[2];
    assert_ok(components_find(label, SIDE, SIDE, &targets));
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    /* 41 x 42 pixels without three: the means are off by less than 1 / 1700. */
    assert_true(fabs(ratios[0] - 2) < 0.01 && fabs(ratios[1] - 398) < 1);
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = 0.5f;
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    assert_true(ratios[0] == 0);
    image[30 * SIDE + 30] = 1;
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    assert_true(isinf(ratios[0]));
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = 77 / 255.0f; /* whose square has no exact sum */
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    assert_true(ratios[0] == 0);
    image[30 * SIDE + 30] = 1;
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    assert_true(isinf(ratios[0]));
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = i == 30 * SIDE + 30 ? 1 : 0.5f;
    static const int edges[4] = {30 * SIDE + 10, 30 * SIDE + 51, 10 * SIDE + 30, 50 * SIDE + 30};
    static const int beyond[4] = {30 * SIDE + 9, 30 * SIDE + 52, 9 * SIDE + 30, 51 * SIDE + 30};
    for (int i = 0; i < 4; i++) { /* 20 pixels from the target are its surroundings, 21 are not */
        image[beyond[i]] = 0.9f;
        target_contrast(image, &targets, SIDE, SIDE, ratios);
        assert_true(isinf(ratios[0]));
        image[beyond[i]] = 0.5f;
        image[edges[i]] = 0.9f;
        target_contrast(image, &targets, SIDE, SIDE, ratios);
        assert_true(isfinite(ratios[0]));
        image[edges[i]] = 0.5f;
    }
    component_list_free(&targets);
    memset(label, 1, sizeof label);
    assert_ok(components_find(label, SIDE, SIDE, &targets));
    target_contrast(image, &targets, SIDE, SIDE, ratios);
    assert_true(isnan(ratios[0])); /* nothing is around it */
    component_list_free(&targets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assignment),
        cmocka_unit_test(test_matching_equals_trying_all),
        cmocka_unit_test(test_limits_of_a_pair),
        cmocka_unit_test(test_contrast_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
