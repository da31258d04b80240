/* AGPCNet: parameters and how they start, dropout, training. Its values are compared with the
 * reference network's by compare_network. */
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 80, HEIGHT = 76, PIXELS = WIDTH * HEIGHT, BATCH = 2 };

static detector *network(const char *dropout) {
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.name", "agpcnet", "model.dropout", dropout, NULL}, &d));
    return d;
}

static const parameter *weights(detector *d, const char *name) {
    const parameter *p = parameter_find(detector_parameters(d), name);
    assert_non_null(p);
    return p;
}

/* The sample deviation of n normal numbers strays from theirs by less than 5 / sqrt(2 n) of it. */
static void check_deviation(const parameter *p, double expected) {
    double squares = 0;
    for (size_t i = 0; i < p->count; i++)
        squares += (double)p->value[i] * p->value[i];
    double found = sqrt(squares / (double)p->count);
    assert_true(fabs(found / expected - 1) < 5 / sqrt(2.0 * (double)p->count));
}

/* Kaiming-normal by fan-out: sqrt(2 / (k^2 channels out)). */
static void test_parameters(void **state) {
    detector *d = *state;
    const parameter_set *set = detector_parameters(d);
    assert_int_equal(parameter_count_trained(set), 12360461);
    check_deviation(weights(d, "backbone.conv1.weight"), sqrt(2.0 / (7 * 7 * 64)));
    check_deviation(weights(d, "backbone.layer4.0.downsample.0.weight"), sqrt(2.0 / 512));
    check_deviation(weights(d, "context.conv2.0.weight"), sqrt(2.0 / 512));
    check_deviation(weights(d, "head.block.0.weight"), sqrt(2.0 / (3 * 3 * 32)));
    int gammas = 0;
    for (int i = 0; i < set->count; i++)
        if (strstr(set->items[i]->name, "gamma")) {
            gammas++;
            assert_true(*set->items[i]->value == 0);
        }
    assert_int_equal(gammas, 12);
}

static void test_a_map_that_varies(void **state) {
    static float image[PIXELS];
    detector *d = *state;
    detector_maps maps;
    for (int i = 0; i < PIXELS; i++)
        image[i] = (float)(i * 53 % 97) / 97;
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    float least = maps.logit[0], most = maps.logit[0];
    for (int i = 0; i < PIXELS; i++) {
        least = fminf(least, maps.logit[i]);
        most = fmaxf(most, maps.logit[i]);
    }
    assert_true(isfinite(least) && isfinite(most) && least < most);
}

/* Two images with a bright spot on noise, and where it is. */
typedef struct batch {
    float images[BATCH * PIXELS], masks[BATCH * PIXELS];
} batch;

static void fill_batch(batch *b) {
    for (int n = 0; n < BATCH; n++)
        for (int i = 0; i < PIXELS; i++) {
            int y = i / WIDTH - 20 - 25 * n, x = i % WIDTH - 30 - 20 * n;
            bool target = y * y + x * x <= 12 * 12;
            b->images[n * PIXELS + i] = (target ? 0.8f : 0.2f) + (float)(i * 37 % 101) / 1010;
            b->masks[n * PIXELS + i] = target;
        }
}

static void begin(detector *d, int64_t step) {
    assert_ok(detector_begin_training(
        d, &(detector_training){.batch_size = BATCH, .width = WIDTH, .height = HEIGHT, .step = step}));
}

static float loss_of_step(detector *d, const batch *b) {
    detector_loss loss;
    assert_ok(detector_train_step(d, &(detector_batch){.images = b->images, .masks = b->masks, .count = BATCH}, &loss));
    assert_int_equal(loss.part_count, 1);
    assert_true(isfinite(loss.total) && loss.total == loss.parts[0].value);
    return (float)loss.total;
}

/* The weights stay the same, so only dropout changes the loss: with the step, and with nothing else. */
static void test_dropout(void **state) {
    skip_if_sanitized();
    static batch b;
    detector *d = *state;
    fill_batch(&b);
    begin(d, 0);
    float first = loss_of_step(d, &b), second = loss_of_step(d, &b);
    assert_true(first != second);
    begin(d, 0);
    assert_true(loss_of_step(d, &b) == first);
    begin(d, 1);
    assert_true(loss_of_step(d, &b) == second);
}

/* Gradient descent, without dropout. */
static void test_the_loss_falls(void **state) {
    enum { STEPS = 3 };
    static batch b;
    (void)state;
    skip_if_sanitized();
    detector *d = network("0");
    const parameter_set *set = detector_parameters(d);
    fill_batch(&b);
    begin(d, 0);
    float losses[STEPS + 1] = {loss_of_step(d, &b)};
    for (int step = 1; step <= STEPS; step++) {
        for (int i = 0; i < set->count; i++)
            for (size_t k = 0; set->items[i]->grad && k < set->items[i]->count; k++)
                set->items[i]->value[k] -= 0.2f * set->items[i]->grad[k];
        losses[step] = loss_of_step(d, &b);
        assert_true(losses[step] < losses[step - 1]);
    }
    assert_true(losses[STEPS] < 0.6f * losses[0]);
    detector_free(d);
}

static int create(void **state) {
    *state = network("0.1");
    return 0;
}

static int destroy(void **state) {
    detector_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_a_map_that_varies),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_the_loss_falls),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
