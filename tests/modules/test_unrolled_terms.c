/* How often the logits of an unrolled network hold what the last layers of its stages add, and how it begins without.
 */
#include "core/base/rng.h"
#include "modules/detector.h"
#include "modules/layer_name.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <string.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE, STAGES = 3 };

static const char *const networks[] = {"rpcanet_plus", "rpcanet", "rpcanet_plusplus"};
enum { NETWORKS = sizeof networks / sizeof *networks };

static detector *network_of(const char *name) {
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.name", name, "model.stages", "3", NULL}, &d));
    return d;
}

/* The last layers of W and of H have a weight and a bias each, in every stage; nothing else has a gain. */
static int clear_terms(const parameter_set *set) {
    int terms = 0;
    for (int i = 0; i < set->count; i++) {
        parameter *p = set->items[i];
        if (p->gain > 0) {
            memset(p->value, 0, p->count * sizeof *p->value);
            terms++;
        }
    }
    return terms;
}

static void run(detector *d, float logit[PIXELS]) {
    float image[PIXELS];
    detector_maps maps;
    rng r = rng_new(8, 0);
    for (int i = 0; i < PIXELS; i++)
        image[i] = (float)rng_uniform(&r);
    assert_ok(detector_run(d, image, SIDE, SIDE, DETAIL_SCORE, &maps));
    memcpy(logit, maps.logit, PIXELS * sizeof *logit);
}

/* Whatever the other weights are, every pixel has the prior. */
static void test_nothing_but_the_prior(void **state) {
    (void)state;
    for (int n = 0; n < NETWORKS; n++) {
        float logit[PIXELS];
        detector *d = network_of(networks[n]);
        assert_int_equal(clear_terms(detector_parameters(d)), 4 * STAGES);
        assert_ok(detector_set_prior(d, 0.018));
        run(d, logit);
        for (int i = 0; i < PIXELS; i++)
            assert_true(fabs(logit[i] - log(0.018 / 0.982)) < 1e-4);
        detector_free(d);
    }
}

/* What a bias of stage k adds is doubled by each stage behind it, and changes nothing else as long as those add 0. */
static void expect_gain(detector *d, parameter *bias, double factor) {
    const float added = 0.25f;
    float before[PIXELS], after[PIXELS];
    run(d, before);
    *bias->value += added;
    run(d, after);
    *bias->value -= added;
    for (int i = 0; i < PIXELS; i++) {
        double moved = -((double)after[i] - before[i]) / (factor * added);
        if (!(fabs(moved - bias->gain) < 1e-3 * bias->gain))
            fail_msg("%s: the logits hold what it adds %g times, expected %g", bias->name, moved, bias->gain);
    }
}

static void test_doubled_by_every_stage(void **state) {
    (void)state;
    for (int n = 0; n < NETWORKS; n++) {
        detector *d = network_of(networks[n]);
        const parameter_set *set = detector_parameters(d);
        clear_terms(set);
        int biases = 0;
        for (int i = 0; i < set->count; i++) {
            parameter *p = set->items[i];
            if (p->gain == 0 || p->rank != 1)
                continue;
            int k = p->name[strlen("decos.")] - '0' + 1;
            const parameter *epsilon = parameter_find(set, layer_named("decos.%d.sparse.epsilon", k - 1).text);
            assert_true(p->gain == ldexp(1, STAGES - k));
            expect_gain(d, p, strstr(p->name, "sparse") ? *epsilon->value : 1);
            biases++;
        }
        assert_int_equal(biases, 2 * STAGES);
        detector_free(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_but_the_prior),
        cmocka_unit_test(test_doubled_by_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
