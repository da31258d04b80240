#include "tests/modules/descent.h"

#include "core/base/rng.h"
#include "tests/expect.h"

#include <math.h>

enum { IMAGES = 2, SIDE = 32, PIXELS = SIDE * SIDE, STEPS = 6 };

/* Noise, and a bright target of 3x3 pixels in each image. */
static void synthesize(float images[IMAGES * PIXELS], float masks[IMAGES * PIXELS]) {
    rng r = rng_new(5, 0);
    for (int i = 0; i < IMAGES * PIXELS; i++) {
        int x = i % SIDE - 10 - 6 * (i / PIXELS), y = i / SIDE % SIDE - 8;
        masks[i] = x >= 0 && x < 3 && y >= 0 && y < 3;
        images[i] = masks[i] + 0.3f * (float)rng_uniform(&r);
    }
}

static void step_down(const parameter_set *set) {
    const float length = 2e-3f;
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        for (size_t j = 0; p->grad && j < p->count; j++)
            p->value[j] -= p->grad[j] == 0 ? 0 : copysignf(length, p->grad[j]);
    }
}

void expect_descent(detector *d, double fall) {
    static float images[IMAGES * PIXELS], masks[IMAGES * PIXELS];
    const detector_batch batch = {.images = images, .masks = masks, .count = IMAGES};
    detector_training training = {
        .batch_size = IMAGES, .width = SIDE, .height = SIDE, .phase = detector_last_phase(d), .eta = 0.1};
    detector_loss first, last;
    synthesize(images, masks);
    assert_ok(detector_begin_training(d, &training));
    assert_ok(detector_train_step(d, &batch, &first));
    for (int i = 0; i < STEPS; i++) {
        step_down(detector_parameters(d));
        assert_ok(detector_train_step(d, &batch, &last));
    }
    if (!(last.total < (1 - fall) * first.total))
        fail_msg("%s: a loss of %g became %g", detector_name(d), first.total, last.total);
}
