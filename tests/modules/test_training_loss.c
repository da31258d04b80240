/* What detectors are trained on: losses of terms, deep supervision, a teacher, gradients that are weighted and added,
 * names of the parts. */
#include "core/base/rng.h"
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 2, SIDE = 32, PIXELS = SIDE * SIDE };

static float images[IMAGES * PIXELS], masks[IMAGES * PIXELS], scores[IMAGES * PIXELS];

static int fill_samples(void **state) {
    (void)state;
    rng r = rng_new(21, 0);
    for (int i = 0; i < IMAGES * PIXELS; i++) {
        int x = i % SIDE, y = i / SIDE % SIDE, at = 9 + 7 * (i / PIXELS);
        masks[i] = x >= at && x < at + 3 && y >= at && y < at + 2;
        images[i] = (float)(0.3 * rng_uniform(&r)) + 0.6f * masks[i];
        scores[i] = (float)rng_uniform(&r);
    }
    return 0;
}

static detector *unrolled(const char *stages) {
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.name", "rpcanet_plus", "model.stages", stages,
                                               "model.bottleneck_channels", "2", "model.total_channels", "4",
                                               "model.se_reduction", "2", NULL},
                              &d));
    return d;
}

static detector *method(const char *name) {
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.name", name, NULL}, &d));
    return d;
}

static detector_training training_on(const char *loss) {
    return (detector_training){
        .batch_size = IMAGES, .width = SIDE, .height = SIDE, .phase = 1, .eta = 0.1, .loss = loss};
}

static detector_batch both_images(void) {
    return (detector_batch){.images = images, .masks = masks, .count = IMAGES};
}

static detector_loss step(detector *d, const detector_training *training) {
    detector_loss loss;
    detector_batch batch = both_images();
    assert_ok(detector_begin_training(d, training));
    assert_ok(detector_train_step(d, &batch, &loss));
    return loss;
}

static double part(const detector_loss *loss, const char *name) {
    for (int i = 0; i < loss->part_count; i++)
        if (!strcmp(loss->parts[i].name, name))
            return loss->parts[i].value;
    fail_msg("there is no part %s", name);
    return NAN;
}

static void expect_near(double value, double expected) {
    if (!(fabs(value - expected) <= 4e-6 * fabs(expected)))
        fail_msg("%.9g, expected %.9g", value, expected);
}

static void test_the_published_loss_is_the_default(void **state) {
    (void)state;
    detector *d = unrolled("2");
    detector_training training = training_on(NULL);
    detector_loss unnamed = step(d, &training);
    training.loss = "published";
    detector_loss named = step(d, &training);
    assert_true(unnamed.total == named.total);
    assert_int_equal(named.part_count, 2);
    expect_near(named.total, part(&named, "soft_iou") + 0.1 * part(&named, "fidelity"));
    training.loss = "soft_iou + 0.1 mse"; /* the same, spelled out */
    detector_loss spelled = step(d, &training);
    expect_near(spelled.total, named.total);
    expect_near(part(&spelled, "soft_iou_image"), part(&named, "soft_iou"));
    expect_near(part(&spelled, "mse"), part(&named, "fidelity"));
    detector_free(d);
}

/* The stages of a short network are the first ones of a long one: parameters start by their names. */
static void test_deep_supervision_of_stages(void **state) {
    (void)state;
    static const char *const stages[] = {"1", "2", "3"};
    double dice[3], bce[3], deep = 0;
    detector_training training = training_on("dice2:batch + 0.5 bce + 0.01 mse");
    training.deep_supervision = 0.25;
    for (int k = 0; k < 3; k++) {
        detector *d = unrolled(stages[k]);
        detector_loss loss = step(d, &training);
        assert_int_equal(loss.part_count, 4);
        dice[k] = part(&loss, "dice2_batch");
        bce[k] = part(&loss, "bce_image");
        double own = dice[k] + 0.5 * bce[k] + 0.01 * part(&loss, "mse");
        if (k == 0)
            assert_true(isnan(part(&loss, "deep")));
        else
            expect_near(part(&loss, "deep"), deep);
        expect_near(loss.total, own + 0.25 * deep);
        deep += dice[k] + 0.5 * bce[k];
        detector_free(d);
    }
}

