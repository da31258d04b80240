/* The prior probability of a target, set in the last biases. */
#include "core/base/rng.h"
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/train/tiny_detector.h"

#include <math.h>
#include <string.h>

enum { SIDE = 32, LARGE = 80 }; /* AGPCNet takes no small images */

static int side_for(const detector *d) {
    return strcmp(detector_name(d), "agpcnet") ? SIDE : LARGE;
}

/* Means over a random image. */
typedef struct means {
    double score, logit;
    double deviation; /* largest one from the mean logit */
} means;

static means mean_of(detector *d) {
    static float image[LARGE * LARGE];
    const int side = side_for(d), pixels = side * side;
    rng r = rng_new(8, 0);
    for (int i = 0; i < pixels; i++)
        image[i] = (float)rng_uniform(&r);
    detector_maps maps;
    assert_ok(detector_run(d, image, side, side, DETAIL_SCORE, &maps));
    means mean = {0};
    for (int i = 0; i < pixels; i++) {
        mean.score += (double)maps.score[i] / pixels;
        mean.logit += (double)maps.logit[i] / pixels;
    }
    for (int i = 0; i < pixels; i++)
        if (fabs(maps.logit[i] - mean.logit) > mean.deviation)
            mean.deviation = fabs(maps.logit[i] - mean.logit);
    return mean;
}

static double logit(double p) {
    return log(p / (1 - p));
}

static bool is_factor(const parameter *p) {
    const char *end = strstr(p->name, "epsilon");
    return end && !strcmp(end, "epsilon");
}

/* All weights 0, but those that the unrolled networks multiply H by. */
static void clear_weights(const parameter_set *set) {
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->kind == PARAMETER_TRAINED && !is_factor(set->items[i]))
            memset(set->items[i]->value, 0, set->items[i]->count * sizeof(float));
}

/* T = x - epsilon H: with all weights 0, x is 0 and H its last bias. */
static void test_by_hand(void **state) {
    (void)state;
    detector *d = tiny_detector();
    clear_weights(detector_parameters(d));
    assert_true(fabs(mean_of(d).score - 0.5) < 1e-6);
    assert_ok(detector_set_prior(d, 0.018));
    double bias = *parameter_find(detector_parameters(d), "decos.0.sparse.final_conv.bias")->value;
    assert_true(fabs(bias - 3.9992 / 0.01) < 0.01); /* log(0.982 / 0.018) = 3.9992 */
    assert_true(fabs(mean_of(d).score - 0.018) < 1e-6);
    assert_ok(detector_set_prior(d, 0.9));
    assert_true(fabs(mean_of(d).score - 0.9) < 1e-6);
    detector_free(d);
}

/* The bias adds to every logit, so a mean logit moves exactly as the prior's does; MSHNet's, that fuses heads by 3x3
 * windows which miss some of them at the border, by a little more or less; DRPCA-Net's by what its hypernetwork makes
 * of the image. */
static void expect_move(const char *name, double moved, double expected) {
    double off = fabs(moved / expected - 1);
    double most = !strcmp(name, "mshnet") ? 4.0 / SIDE : !strcmp(name, "drpcanet") ? 0.5 : 1e-3;
    if (!(off <= most))
        fail_msg("%s: the mean logit moved by %g, expected %g", name, moved, expected);
}

/* As a network starts, what its weights make of the image may be larger than the prior's logit: it is the change that
 * tells. Without them, every pixel has the prior. */
static void test_every_network(void **state) {
    (void)state;
    const double first = 0.3, prior = 0.018;
    int networks = 0;
    for (int i = 0; i < detector_method_count(); i++) {
        const char *name = detector_method_name(i);
        detector *d;
        assert_ok(golden_detector((const char *[]){"model.name", name, NULL}, &d));
        if (detector_score_kind(d) != SCORE_PROBABILITY) {
            assert_fails(detector_set_prior(d, prior), STATUS_USAGE, name, "no parameters");
            detector_free(d);
            continue;
        }
        assert_ok(detector_set_prior(d, first));
        means before = mean_of(d);
        assert_ok(detector_set_prior(d, prior));
        means after = mean_of(d);
        expect_move(name, after.logit - before.logit, logit(prior) - logit(first));
        assert_true(after.score < before.score);
        clear_weights(detector_parameters(d));
        assert_ok(detector_set_prior(d, prior));
        means alone = mean_of(d);
        if (!(alone.deviation < 1e-4 && fabs(alone.score - prior) < 1e-6))
            fail_msg("%s: a mean probability of %g from the prior %g alone", name, alone.score, prior);
        networks++;
        detector_free(d);
    }
    assert_true(networks >= 7);
}

static void test_refused(void **state) {
    (void)state;
    static const double wrong[] = {0, 1, -0.1, 1.5, NAN, INFINITY};
    detector *d = tiny_detector();
    for (int i = 0; i < 6; i++)
        assert_fails(detector_set_prior(d, wrong[i]), STATUS_USAGE, "prior probability", "between 0 and 1");
    *parameter_find(detector_parameters(d), "decos.0.sparse.epsilon")->value = 0;
    assert_fails(detector_set_prior(d, 0.1), STATUS_USAGE, "decos.0.sparse.epsilon", "is 0");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_every_network),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
