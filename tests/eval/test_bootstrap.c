/* Intervals and comparisons, against plain loops and against what theory says. */
#include "core/base/rng.h"
#include "eval/measure/bootstrap.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

enum { IMAGES = 200, DRAWS = 400 };

/* Images with some targets, each found with probability `share`, by chance and, for a second detector, in part the
 * same. */
static void make_images(metrics *images, int count, double share, uint64_t seed) {
    rng r = rng_new(seed, 0);
    for (int i = 0; i < count; i++) {
        images[i] = (metrics){.images = 1, .targets = 1 + rng_below(&r, 3), .fp = rng_below(&r, 20), .fn = 5};
        for (int t = 0; t < images[i].targets; t++)
            images[i].targets_detected += rng_uniform(&r) < share;
        images[i].tp = 10 * images[i].targets_detected;
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Pd and mIoU of every draw with nothing but their own counts, and the percentiles by sorting. */
static void test_equals_plain_loops(void **state) {
    (void)state;
    static metrics images[IMAGES];
    make_images(images, IMAGES, 0.8, 3);
    const bootstrap how = {DRAWS, 11};
    interval got[METRICS];
    assert_ok(bootstrap_intervals(images, IMAGES, &how, got));
    double pd[DRAWS], miou[DRAWS];
    for (int k = 0; k < DRAWS; k++) {
        rng r = rng_new(11, rng_stream_of("bootstrap") + (uint64_t)k);
        double found = 0, targets = 0, right = 0, all = 0;
        for (int i = 0; i < IMAGES; i++) {
            const metrics *m = &images[rng_below(&r, IMAGES)];
            found += (double)m->targets_detected;
            targets += (double)m->targets;
            right += (double)m->tp;
            all += (double)(m->tp + m->fp + m->fn);
        }
        pd[k] = found / targets;
        miou[k] = right / all;
    }
    qsort(pd, DRAWS, sizeof *pd, by_value);
    qsort(miou, DRAWS, sizeof *miou, by_value);
    double low = 0.025 * (DRAWS - 1), high = 0.975 * (DRAWS - 1);
    int l = (int)low, h = (int)high;
    assert_true(fabs(got[METRIC_pd].low - (pd[l] + (low - l) * (pd[l + 1] - pd[l]))) < 1e-14);
    assert_true(fabs(got[METRIC_pd].high - (pd[h] + (high - h) * (pd[h + 1] - pd[h]))) < 1e-14);
    assert_true(fabs(got[METRIC_miou].low - (miou[l] + (low - l) * (miou[l + 1] - miou[l]))) < 1e-14);
    assert_true(isnan(got[METRIC_pd_scr_2].low)); /* no image has such targets */
}

/* One target an image: Pd is a binomial share, whose interval is 1.96 sqrt(p (1 - p) / n) to either side. */
static void test_binomial(void **state) {
    (void)state;
    static metrics images[IMAGES];
    for (int i = 0; i < IMAGES; i++)
        images[i] = (metrics){.images = 1, .targets = 1, .targets_detected = i % 4 != 0};
    interval got[METRICS];
    assert_ok(bootstrap_intervals(images, IMAGES, &(bootstrap){4000, 1}, got));
    double half = 1.96 * sqrt(0.75 * 0.25 / IMAGES);
    /* A percentile of 4000 draws is off by about 3 % of the half width; the counts go in steps of 1 / 200. */
    assert_true(fabs(got[METRIC_pd].low - (0.75 - half)) < 0.1 * half + 0.005);
    assert_true(fabs(got[METRIC_pd].high - (0.75 + half)) < 0.1 * half + 0.005);
}

/* A target of a size that one image alone has is in 63 % of the draws, which is enough; one that none has is in none.
 */
static void test_rare_sizes(void **state) {
    (void)state;
    static metrics images[IMAGES];
    for (int i = 0; i < IMAGES; i++)
        images[i] = (metrics){.images = 1};
    images[3].size_targets[1] = images[3].size_detected[1] = 1;
    interval got[METRICS];
    assert_ok(bootstrap_intervals(images, IMAGES, &(bootstrap){400, 1}, got));
    assert_true(got[METRIC_pd_size_25].low == 1 && got[METRIC_pd_size_25].high == 1);
    assert_true(isnan(got[METRIC_pd_size_9].low) && isnan(got[METRIC_pd_size_9].high));
}

/* One image of ten has targets, all found: a third of the draws has none, and says nothing of Pd, recall and AUC. */
static void test_draws_without_targets(void **state) {
    (void)state;
    enum { FEW = 10 };
    static metrics images[FEW], worse[FEW];
    for (int i = 0; i < FEW; i++)
        images[i] = worse[i] = (metrics){.images = 1};
    images[3] = (metrics){.images = 1, .tp = 8, .targets = 2, .targets_detected = 2, .area_pixels = 92};
    worse[3] = (metrics){.images = 1, .tp = 4, .fn = 4, .targets = 2, .targets_detected = 1, .area_pixels = 92};
    const bootstrap how = {1000, 1};
    interval got[METRICS];
    comparison c[METRICS];
    assert_ok(bootstrap_intervals(images, FEW, &how, got));
    static const metric_id all[] = {METRIC_pd, METRIC_miou, METRIC_precision, METRIC_recall, METRIC_f1};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_true(fabs(got[all[i]].low - 1) < 1e-15 && fabs(got[all[i]].high - 1) < 1e-15);
    assert_true(got[METRIC_fa].low == 0 && got[METRIC_fa].high == 0);
    assert_true(got[METRIC_niou].low == 0); /* of images without a target too */
    assert_ok(bootstrap_compare(images, worse, FEW, &how, c));
    assert_true(c[METRIC_pd].difference == 0.5 && c[METRIC_pd].interval.low == 0.5 && c[METRIC_pd].p < 0.01);
    for (int i = 0; i < FEW; i++) /* nowhere a target: 0 as published, and nothing is known of it */
        images[i] = (metrics){.images = 1};
    assert_ok(bootstrap_intervals(images, FEW, &how, got));
    assert_true(isnan(got[METRIC_pd].low) && isnan(got[METRIC_auc].high) && isnan(got[METRIC_fa].low));
}

static void test_comparison(void **state) {
    (void)state;
    static metrics a[IMAGES], b[IMAGES], better[IMAGES];
    make_images(a, IMAGES, 0.8, 3);
    make_images(b, IMAGES, 0.8, 4);
    for (int i = 0; i < IMAGES; i++) {
        better[i] = a[i];
        if (i % 10 == 0)
            better[i].targets_detected = better[i].targets;
    }
    const bootstrap how = {1000, 2};
    comparison c[METRICS], again[METRICS];
    assert_ok(bootstrap_compare(a, a, IMAGES, &how, c)); /* with itself: no difference in any draw */
    assert_true(c[METRIC_pd].difference == 0 && c[METRIC_pd].interval.low == 0 && c[METRIC_pd].p == 1);
    assert_ok(bootstrap_compare(a, b, IMAGES, &how, c)); /* two of the same kind */
    assert_true(c[METRIC_pd].interval.low < 0 && c[METRIC_pd].interval.high > 0 && c[METRIC_pd].p > 0.05);
    assert_ok(bootstrap_compare(better, a, IMAGES, &how, c)); /* better in some images and worse in none */
    assert_true(c[METRIC_pd].difference > 0 && c[METRIC_pd].interval.low > 0 && c[METRIC_pd].p < 0.01);
    assert_ok(bootstrap_compare(better, a, IMAGES, &how, again));
    assert_memory_equal(&c[METRIC_pd], &again[METRIC_pd], sizeof *c);
    assert_ok(bootstrap_compare(a, better, IMAGES, &how, again));
    assert_true(again[METRIC_pd].difference == -c[METRIC_pd].difference && again[METRIC_pd].p == c[METRIC_pd].p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_plain_loops), cmocka_unit_test(test_binomial),
        cmocka_unit_test(test_rare_sizes),         cmocka_unit_test(test_draws_without_targets),
        cmocka_unit_test(test_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