/* MSHNet's own loss is that of its heads against masks of their sizes, too. */
static void test_deep_supervision_of_heads(void **state) {
    (void)state;
    detector *d = method("mshnet");
    detector_training training = training_on(NULL);
    detector_loss own = step(d, &training);
    training.loss = "sls";
    training.deep_supervision = 1;
    detector_loss terms = step(d, &training);
    expect_near(part(&terms, "sls_image"), part(&own, "sls_final"));
    expect_near(part(&terms, "deep"),
                part(&own, "sls_m0") + part(&own, "sls_m1") + part(&own, "sls_m2") + part(&own, "sls_m3"));
    expect_near(terms.total, 5 * own.total);
    training.phase = 0; /* m0 is all there is */
    terms = step(d, &training);
    assert_true(isnan(part(&terms, "deep")) && terms.total == part(&terms, "sls_image"));
    detector_free(d);
}

static void test_what_a_network_cannot_have(void **state) {
    (void)state;
    detector *d = method("mshnet");
    detector_training training = training_on("bce + 0.1 mse");
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "mshnet", "reconstructs no image");
    training.loss = "dice3";
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "loss: \"dice3\"", "unknown");
    detector_loss loss;
    detector_batch batch = both_images();
    assert_fails(detector_train_step(d, &batch, &loss), STATUS_USAGE, "laid out for 1 to 0", "2 images");
    training.loss = NULL;
    training.deep_supervision = 0.5;
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "deep supervision", "published");
    training.loss = "bce";
    training.deep_supervision = NAN;
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "deep supervision", "nan");
    detector_free(d);
    d = unrolled("2");
    training.loss = "mse";
    training.deep_supervision = 0.5;
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "deep supervision", "mask");
    detector_free(d);
    d = method("agpcnet");
    training = training_on("bce");
    training.width = training.height = 80;
    training.deep_supervision = 0.5;
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "agpcnet", "neither stages nor several heads");
    detector_free(d);
}

/* Copies of all gradients, one behind the other. */
static double *gradients(detector *d, size_t *count) {
    const parameter_set *set = detector_parameters(d);
    *count = (size_t)parameter_count_trained(set);
    double *copy = malloc(*count * sizeof *copy), *next = copy;
    assert_non_null(copy);
    for (int i = 0; i < set->count; i++)
        for (size_t k = 0; set->items[i]->grad && k < set->items[i]->count; k++)
            *next++ = set->items[i]->grad[k];
    return copy;
}

static double *gradients_of_step(detector *d, const detector_batch *batch, size_t *count) {
    detector_loss loss;
    assert_ok(detector_train_step(d, batch, &loss));
    return gradients(d, count);
}

/* a weight_a + b weight_b, up to rounding of the largest. */
static void expect_sum(const double *sum, const double *a, double weight_a, const double *b, double weight_b,
                       size_t count) {
    double off = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double expected = weight_a * a[i] + weight_b * b[i];
        off = deviation_worse(off, fabs(sum[i] - expected));
        largest = fmax(largest, fabs(expected));
    }
    assert_true(largest > 0 && off <= 1e-5 * largest);
}

/* A teacher that says what the mask says doubles the gradient of the cross-entropy. */
static void test_teacher(void **state) {
    (void)state;
    detector *d = unrolled("2");
    detector_training training = training_on("bce");
    detector_loss loss = step(d, &training), plain;
    size_t count;
    double alone = loss.total, *one = gradients(d, &count);
    detector_batch batch = both_images();
    batch.masks = scores;
    assert_ok(detector_train_step(d, &batch, &loss));
    double of_scores = loss.total;
    batch.masks = masks;
    batch.teacher = scores;
    assert_fails(detector_train_step(d, &batch, &loss), STATUS_USAGE, "teacher", "without");

    training.teacher = true;
    assert_ok(detector_begin_training(d, &training));
    batch.teacher_weight = 0.5;
    assert_ok(detector_train_step(d, &batch, &loss));
    assert_int_equal(loss.part_count, 2);
    expect_near(part(&loss, "teacher"), of_scores);
    expect_near(loss.total, alone + 0.5 * of_scores);
    batch.teacher_weight = 0.125;
    assert_ok(detector_train_step(d, &batch, &loss));
    expect_near(loss.total, alone + 0.125 * of_scores);
    batch.teacher = masks;
    batch.teacher_weight = 1;
    double *two = gradients_of_step(d, &batch, &count);
    expect_sum(two, one, 2, one, 0, count);
    batch.teacher = NULL;
    assert_ok(detector_train_step(d, &batch, &plain));
    assert_true(isnan(part(&plain, "teacher")) && plain.total == alone);
    batch.teacher_weight = -1;
    assert_fails(detector_train_step(d, &batch, &loss), STATUS_USAGE, "-1", "teacher");
    free(one);
    free(two);
    detector_free(d);
}

static void test_gradients_are_weighted_and_added(void **state) {
    (void)state;
    detector *d = unrolled("2");
    detector_training training = training_on(NULL);
    assert_ok(detector_begin_training(d, &training));
    const float *seen = parameter_find(detector_parameters(d), "decos.0.lowrank.convs.1.num_batches_tracked")->value;
    detector_batch first = {.images = images, .masks = masks, .count = 1}, second = first;
    second.images += PIXELS;
    second.masks += PIXELS;
    size_t count;
    double *a = gradients_of_step(d, &first, &count), *b = gradients_of_step(d, &second, &count);
    first.weight = 0.25;
    second.weight = 0.75;
    double *quarter = gradients_of_step(d, &first, &count);
    expect_sum(quarter, a, 0.25, b, 0, count);
    second.add = true;
    double *both = gradients_of_step(d, &second, &count);
    expect_sum(both, a, 0.25, b, 0.75, count);
    assert_true(*seen == 4); /* statistics move with every batch */
    detector_loss weighted, unweighted;
    assert_ok(detector_train_step(d, &first, &weighted));
    first.weight = 0;
    assert_ok(detector_train_step(d, &first, &unweighted));
    assert_true(weighted.total == unweighted.total);
    first.weight = NAN;
    assert_fails(detector_train_step(d, &first, &weighted), STATUS_USAGE, "weight", "nan");
    free(a);
    free(b);
    free(quarter);
    free(both);
    detector_free(d);
}

static void test_names_of_parts(void **state) {
    (void)state;
    static const char *const expected[] = {"soft_iou", "fidelity",  "dice2_batch", "mse",
                                           "teacher",  "bce_image", "deep"};
    detector *d = unrolled("2");
    detector_training trainings[] = {
        {.loss = NULL}, {.loss = "dice2:batch + mse", .teacher = true}, {.loss = "mse + bce", .deep_supervision = 0.1}};
    detector_part_names names;
    assert_ok(detector_loss_parts(d, trainings, 3, &names));
    assert_int_equal(names.count, 7);
    for (int i = 0; i < names.count; i++)
        assert_string_equal(names.names[i], expected[i]);
    trainings[2].loss = "mse + bse";
    assert_fails(detector_loss_parts(d, trainings, 3, &names), STATUS_USAGE, "bse", "unknown");
    detector_training many[] = {{.loss = "iou + bce + dice2 + focal + sls + soft_iou + mse"},
                                {.loss = "iou:batch + bce:batch + dice2:batch + focal:batch + sls:batch"},
                                {.loss = "soft_iou:batch + mse", .deep_supervision = 1},
                                {.loss = NULL, .teacher = true}};
    assert_fails(detector_loss_parts(d, many, 4, &names), STATUS_USAGE, "more than 16", "parts");
    detector_free(d);
    d = method("mpcm");
    assert_fails(detector_loss_parts(d, trainings, 1, &names), STATUS_USAGE, "mpcm", "no parameters");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_published_loss_is_the_default),
        cmocka_unit_test(test_deep_supervision_of_stages),
        cmocka_unit_test(test_deep_supervision_of_heads),
        cmocka_unit_test(test_what_a_network_cannot_have),
        cmocka_unit_test(test_teacher),
        cmocka_unit_test(test_gradients_are_weighted_and_added),
        cmocka_unit_test(test_names_of_parts),
    };
    return cmocka_run_group_tests(tests, fill_samples, NULL);
}
